#include "sim/studies/results_store.hpp"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "core/rng.hpp"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "faultline-results-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

const ResultsLayout layout{{"bad_debt_usd", "liquidated_usd"}, {"eth", "x \"y\",z"}, {"loss_usd"}};
const ResultsMeta meta{{"seed", "7"},
                       {"sampler", "sobol"},
                       {"file two.yaml", "9f3c51e07ab2"},
                       {"resolved", "name: a\nclock: b\n"}};
constexpr ResultsBatching small_batches{.scenarios = 7, .seconds = 3600};

ScenarioResult row(std::uint64_t id) {
  ScenarioResult r;
  r.id = id;
  r.status = id % 50 == 49 ? "failed" : "ok";
  r.stop = id % 50 == 49 ? "not finite, \"quoted\"" : "horizon";
  r.metrics = {uniform({.scenario = id}) * 1e6, id % 10 == 0 ? std::nan("") : -0.0};
  r.inputs = {standard_normal({.scenario = id}), 0.1};
  r.nodes = {{"vault.core", {uniform({.scenario = id, .entity = 1})}},
             {"pool", {uniform({.scenario = id, .entity = 2})}}};
  return r;
}

void append_to(ResultsWriter& writer, std::uint64_t end) {
  while (writer.next_id() < end) REQUIRE(writer.append(row(writer.next_id())));
}

std::string fingerprint_of(const std::string& path) {
  std::string error;
  const auto reader = ResultsReader::open(path, error);
  REQUIRE(error == "");
  return reader->fingerprint();
}

// What a sweep of n scenarios gives when nothing interrupts it.
std::string whole_sweep(const Folder& folder, std::uint64_t n) {
  std::string error;
  const std::string path = folder.file("whole.sqlite");
  {
    const auto writer = ResultsWriter::create(path, layout, meta, 0, {}, error);
    REQUIRE(writer);
    append_to(*writer, n);
    CHECK(writer->set_run_info("wall_s", "12.5"));
    REQUIRE(writer->commit());
  }
  return fingerprint_of(path);
}

