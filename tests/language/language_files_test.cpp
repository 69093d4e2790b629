// The three files of the language are always read in full: what is not built yet is said once, with
// its line, and ends with exit code 2; nothing is skipped in silence. The whole text stands in
// NAME.check.txt beside each file; to renew it, in tests/language:
//   (faultline check NAME.yaml; echo "exit $?") > NAME.check.txt 2>&1
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

/// What a shell command prints, standard error included, and its exit code as a last line.
std::string output_of(const std::string& command) {
  const std::string all =
      "cd '" FAULTLINE_TEST_DIR "/language' && (" + command + "; echo \"exit $?\") 2>&1";
  std::FILE* pipe = popen(all.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 512> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  pclose(pipe);
  return text;
}

std::string check(const std::string& name) {
  return output_of("'" FAULTLINE_BINARY "' check " + name + ".yaml");
}

std::string fixture(const std::string& name) {
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/language/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Diagnostics per line of the file.
std::map<int, int> said_at(const std::string& text) {
  static const std::regex place(R"re(^[a-z_]+\.yaml:(\d+):\d+: (error|warning|note) )re");
  std::map<int, int> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, place)) ++out[std::stoi(match[1])];
  }
  return out;
}

std::set<int> lines(const std::map<int, int>& said) {
  std::set<int> out;
  for (const auto& [line, times] : said) out.insert(line);
  return out;
}

std::set<int> said_twice(const std::map<int, int>& said) {
  std::set<int> out;
  for (const auto& [line, times] : said) {
    if (times > 1) out.insert(line);
  }
  return out;
}

}  // namespace

TEST_CASE("two_vaults.yaml is read in full: every kind not built yet is told with its line") {
  const std::string text = check("two_vaults");
  CHECK(text == fixture("two_vaults.check.txt"));
  CHECK(text.ends_with("exit 2\n"));
  const std::map<int, int> said = said_at(text);
  // wrapper, lrt, issuer; borrowers of a vault; looper
  CHECK(lines(said) == std::set<int>{10, 12, 34, 55});
  CHECK(said_twice(said) == std::set<int>{});
}

TEST_CASE("perp_and_lender.yaml is understood whole") {
  const std::string text = check("perp_and_lender");
  CHECK(text == fixture("perp_and_lender.check.txt"));
  CHECK(text.ends_with("exit 0\n"));
}

TEST_CASE("perp_and_lender runs as it is written", "[cli]") {
  const std::string said = output_of("'" FAULTLINE_BINARY "' run perp_and_lender.yaml");
  CAPTURE(said);
  CHECK(said.find("A perp venue and a lender that lean on one staked token") != std::string::npos);
  CHECK(said.find("  liquidation  ") != std::string::npos);
  CHECK(said.find("  takeover  ") != std::string::npos);
  CHECK(said.find("borrowing is paused in lend: ETH moved 20.0%") != std::string::npos);
  CHECK(said.find("error") == std::string::npos);
  CHECK(said.ends_with("exit 0\n"));
}

TEST_CASE("bad_days.yaml is no ecosystem, and `check` says what it misses") {
  const std::string text = check("bad_days");
  CHECK(text == fixture("bad_days.check.txt"));
  CHECK(text.ends_with("exit 2\n"));
}

TEST_CASE("bad_days runs on ethereum_2023 with the limits renamed", "[cli]") {
  const std::string said = output_of(
      "d=$(mktemp -d) && sed s/curated.core/compound/ bad_days.yaml > $d/days.yaml && "
      "'" FAULTLINE_BINARY "' sweep '" FAULTLINE_ROOT
      "/data/ecosystems/ethereum_2023.yaml' "
      "$d/days.yaml --set clock.horizon=12h -o $d/days.sqlite --limit 24; rm -r $d");
  CAPTURE(said);
  CHECK(said.find("24 of 5,000") != std::string::npos);
  CHECK(said.find("0 failed") != std::string::npos);
  CHECK(said.find("loss of compound below 1% in 99%") != std::string::npos);
  CHECK(said.find("bad debt of all below $25m in 95%") != std::string::npos);
  CHECK(said.find("warning") == std::string::npos);
  CHECK(said.find("error") == std::string::npos);
  CHECK(said.ends_with("exit 0\n"));
}

TEST_CASE("`run` refuses what `check` refuses, in the same words") {
  for (const std::string name : {"two_vaults"}) {
    const std::map<int, int> checked = said_at(check(name));
    const std::string text = output_of("'" FAULTLINE_BINARY "' run " + name + ".yaml");
    CHECK(text.ends_with("exit 2\n"));
    CHECK(said_at(text) == checked);
  }
}
