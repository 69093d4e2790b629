#include "data/overlay.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;
using faultline::test::show;

namespace {

const char* const base_text =
    "clock: {round: 1min}\n"
    "assets: {ETH: $2310}\n"
    "venues:\n"
    "  spot: {fee: 5bps}\n"
    "  curve:\n"
    "    fee: 4bps\n"
    "    each: {stETH/ETH: {liquidity: $85m}, rsETH/ETH: {fee: 1bps}}\n"
    "oracles: {ETH: {latency: 24s}, USDC: {latency: 24s}}\n"
    "markets: {pool: {reserves: {ETH: {cap: 5 ETH}, USDC: {cap: $5}}, losses: [a, b]}}\n"
    "vaults: {core: {allocates: {morpho.wstETH: $112m, idle: $8m}}}\n"
    "defences: {breaker: {pauses: pool}}\n";

struct Merged : Desk {
  Node base;
  std::string over(std::string overlay, std::string_view section) {
    base = load_tree_text("base.yaml", base_text, default_sections(), reading);
    const Node top = parse_yaml_text("over.yaml", std::move(overlay), reading);
    merge_overlay(base, top, default_sections(), reading);
    const Node* found = base.find(section);
    return found == nullptr ? "gone" : show(*found);
  }
};

std::string merged(std::string overlay, std::string_view section) {
  Merged m;
  const std::string out = m.over(std::move(overlay), section);
  CHECK(m.findings() == "");
  return out;
}

std::string findings_of(std::string overlay) {
  Merged m;
  m.over(std::move(overlay), "markets");
  return m.findings();
}

/// A folder that is gone when the test is.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "faultline-test-XXXXXX").string();
    path = std::filesystem::path(mkdtemp(name.data()));
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
};

}  // namespace

TEST_CASE("each makes one node per entry, which wins over its siblings' keys") {
  CHECK(merged("{}\n", "venues") ==
        "{spot: {fee: 5bps}, curve.stETH/ETH: {fee: 4bps, liquidity: $85m}, curve.rsETH/ETH: {fee: "
        "1bps}}");
  Desk desk;
  const Node root = load_tree_text("t.yaml", "markets:\n  m: {lends: USDC, each: [a, b]}\n",
                                   default_sections(), desk.reading);
  CHECK(show(root) == "{markets: {m.a: {lends: USDC}, m.b: {lends: USDC}}}");
  CHECK(root.find("markets")->entries[1].member == "b");
  Desk bad;
  load_tree_text("t.yaml",
                 "markets:\n  m: {each: {}}\n  n: {each: 5}\n  p.a: {}\n  p: {each: [a]}\n",
                 default_sections(), bad.reading);
  CHECK(bad.findings() ==
        "t.yaml:2:13: error E0208: 'each' of 'm' takes names\n"
        "    2 |   m: {each: {}}\n"
        "      |             ^ write 'each: {NAME: {...}}'\n"
        "t.yaml:3:13: error E0208: 'each' of 'n' takes names\n"
        "    3 |   n: {each: 5}\n"
        "      |             ^ write 'each: {NAME: {...}}'\n"
        "t.yaml:5:14: error E0102: 'p.a' is given twice\n"
        "    5 |   p: {each: [a]}\n"
        "      |              ^ keep one of them\n");
}

TEST_CASE("maps merge, values and lists replace, later wins") {
  CHECK(merged("markets: {pool: {reserves: {ETH: {cap: 7 ETH}}, losses: [c]}}\n", "markets") ==
        "{pool: {reserves: {ETH: {cap: 7 ETH}, USDC: {cap: $5}}, losses: [c]}}");
  CHECK(merged("clock: {horizon: 4d}\n", "clock") == "{round: 1min, horizon: 4d}");
  CHECK(merged("clock: 5\n", "clock") == "5");
  CHECK(merged("markets: {second: {reserves: {}}}\n", "markets").find("second") !=
        std::string::npos);
}

