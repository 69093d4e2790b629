// `sweep` as a user meets it: stable keys, exit codes, resume after --limit and after kill -9.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "sim/studies/results_store.hpp"
#include "tests/cli/small_ecosystem.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Said {
  int code = -1;
  std::string out, err;
};

/// A folder of its own with an ecosystem and sweeps, removed at the end.
class Desk {
 public:
  Desk() {
    std::string name = (fs::temp_directory_path() / "faultline-sweep-XXXXXX").string();
    path_ = mkdtemp(name.data());
    write("eco.yaml", small_ecosystem);
    write("days.yaml", days(300));
  }
  ~Desk() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  static std::string days(int draws) {
    return "faultline: 1\nname: days\nscenario: none\nsweep:\n  draws: " + std::to_string(draws) +
           R"(
  sampler: sobol
  seed: 7
  vary:
    eth: {price: ETH, over: 10min, student_t: {mean: -10%, sd: 12%, dof: 4}}
    latency: {set: oracles.*.latency, lognormal: {median: 24s, p99: 5min}}
  rank_correlation: [[eth, latency, -0.4]]
  limits:
    - {bad_debt: all, below: $1bn, in: 90%}
)";
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(path_ / name).rdbuf();
    return text.str();
  }
  Said faultline(const std::string& arguments) const {
    const std::string command = "cd " + path_.string() + " && " + FAULTLINE_BINARY + " " +
                                arguments + " >out.txt 2>err.txt";
    Said said;
    said.code = WEXITSTATUS(std::system(command.c_str()));
    said.out = read("out.txt");
    said.err = read("err.txt");
    return said;
  }
  json sweep(const std::string& arguments) const {
    const Said said = faultline("sweep eco.yaml " + arguments + " --format json");
    INFO(said.err);
    REQUIRE(said.code == 0);
    return json::parse(said.out);
  }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("sweep prints stable keys as JSON", "[cli]") {
  const Desk desk;
  const json j = desk.sweep("days.yaml");
  CHECK(j["schema"] == 1);
  CHECK(j["scenarios"] == 300);
  CHECK(j["failed"] == 0);
  CHECK(j["engine_runs"] == 601);  // 300 full, 300 direct, one baseline for all
  CHECK(j["fingerprint"].get<std::string>().size() == 12);
  for (const char* of : {"summary", "gross", "baseline"}) {
    for (const char* metric : {"bad_debt_usd", "liquidated_usd", "unserved_usd"}) {
      const json& m = j[of][metric];
      INFO(of << " " << metric);
      for (const char* key : {"value", "lo", "hi"}) {
        CHECK(m["mean"].contains(key));
        CHECK(m["es99"].contains(key));
        CHECK(m["quantiles"]["p95"].contains(key));
      }
      CHECK(m["mean"]["lo"] <= m["mean"]["value"]);
    }
  }
  CHECK(j["summary"].contains("amplification"));
  CHECK(j["nodes"]["pool"]["p_insolvent"]["1%"]["lo"] >= 0);
  CHECK(j["nodes"]["pool"]["bad_debt_usd"]["mean"] == j["summary"]["bad_debt_usd"]["mean"]);
  REQUIRE(j["limits"].size() == 1);
  CHECK(j["limits"][0]["verdict"] == "kept");
  REQUIRE(j["ranking"].size() == 2);
  CHECK(j["ranking"][0]["input"] == "eth");
  CHECK(j["ranking"][0]["rho"] < 0);  // the further ETH falls the more is lost
  CHECK(j["output"].is_null());
}