// Runs `work` in a child process and waits for it, or kills it after so many microseconds.
template <class Work>
int in_child(const Work& work, int kill_after_us = -1) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  if (kill_after_us >= 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(kill_after_us));
    kill(child, SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("what is written is read back", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  std::string error;
  auto writer = ResultsWriter::create(path, layout, meta, 1, small_batches, error);
  REQUIRE(writer);
  CHECK(writer->next_id() == 1);
  append_to(*writer, 101);
  CHECK(writer->committed_id() == 99);  // 14 batches of 7
  const auto reader = ResultsReader::open(path, error);
  REQUIRE(reader);
  CHECK(reader->ids().size() == 98);  // readable while it is written
  writer->set_run_info("threads", "2");
  REQUIRE(writer->commit());
  CHECK(reader->ids().size() == 100);
  CHECK(reader->ids("failed") == std::vector<std::uint64_t>{49, 99});
  CHECK(reader->meta() == meta);
  CHECK(reader->run_info().at("threads") == "2");
  CHECK(reader->layout().inputs == layout.inputs);
  CHECK(reader->nodes() == std::vector<std::string>{"pool", "vault.core"});
  CHECK(reader->metric("bad_debt_usd")[4] == row(5).metrics[0]);
  CHECK(std::isnan(reader->metric("liquidated_usd")[9]));
  CHECK_FALSE(std::signbit(reader->metric("liquidated_usd")[4]));
  CHECK(reader->input("x \"y\",z", "ok").size() == 98);
  CHECK(reader->node_metric("pool", "loss_usd", "failed")[0] == row(49).nodes[1].values[0]);
  CHECK(reader->metric("no such").empty());
  const auto five = reader->scenario(5);
  REQUIRE(five);
  CHECK(five->inputs == row(5).inputs);
  CHECK(five->nodes[0].node == "pool");
  CHECK(five->stop == "horizon");
  CHECK_FALSE(reader->scenario(1000));
  CHECK(reader->error() == "");
}

TEST_CASE("an interrupted sweep resumed is the same content", "[results][laws]") {
  const Folder folder;
  const std::string whole = whole_sweep(folder, 200);
  CHECK(whole.size() == 12);
  const std::string path = folder.file("r.sqlite");
  std::string error;
  auto writer = ResultsWriter::create(path, layout, meta, 0, small_batches, error);
  REQUIRE(writer);
  append_to(*writer, 55);
  writer.reset();  // closed without finishing
  CHECK(fingerprint_of(path) != whole);
  writer = ResultsWriter::open_for_resume(path, layout, meta, {.scenarios = 3}, error);
  REQUIRE(writer);
  CHECK(writer->next_id() == 55);
  append_to(*writer, 200);
  CHECK(writer->set_run_info("wall_s", "99"));  // not content
  REQUIRE(writer->commit());
  writer.reset();
  CHECK(fingerprint_of(path) == whole);
}

TEST_CASE("kill -9 leaves a prefix, and resuming gives the same content", "[results][laws]") {
  const Folder folder;
  const std::uint64_t n = 400;
  const std::string whole = whole_sweep(folder, n);
  for (int trial = 0; trial < 8; ++trial) {
    const std::string path = folder.file("killed" + std::to_string(trial) + ".sqlite");
    int kills = 0;
    for (int delay = 300 + 137 * trial; kills < 40; delay += 1500, ++kills) {
      std::string error;
      const int code = in_child(
          [&] {
            auto writer = ResultsWriter::create(path, layout, meta, 0, small_batches, error);
            if (!writer)
              writer = ResultsWriter::open_for_resume(path, layout, meta, small_batches, error);
            if (!writer) return 3;
            while (writer->next_id() < n)
              if (!writer->append(row(writer->next_id()))) return 4;
            return writer->commit() ? 0 : 5;
          },
          delay);
      REQUIRE((code == -1 || code == 0));
      if (code == 0) break;
      const auto reader = ResultsReader::open(path, error);
      if (!reader) continue;  // killed before the tables were there
      const auto ids = reader->ids();
      REQUIRE(reader->error() == "");
      for (std::size_t i = 0; i < ids.size(); ++i) REQUIRE(ids[i] == i);
      REQUIRE(reader->input("eth").size() == ids.size());
      REQUIRE(reader->node_metric("pool", "loss_usd").size() == ids.size());
    }
    std::string error;
    auto writer = ResultsWriter::open_for_resume(path, layout, meta, small_batches, error);
    if (!writer) writer = ResultsWriter::create(path, layout, meta, 0, small_batches, error);
    REQUIRE(writer);
    append_to(*writer, n);
    writer.reset();
    REQUIRE(fingerprint_of(path) == whole);
  }
}

TEST_CASE("resume names what changed", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  std::string error;
  ResultsWriter::create(path, layout, meta, 0, {}, error);
  const auto refusal = [&](const ResultsMeta& m, const ResultsLayout& l) {
    CHECK(ResultsWriter::open_for_resume(path, l, m, {}, error) == nullptr);
    return error.substr(("cannot resume '" + path + "': ").size());
  };
  ResultsMeta other = meta;
  other["seed"] = "8";
  CHECK(refusal(other, layout) == "seed differs: the results have 7, now 8");
  other["file two.yaml"] = "000000000000";
  other["resolved"] = "name: c\n";
  other.erase("sampler");
  other["file three.yaml"] = "1";
  CHECK(refusal(other, layout) ==
        "file two.yaml changed; resolved changed; sampler is gone; "
        "seed differs: the results have 7, now 8; file three.yaml is new");
  ResultsLayout fewer = layout;
  fewer.metrics.pop_back();
  CHECK(refusal(meta, fewer) == "the list of metrics changed");
  CHECK(ResultsWriter::open_for_resume(path, layout, meta, {}, error) != nullptr);
  CHECK(error == "");
}

TEST_CASE("rows that do not fit are refused, what was appended stays", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  std::string error;
  auto writer = ResultsWriter::create(path, layout, meta, 0, {}, error);
  append_to(*writer, 3);
  CHECK_FALSE(writer->append(row(5)));
  CHECK(writer->error().find("scenario 5 does not fit: expected id 3") != std::string::npos);
  CHECK_FALSE(writer->append(row(3)));  // a failed writer stays failed
  writer.reset();
  CHECK(ResultsReader::open(path, error)->ids().size() == 3);
}

TEST_CASE("improper columns are refused", "[results]") {
  const Folder folder;
  const auto refused = [&](const std::vector<std::string>& metrics) {
    std::string error;
    const auto w =
        ResultsWriter::create(folder.file("x.sqlite"), {metrics, {}, {}}, meta, 0, {}, error);
    return w == nullptr && !error.empty();
  };
  CHECK(refused({"a", "A"}));
  CHECK(refused({"ID"}));
  CHECK(refused({""}));
  CHECK(refused(std::vector<std::string>(2500, "x")));
  CHECK_FALSE(fs::exists(folder.file("x.sqlite")));
  CHECK_FALSE(refused({"a); DROP TABLE meta; --", "select", "\"", "oracles.*.latency"}));
}

TEST_CASE("files that are no results files are left alone", "[results]") {
  const Folder folder;
  const std::string text = folder.file("notes.txt");
  std::ofstream(text) << std::string(5000, 'x');
  std::string error;
  for (const std::string& path :
       {std::string(), text, folder.file("."), folder.file("no/such/folder.sqlite"),
        std::string("/proc/nothing.sqlite"), std::string("/dev/null"), std::string("/dev/full")}) {
    INFO(path);
    error.clear();
    CHECK(ResultsWriter::create(path, layout, meta, 0, {}, error) == nullptr);
    CHECK(error != "");
    error.clear();
    CHECK(ResultsWriter::open_for_resume(path, layout, meta, {}, error) == nullptr);
    CHECK(error != "");
    error.clear();
    CHECK(ResultsReader::open(path, error) == nullptr);
    CHECK(error != "");
  }
  CHECK(fs::file_size(text) == 5000);
  const std::string other = folder.file("other.sqlite");  // somebody else's database
  sqlite3* db = nullptr;
  sqlite3_open(other.c_str(), &db);
  sqlite3_exec(db, "CREATE TABLE meta(key, value)", nullptr, nullptr, nullptr);
  sqlite3_close(db);
  CHECK(ResultsWriter::create(other, layout, meta, 0, {}, error) == nullptr);
  CHECK(ResultsReader::open(other, error) == nullptr);
  CHECK(error == "'" + other + "' is not a results file");
  // Names SQLite would take for something else are plain file names here.
  const fs::path before = fs::current_path();
  fs::current_path(folder.file("."));
  for (const std::string name : {":memory:", "file:r?mode=memory"}) {
    CHECK(ResultsWriter::create(name, layout, meta, 0, {}, error) != nullptr);
    CHECK(fs::exists(folder.file(name)));
  }
  fs::current_path(before);
}

TEST_CASE("an existing results file is never overwritten, and has one writer", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  std::string error;
  const auto writer = ResultsWriter::create(path, layout, meta, 0, {}, error);
  REQUIRE(writer);
  append_to(*writer, 5);
  REQUIRE(writer->commit());
  CHECK(ResultsWriter::open_for_resume(path, layout, meta, {}, error) == nullptr);
  CHECK(error.find("another program is writing it") != std::string::npos);
  append_to(*writer, 9);
  CHECK(writer->commit());
  CHECK(ResultsReader::open(path, error)->ids().size() == 9);
}

TEST_CASE("a full disk is reported, and nothing committed is lost", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  const int code = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{60000, 60000};  // writes past this size fail
    setrlimit(RLIMIT_FSIZE, &limit);
    std::string error;
    const auto writer = ResultsWriter::create(path, layout, meta, 0, small_batches, error);
    if (!writer) return 3;
    while (writer->append(row(writer->next_id())))
      if (writer->next_id() > 100000) return 4;
    if (writer->error().find("are safe, resume goes on there") == std::string::npos) return 5;
    if (writer->append(row(writer->next_id())) || writer->commit()) return 6;
    const auto reader = ResultsReader::open(path, error);
    if (!reader || reader->ids().size() != writer->committed_id()) return 7;
    return writer->committed_id() > 50 ? 0 : 8;
  });
  CHECK(code == 0);
  std::string error;
  auto writer = ResultsWriter::open_for_resume(path, layout, meta, small_batches, error);
  REQUIRE(writer);
  const std::uint64_t n = 2000;
  append_to(*writer, n);
  writer.reset();
  CHECK(fingerprint_of(path) == whole_sweep(folder, n));
}

