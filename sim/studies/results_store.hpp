// Results of a sweep in one SQLite file: a prefix of scenarios in id order, whatever interrupts it.
// Rollback journal with full sync: one file (plus a journal while a batch is written), readable by
// any SQLite while the sweep runs, and after kill -9 the next opening falls back to the last batch.
//
//   meta      key, value                             what was asked: equal on resume, part of
//   content scenarios id, status, stop, one column a metric  one row per scenario inputs    id, one
//   column an input                what was drawn nodes     id, node, one column a node metric one
//   row per scenario and node run_info  key, value                             wall time and the
//   like: not part of the content
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

/// Names of the generic columns, in their order. Unique without regard to case within a table, not
/// empty, and not `id`, `status`, `stop` or `node`.
struct ResultsLayout {
  std::vector<std::string> metrics;
  std::vector<std::string> inputs;
  std::vector<std::string> node_metrics;
};

/// What identifies a sweep: resolved YAML, versions, seed, sampler, and "file NAME" -> hash for
/// each file read. Keys are the words resume uses: "file two_vaults.yaml changed", "seed differs:
/// …". Keys that begin with "store." are the store's own.
using ResultsMeta = std::map<std::string, std::string>;

/// One node's end of run; values in the order of node_metrics.
struct NodeResult {
  std::string node;
  std::vector<double> values;
};

/// One finished scenario. NaN is stored as NULL, -0 as 0.
struct ScenarioResult {
  std::uint64_t id = 0;
  std::string status;  // "ok" or "failed"
  std::string stop;    // the stop reason
  std::vector<double> metrics;
  std::vector<double> inputs;
  std::vector<NodeResult> nodes;  // node names unique
};

/// How often a batch is committed: after so many scenarios or so much time, whichever is first.
struct ResultsBatching {
  std::uint64_t scenarios = 256;
  double seconds = 0.5;
};

/// Appends scenarios in id order. One writer per file: a second is refused. After a failure (disk
/// full, IO) every call is refused, error() says what happened, and what was committed is safe.
class ResultsWriter {
 public:
  /// A new file. Null and a sentence in `error` if it exists with content, cannot be written, or
  /// the layout is improper.
  static std::unique_ptr<ResultsWriter> create(const std::string& path, const ResultsLayout& layout,
                                               const ResultsMeta& meta, std::uint64_t first_id,
                                               ResultsBatching batching, std::string& error);
  /// An interrupted file, to go on at next_id(). Null if anything that decides results differs from
  /// what the file holds; `error` names each difference, separated by "; ".
  static std::unique_ptr<ResultsWriter> open_for_resume(const std::string& path,
                                                        const ResultsLayout& layout,
                                                        const ResultsMeta& meta,
                                                        ResultsBatching batching,
                                                        std::string& error);
  /// Commits what was appended, as far as it can.
  ~ResultsWriter();
  ResultsWriter(const ResultsWriter&) = delete;
  ResultsWriter& operator=(const ResultsWriter&) = delete;

  /// The only id append accepts now.
  std::uint64_t next_id() const;
  /// Ids below it are on disk.
  std::uint64_t committed_id() const;
  /// Adds one scenario: row.id == next_id(), as many values as the layout has names. False:
  /// error().
  bool append(const ScenarioResult& row);
  /// Sets a line of run_info (wall time, host, threads); committed with the batch.
  bool set_run_info(const std::string& key, const std::string& value);
  /// Puts everything on disk now. False: error().
  bool commit();
  const std::string& error() const;

 private:
  struct State;
  explicit ResultsWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads a results file, also while a sweep writes it: each call sees the batches committed by
/// then. A failing call returns empty and leaves a sentence in error().
class ResultsReader {
 public:
  /// Null and a sentence in `error` if the file is not a results file of a known schema.
  static std::unique_ptr<ResultsReader> open(const std::string& path, std::string& error);
  ~ResultsReader();
  ResultsReader(const ResultsReader&) = delete;
  ResultsReader& operator=(const ResultsReader&) = delete;

  const ResultsLayout& layout() const;
  /// Without the store's own keys.
  ResultsMeta meta();
  std::map<std::string, std::string> run_info();

  /// Ids of scenarios with this status (all if empty), rising. The columns below line up with them.
  std::vector<std::uint64_t> ids(const std::string& status = {});
  /// A metric or an input by id; NaN where there is none.
  std::vector<double> metric(const std::string& name, const std::string& status = {});
  std::vector<double> input(const std::string& name, const std::string& status = {});
  std::vector<double> node_metric(const std::string& node, const std::string& name,
                                  const std::string& status = {});
  /// Names of nodes, sorted by bytes.
  std::vector<std::string> nodes();
  /// One scenario with its nodes sorted by name; empty if there is none.
  std::optional<ScenarioResult> scenario(std::uint64_t id);

  /// Twelve hexadecimal digits over every table but run_info, rows in key order: same content, same
  /// value, however often the sweep was interrupted. Empty on failure.
  std::string fingerprint();

  /// Writes a table ("scenarios", "inputs", "nodes", "meta", "run_info") as RFC 4180 CSV with a
  /// header, rows in key order, doubles in the shortest form that reads back equal, NULL as
  /// nothing.
  bool export_csv(const std::string& table, std::ostream& out);

  const std::string& error() const;

 private:
  struct State;
  explicit ResultsReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace faultline