TEST_CASE("a sweep stopped early or killed goes on to the same content", "[cli]") {
  const Desk desk;
  const std::string whole = desk.sweep("days.yaml -o whole.sqlite")["fingerprint"];
  json part = desk.sweep("days.yaml -o part.sqlite --limit 70 --threads 2");
  CHECK(part["scenarios"] == 70);
  CHECK(part["fingerprint"] != whole);
  part = desk.sweep("days.yaml -o part.sqlite --limit 5");
  CHECK(part["scenarios"] == 75);
  part = desk.sweep("days.yaml -o part.sqlite --threads 1");
  CHECK(part["scenarios"] == 300);
  CHECK(part["fingerprint"] == whole);
  CHECK(part["engine_runs"] == 603);  // a baseline for each of the three calls

  // kill -9 once the first batch is on disk, well before the end.
  desk.write("long.yaml", Desk::days(6000));
  const std::string file = desk.file("killed.sqlite");
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execl(FAULTLINE_BINARY, "faultline", "sweep", desk.file("eco.yaml").c_str(),
          desk.file("long.yaml").c_str(), "-o", file.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  std::size_t held = 0;
  for (int wait = 0; wait < 2000 && held == 0; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::string error;
    const auto reader = faultline::ResultsReader::open(file, error);
    if (reader) held = reader->ids().size();
  }
  REQUIRE(kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  std::string error;
  const auto reader = faultline::ResultsReader::open(file, error);
  REQUIRE(reader);
  held = reader->ids().size();
  CHECK(held > 0);
  CHECK(held < 6000);
  const json resumed = desk.sweep("long.yaml -o killed.sqlite");
  CHECK(resumed["scenarios"] == 6000);
  CHECK(resumed["fingerprint"] == desk.sweep("long.yaml --threads 1")["fingerprint"]);
}

TEST_CASE("changed inputs are refused by name, --fresh replaces, other files are left alone",
          "[cli]") {
  const Desk desk;
  desk.sweep("days.yaml -o r.sqlite --limit 3");
  desk.write("other.yaml", Desk::days(301));
  Said said = desk.faultline("sweep eco.yaml other.yaml -o r.sqlite");
  CHECK(said.code == 2);
  CHECK(said.err ==
        "error: cannot resume 'r.sqlite': draws differs: the results have 300, now 301; sweep "
        "changed\n  choose another file, or replace this one with --fresh\n");
  CHECK(desk.sweep("other.yaml -o r.sqlite --fresh")["scenarios"] == 301);
  const std::string eco = desk.read("eco.yaml");
  said = desk.faultline("sweep eco.yaml other.yaml -o eco.yaml --fresh");
  CHECK(said.code == 2);
  CHECK(desk.read("eco.yaml") == eco);
}

TEST_CASE("sweep writes CSV tables and a readable summary", "[cli]") {
  const Desk desk;
  const Said said = desk.faultline("sweep eco.yaml days.yaml -o r.sqlite --csv tables");
  CHECK(said.code == 0);
  CHECK(said.err == "");  // no progress bar where stderr is no terminal
  for (const char* words :
       {"300 of 300 ====", "0 failed   fingerprint ", "bad debt ", "liquidated ", "unserved ",
        "ES99", "P(insolvent, 1%)", "what moves bad debt: eth ", "limits: kept ",
        "bad debt of all below $1bn in 90%: 100.0%", "601 engine runs"}) {
    INFO(words);
    CHECK(said.out.find(words) != std::string::npos);
  }
  CHECK(desk.read("tables/inputs.csv").starts_with("id,eth,latency\r\n0,"));
  const std::string scenarios = desk.read("tables/scenarios.csv");
  CHECK(std::count(scenarios.begin(), scenarios.end(), '\n') == 301);
}

TEST_CASE("a failed scenario is exit 1, bad input exit 2", "[cli]") {
  const Desk desk;
  desk.write("list.yaml", R"(faultline: 1
scenario: none
sweep:
  sampler: list
  vary:
    eth: {price: ETH, values: [-10%, $1e308]}
)");
  Said said = desk.faultline("sweep eco.yaml list.yaml");
  CHECK(said.code == 1);
  CHECK(said.out.find("#1 failed: not ") != std::string::npos);
  desk.write("bad.yaml", "faultline: 1\nsweep: {draw: 3, vary: {eth: {price: ETH}}}\n");
  said = desk.faultline("sweep eco.yaml bad.yaml");
  CHECK(said.code == 2);
  CHECK(said.err == R"(bad.yaml:2:1: error E0204: 'sweep' does not say its 'draws'
    2 | sweep: {draw: 3, vary: {eth: {price: ETH}}}
      | ^^^^^ add `draws: 1000`
bad.yaml:2:9: error E0203: unknown key 'draw' in 'sweep'
    2 | sweep: {draw: 3, vary: {eth: {price: ETH}}}
      |         ^^^^ did you mean 'draws'?
bad.yaml:2:30: error E0641: 'eth' does not say how it is drawn
    2 | sweep: {draw: 3, vary: {eth: {price: ETH}}}
      |                              ^ write one of normal, student_t, lognormal, uniform, values
)");
}