TEST_CASE("dotted keys are short for nesting") {
  CHECK(merged("markets.pool.reserves.ETH.cap: 7 ETH\n", "markets") ==
        "{pool: {reserves: {ETH: {cap: 7 ETH}, USDC: {cap: $5}}, losses: [a, b]}}");
  CHECK(merged("markets.pool.adl.rank: pro_rata\n", "markets").find("adl: {rank: pro_rata}") !=
        std::string::npos);
  CHECK(merged("clock.horizon: 4d\n", "clock") == "{round: 1min, horizon: 4d}");
  CHECK(merged("venues: {curve.stETH/ETH: {fee: 9bps}}\n", "venues")
            .find("curve.stETH/ETH: {fee: 9bps, liquidity: $85m}") != std::string::npos);
  CHECK(merged("vaults.core.allocates.morpho.wstETH: $1\n", "vaults") ==
        "{core: {allocates: {morpho.wstETH: $1, idle: $8m}}}");
  CHECK(merged("vaults: {core: {allocates: {morpho.rsETH: $1}}}\n", "vaults") ==
        "{core: {allocates: {morpho.wstETH: $112m, idle: $8m, morpho.rsETH: $1}}}");
}

TEST_CASE("a star is any name, a family's name all its members") {
  CHECK(merged("oracles.*.latency: 5min\n", "oracles") ==
        "{ETH: {latency: 5min}, USDC: {latency: 5min}}");
  CHECK(merged("markets: {pool: {reserves: {'*': {cap: $1}}}}\n", "markets") ==
        "{pool: {reserves: {ETH: {cap: $1}, USDC: {cap: $1}}, losses: [a, b]}}");
  CHECK(merged("venues.*.fee: 0bps\n", "venues") ==
        "{spot: {fee: 0bps}, curve.stETH/ETH: {fee: 0bps, liquidity: $85m}, curve.rsETH/ETH: {fee: "
        "0bps}}");
  CHECK(merged("venues.curve.*.fee: 0bps\n", "venues").find("spot: {fee: 5bps}") !=
        std::string::npos);
  CHECK(merged("venues.curve.fee: 0bps\n", "venues") ==
        "{spot: {fee: 5bps}, curve.stETH/ETH: {fee: 0bps, liquidity: $85m}, curve.rsETH/ETH: {fee: "
        "0bps}}");
}

TEST_CASE("off removes nodes, and is kept on fields to overrule presets") {
  CHECK(merged("defences.breaker: off\n", "defences") == "{}");
  CHECK(merged("markets.pool.losses: off\n", "markets").find("losses: off") != std::string::npos);
  CHECK(merged("venues: {curve: off}\n", "venues") == "{spot: {fee: 5bps}}");
}

TEST_CASE("a value met where a map is needed is kept for the shorthand field") {
  CHECK(merged("assets.ETH.issuer: lido\n", "assets") == "{ETH: {: $2310, issuer: lido}}");
}

TEST_CASE("a path that matches nothing is an error") {
  CHECK(findings_of("markets.pol.fee: 5%\n") ==
        "over.yaml:1:1: error E0206: the path 'markets.pol.fee' matches nothing\n"
        "    1 | markets.pol.fee: 5%\n"
        "      | ^^^^^^^^^^^^^^^ did you mean 'pool' for 'pol'?\n");
  CHECK(findings_of("agents.liquidators.capital: $5m\n") ==
        "over.yaml:1:1: error E0206: the path 'agents.liquidators.capital' matches nothing\n"
        "    1 | agents.liquidators.capital: $5m\n"
        "      | ^^^^^^^^^^^^^^^^^^^^^^^^^^ nothing is called 'agents'\n");
  CHECK(findings_of("oracles.*.x.*.y: 5\n") ==
        "over.yaml:1:1: error E0206: the path 'oracles.*.x.*.y' matches nothing\n"
        "    1 | oracles.*.x.*.y: 5\n"
        "      | ^^^^^^^^^^^^^^^ '*' stands for one whole name that exists\n");
  CHECK(findings_of("defences: {braker: off}\n") ==
        "over.yaml:1:12: error E0206: there is no 'braker' to turn off\n"
        "    1 | defences: {braker: off}\n"
        "      |            ^^^^^^ remove this line\n");
  CHECK(findings_of("[1, 2]\n").find("an overlay is a map") != std::string::npos);
}

