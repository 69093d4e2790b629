// The verbs of the command line, one file each. A verb gives its exit code: 0 fine, 1 a run failed,
// 2 bad input.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "data/ecosystem_file.hpp"
#include "sim/scenario.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

enum class Format { text, json };

/// What most verbs take: the file, what is laid over it, and how to print.
struct CommonOptions {
  std::string file;
  Overlays overlays;
  Format format = Format::text;
};

struct RunOptions {
  CommonOptions common;
  std::string scenario;
  std::vector<std::string> shocks;
  bool assumptions = false, timeline = false;
};

struct SweepOptions {
  CommonOptions common;
  std::string sweep_file, output, csv;
  unsigned threads = 0;
  std::uint64_t limit = 0;
  bool fresh = false, quiet = false;
};

struct CompareOptions {
  CommonOptions common;
  std::vector<std::string> designs;
  std::string scenario;
  std::vector<std::string> shocks;
  std::string sweep_file, output, picture;
  unsigned threads = 0;
  std::uint64_t limit = 0;
  bool fresh = false, quiet = false;
};

struct RenderOptions {
  CommonOptions common;
  std::string output, title, scenario;
  std::vector<std::string> shocks;
  bool run = false, all = false;
};

struct InspectOptions {
  CommonOptions common;
  std::string what;
  std::size_t top = 20;
  std::string market;
  std::vector<std::string> drops;
};

struct QuoteOptions {
  CommonOptions common;
  std::string venue, sell, buy;
};

struct SchemaOptions {
  std::string preset;
  Format format = Format::text;
  bool reference = false, presets = false;
};

int check_verb(const std::vector<std::string>& files, const Overlays& overlays, Format format);
int run_verb(const RunOptions& options);
int sweep_verb(const SweepOptions& options);
int compare_verb(const CompareOptions& options);
int render_verb(const RenderOptions& options);
int inspect_verb(const InspectOptions& options);
int quote_verb(const QuoteOptions& options);
int schema_verb(const SchemaOptions& options);

/// A file read and compiled, with the findings on the way; `ok` is false after an error.
struct OpenedWorld {
  Sources sources;
  Diagnostics diagnostics;
  LoadedEcosystem loaded;
  Snapshot world;
  bool ok = false;
};

/// Reads, compiles and reports to stderr (text) or stdout (json). `--shock` texts are added as the
/// scenario "command line".
void open_world(const CommonOptions& options, OpenedWorld& out, bool show_notes);

/// The scenario a verb is asked for: by name, from `--shock ETH=-30%`, or the file's default.
std::optional<Scenario> choose_scenario(OpenedWorld& opened, const std::string& name,
                                        const std::vector<std::string>& shocks,
                                        std::deque<FollowedPath>& paths);

/// Says what went wrong and what helps, to stderr or as JSON; gives `code`.
int refuse(Format format, const std::string& message, const std::string& remedy, int code);

/// Prints findings in order; gives whether there was an error.
bool report_findings(const Diagnostics& diagnostics, const Sources& sources, Format format,
                     bool with_notes);

}  // namespace faultline