TEST_CASE("tables are exported as CSV", "[results]") {
  const Folder folder;
  const std::string path = folder.file("r.sqlite");
  std::string error;
  {
    auto writer = ResultsWriter::create(path, layout, meta, 49, {}, error);
    REQUIRE(writer);
    ScenarioResult r = row(49);
    r.metrics = {0.1, std::nan("")};
    r.inputs = {1, -2.5e-7};
    r.nodes = {{"b", {1e22}}, {"a,b", {-std::numeric_limits<double>::infinity()}}};
    REQUIRE(writer->append(r));
  }
  const auto reader = ResultsReader::open(path, error);
  const auto csv = [&](const std::string& table) {
    std::ostringstream out;
    CHECK(reader->export_csv(table, out));
    return out.str();
  };
  CHECK(csv("scenarios") ==
        "id,status,stop,bad_debt_usd,liquidated_usd\r\n"
        "49,failed,\"not finite, \"\"quoted\"\"\",0.1,\r\n");
  CHECK(csv("inputs") == "id,eth,\"x \"\"y\"\",z\"\r\n49,1,-2.5e-07\r\n");
  CHECK(csv("nodes") == "id,node,loss_usd\r\n49,\"a,b\",-inf\r\n49,b,1e+22\r\n");
  CHECK(csv("meta").find("seed,7\r\n") != std::string::npos);
  CHECK(csv("run_info") == "key,value\r\n");
  std::ostringstream out;
  CHECK_FALSE(reader->export_csv("sqlite_master", out));
}

}  // namespace faultline