TEST_CASE("--set is an overlay of one line") {
  Merged m;
  m.over("{}\n", "markets");
  const Node set = set_option("oracles.*.latency=5 min", m.reading);
  merge_overlay(m.base, set, default_sections(), m.reading);
  CHECK(show(*m.base.find("oracles")) == "{ETH: {latency: 5 min}, USDC: {latency: 5 min}}");
  CHECK(m.base.find("oracles")->find("ETH")->find("latency")->span.column == 19);
  set_option("nothing", m.reading);
  set_option("a.b={x", m.reading);
  CHECK(m.findings() ==
        "--set:1:1: error E0113: '--set' takes a path and a value\n"
        "    1 | nothing\n"
        "      | ^^^^^^^ write --set markets.pool.fee=5%\n"
        "--set:1:5: error E0101: not readable as YAML: a '{' is not closed\n"
        "    1 | a.b={x\n"
        "      |     ^ close it with '}'\n");
}

TEST_CASE("includes lie beneath the file, relative to it") {
  Folder folder;
  folder.write("top.yaml", "include: [parts/a.yaml, b.yaml]\nmarkets.pool.fee: 9%\n");
  folder.write("parts/a.yaml", "include: ../b.yaml\nmarkets: {pool: {fee: 1%, x: 1}}\n");
  folder.write("b.yaml", "markets: {pool: {fee: 2%, y: 2}}\n");
  Desk desk;
  const Node root =
      load_tree((folder.path / "top.yaml").string(), "top.yaml", default_sections(), desk.reading);
  CHECK(desk.findings().empty());
  CHECK(show(root) == "{markets: {pool: {fee: 9%, y: 2, x: 1}}}");
}

TEST_CASE("includes may not go round in circles nor leave the folder") {
  Folder folder;
  folder.write("in/top.yaml", "include: a.yaml\n");
  folder.write("in/a.yaml", "include: b.yaml\n");
  folder.write("in/b.yaml", "include: [a.yaml, ../out.yaml, /etc/passwd, none.yaml]\n");
  folder.write("out.yaml", "a: 1\n");
  Desk desk;
  load_tree((folder.path / "in/top.yaml").string(), "in/top.yaml", default_sections(),
            desk.reading);
  CHECK(desk.findings() ==
        "in/b.yaml:1:11: error E0111: files include each other: in/a.yaml -> in/b.yaml -> "
        "in/a.yaml\n"
        "    1 | include: [a.yaml, ../out.yaml, /etc/passwd, none.yaml]\n"
        "      |           ^^^^^^ break the circle\n"
        "in/b.yaml:1:19: error E0112: an include may not leave the directory of the first file\n"
        "    1 | include: [a.yaml, ../out.yaml, /etc/passwd, none.yaml]\n"
        "      |                   ^^^^^^^^^^^ copy the file beside it, and name it from there\n"
        "in/b.yaml:1:32: error E0112: an include may not leave the directory of the first file\n"
        "    1 | include: [a.yaml, ../out.yaml, /etc/passwd, none.yaml]\n"
        "      |                                ^^^^^^^^^^^ copy the file beside it, and name it "
        "from "
        "there\n"
        "in/b.yaml:1:45: error E0110: 'in/none.yaml' does not exist\n"
        "    1 | include: [a.yaml, ../out.yaml, /etc/passwd, none.yaml]\n"
        "      |                                             ^^^^^^^^^ check the path\n");
}

TEST_CASE("expansion is bounded") {
  Desk desk;
  std::string text = "markets:\n  m:\n    shared: [";
  for (int i = 0; i < 3000; ++i) text += "1, ";
  text += "1]\n    each:\n";
  for (int i = 0; i < 3000; ++i) text += "      n" + std::to_string(i) + ": {}\n";
  load_tree_text("t.yaml", text, default_sections(), desk.reading);
  CHECK(desk.findings().find("more than 2000000 values in all") != std::string::npos);
}
