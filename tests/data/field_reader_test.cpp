#include "data/field_reader.hpp"

#include <catch2/catch.hpp>

#include "tests/data/findings.hpp"

using namespace faultline;
using faultline::test::Desk;

namespace {

struct Rate2 {
  PerYear base{0.0};
  Ratio kink{0.8};
  template <class V>
  void fields(V& v) {
    v("base", base, Field{.help = "rate of an empty market", .lo = 0, .hi = 10, .source = "Aave"});
    v("kink", kink, Field{.help = "where it bends", .lo = 0.01, .hi = 0.99, .source = "Aave"});
  }
};

struct Reserve {
  std::optional<Amount> supplied, supply_cap;
  Amount borrowed;
  Rate2 rate;
  bool collateral = true;
  template <class V>
  void fields(V& v) {
    v("supplied", supplied, Field{.help = "units supplied", .lo = 0, .required = true});
    v("borrowed", borrowed, Field{.help = "units owed", .lo = 0});
    v("supply_cap", supply_cap, Field{.help = "most", .lo = 0, .source = "no cap"});
    v("rate", rate, Field{.help = "borrow rate"});
    v("collateral", collateral, Field{.help = "counts", .source = "Aave"});
  }
};

struct Health {
  static constexpr std::string_view shorthand = "median";
  double median = 1.5;
  std::optional<double> p1;
  template <class V>
  void fields(V& v) {
    v("median", median, Field{.help = "the median", .lo = 1, .hi = 100});
    v("p1", p1, Field{.help = "the first percentile", .lo = 1});
  }
};

struct Group {
  long count = 1;
  std::map<std::string, Ratio> posts;
  Health health;
  template <class V>
  void fields(V& v) {
    v("count", count, Field{.help = "accounts", .lo = 1, .required = true});
    v("posts", posts, Field{.help = "shares", .refers = Refers::asset});
    v("health", health, Field{.help = "their health"});
  }
};

struct Pool {
  std::map<std::string, Reserve> reserves;
  std::vector<Name> losses;
  std::vector<Group> groups;
  std::string close_base = "reserve";
  Seconds delay{24};
  std::optional<Name> oracle;
  template <class V>
  void fields(V& v) {
    v("reserves", reserves, Field{.help = "assets", .required = true, .refers = Refers::asset});
    v("losses", losses, Field{.help = "who pays", .refers = Refers::vault});
    v("groups", groups, Field{.help = "borrowers"});
    v("close_base", close_base,
      Field{.help = "of what", .source = "Aave", .choices = "reserve total"});
    v("delay", delay, Field{.help = "wait", .lo = 0, .hi = 86400, .source = "two blocks"});
    v("oracle", oracle, Field{.help = "feed", .refers = Refers::oracle});
  }
};

struct Exploit {
  Amount mint;
  template <class V>
  void fields(V& v) {
    v("mint", mint, Field{.help = "made from nothing", .lo = 0});
  }
};

struct Shelf : Desk {
  Pool pool;
  bool read(std::string text) {
    const Node root = parse(std::move(text));
    constexpr std::array<std::string_view, 2> also{"preset", "kind"};
    return read_fields(root, pool, "markets.pool", {"market", "pool", {}}, context, also);
  }
  void know_assets() {
    context.assets = {{"ETH", 2310}, {"USDC", 1}, {"rsETH", 2471.7}};
    context.names[Refers::asset] = {"ETH", "USDC", "rsETH"};
    context.names[Refers::oracle] = {"chainlink", "pyth"};
    context.names[Refers::vault] = {"hlp", "insurance"};
  }
};

}  // namespace

TEST_CASE("a map is read into its struct, with places and assumptions") {
  Shelf shelf;
  shelf.know_assets();
  CHECK(
      shelf.read("preset: aave\n"
                 "reserves:\n"
                 "  ETH: {supplied: 3m ETH, borrowed: 2.655m ETH, rate: {kink: 90%}}\n"
                 "losses: hlp\n"
                 "groups: [{count: 12k, posts: USDC, health: 1.2},\n"
                 "         {count: 5, posts: {USDC: 65%, rsETH: 35%}, health: {p1: 1.01}}]\n"
                 "oracle: pyth\n"));
  CHECK(shelf.findings().empty());
  const Reserve& eth = shelf.pool.reserves.at("ETH");
  CHECK(eth.supplied->value == 3e6);
  CHECK(eth.rate.kink.value == 0.9);
  CHECK(shelf.pool.losses.at(0).text == "hlp");
  CHECK(shelf.pool.groups.at(0).count == 12000);
  CHECK(shelf.pool.groups.at(0).posts.at("USDC").value == 1);
  CHECK(shelf.pool.groups.at(0).health.median == 1.2);
  CHECK(shelf.pool.groups.at(1).posts.at("rsETH").value == 0.35);
  const Place place = shelf.context.places.at("markets.pool.reserves.ETH.supplied");
  CHECK(place.value.line == 3);
  CHECK(place.value.column == 19);
  CHECK(shelf.context.at("markets.pool.reserves.ETH.supply_cap").column == 8);
  std::string assumed;
  for (const Assumption& a : shelf.context.assumptions)
    assumed += a.path + " = " + a.text + " (" + a.source + ")\n";
  CHECK(assumed ==
        "markets.pool.reserves.ETH.supply_cap = none (no cap)\n"
        "markets.pool.reserves.ETH.rate.base = 0%/y (Aave)\n"
        "markets.pool.reserves.ETH.collateral = on (Aave)\n"
        "markets.pool.groups.2.health.median = 1.5 ()\n"
        "markets.pool.close_base = reserve (Aave)\n"
        "markets.pool.delay = 24s (two blocks)\n");
}

TEST_CASE("the two mistakes of the example session read as printed there") {
  Shelf shelf;
  shelf.know_assets();
  CHECK_FALSE(shelf.read("reserves:\n      rsETH: {suplied: 1.2m rsETH}\n"));
  CHECK(shelf.findings() ==
        "t.yaml:2:15: error E0203: unknown key 'suplied' in reserve 'rsETH' of 'pool'\n"
        "    2 |       rsETH: {suplied: 1.2m rsETH}\n"
        "      |               ^^^^^^^ did you mean 'supplied'?\n");
  Exploit exploit;
  Desk desk;
  desk.context.assets = {{"ETH", 2310}, {"rsETH", 2310 * 1.07}};
  const Node root = desk.parse("{mint: 116500}\n");
  read_fields(root, exploit, "scenarios.rseth_from_nothing.1.exploit", {{}, "exploit", {}},
              desk.context);
  CHECK(desk.findings() ==
        "t.yaml:1:8: error E0310: 116500 of what? 'mint' takes an amount with its unit\n"
        "    1 | {mint: 116500}\n"
        "      |        ^^^^^^ write '116500 rsETH' or '$288m'\n");
}

TEST_CASE("all mistakes of a map are reported in one go") {
  Shelf shelf;
  shelf.know_assets();
  CHECK_FALSE(
      shelf.read("reserves:\n"
                 "  ETH: {supplied: 120m, borrowed: -3 ETH, rate: {kink: 0.8}}\n"
                 "  ETHH: {supplied: $5}\n"
                 "  USDC: {borrowed: 5 USCD}\n"
                 "losses: [hlp, insurence]\n"
                 "groups: {posts: 5}\n"
                 "close_base: totl\n"
                 "delay: 10m\n"
                 "oracle: chianlink\n"
                 "colour: blue\n"));
  CHECK(shelf.findings() ==
        R"(t.yaml:2:19: error E0310: 120m of what? 'supplied' takes an amount with its unit
    2 |   ETH: {supplied: 120m, borrowed: -3 ETH, rate: {kink: 0.8}}
      |                   ^^^^ write '$120m' or '120m ETH' (2,310 times apart)
t.yaml:2:35: error E0314: 'borrowed' of -3 ETH is too small
    2 |   ETH: {supplied: 120m, borrowed: -3 ETH, rate: {kink: 0.8}}
      |                                   ^^^^^^ write a value of at least 0 ETH
t.yaml:2:56: error E0310: 0.8 what? 'kink' takes a share with its unit
    2 |   ETH: {supplied: 120m, borrowed: -3 ETH, rate: {kink: 0.8}}
      |                                                        ^^^ write '80%'
t.yaml:3:3: error E0330: no asset 'ETHH'
    3 |   ETHH: {supplied: $5}
      |   ^^^^ did you mean 'ETH'? Or declare it under 'assets'
t.yaml:4:9: error E0204: reserve 'USDC' of 'pool' does not say its 'supplied'
    4 |   USDC: {borrowed: 5 USCD}
      |         ^ add 'supplied: ...'
t.yaml:4:22: error E0330: no asset 'USCD'
    4 |   USDC: {borrowed: 5 USCD}
      |                      ^^^^ did you mean 'USDC'? Or declare it under 'assets'
t.yaml:5:15: error E0330: no vault 'insurence'
    5 | losses: [hlp, insurence]
      |               ^^^^^^^^^ did you mean 'insurance'? Or declare it under 'vaults'
t.yaml:6:9: error E0204: 'groups' of 'pool' does not say its 'count'
    6 | groups: {posts: 5}
      |         ^ add 'count: ...'
t.yaml:6:17: error E0330: no asset '5'
    6 | groups: {posts: 5}
      |                 ^ declare it under 'assets'
t.yaml:7:13: error E0205: 'close_base' cannot be 'totl'
    7 | close_base: totl
      |             ^^^^ did you mean 'total'? (reserve, total)
t.yaml:8:8: error E0311: '10m' is not a length of time: 'm' is million, minutes are 'min'
    8 | delay: 10m
      |        ^^^ write '10min'
t.yaml:9:9: error E0330: no oracle 'chianlink'
    9 | oracle: chianlink
      |         ^^^^^^^^^ did you mean 'chainlink'? Or declare it under 'oracles'
t.yaml:10:1: error E0203: unknown key 'colour' in market 'pool'
   10 | colour: blue
      | ^^^^^^ known here: reserves, losses, groups, close_base, delay, oracle
)");
}

TEST_CASE("a value of the wrong shape") {
  Shelf shelf;
  CHECK_FALSE(shelf.read("reserves: 5\ngroups: [3]\ndelay: [1s, 2s]\noracle:\n"));
  CHECK(shelf.findings() ==
        R"(t.yaml:1:11: error E0201: 'reserves' of 'pool' takes a map, not a single value
    1 | reserves: 5
      |           ^ write 'reserves: {NAME: ...}'
t.yaml:2:10: error E0201: group '1' of 'pool' takes a map of its fields, not a single value
    2 | groups: [3]
      |          ^ write '1: {...}'
t.yaml:3:8: error E0201: 'delay' takes a length of time with its unit, not a list
    3 | delay: [1s, 2s]
      |        ^ write for example '24s', '77min', '2h17min' or '4d'
t.yaml:4:1: error E0202: 'oracle' has no value
    4 | oracle:
      | ^^^^^^ write for example 'pool' or 'curve.stETH/ETH', or leave the key out
)");
}

TEST_CASE("off means not given") {
  Shelf shelf;
  CHECK(
      shelf.read("reserves: {ETH: {supplied: $5, supply_cap: off, collateral: off}, USDC: off}\n"
                 "delay: off\noracle: off\n"));
  CHECK(shelf.findings().empty());
  CHECK(shelf.pool.reserves.size() == 1);
  CHECK_FALSE(shelf.pool.reserves.at("ETH").supply_cap);
  CHECK_FALSE(shelf.pool.reserves.at("ETH").collateral);
  CHECK(shelf.pool.delay.value == 24);
  Shelf missing;
  CHECK_FALSE(missing.read("reserves: {ETH: {supplied: off}}\n"));
}

TEST_CASE("missing and unknown keys that fit are one mistake") {
  Desk desk;
  Group group;
  const Node root = desk.parse("{cuont: 5}\n");
  CHECK_FALSE(read_fields(root, group, "g", {"group", "longs", {}}, desk.context));
  CHECK(desk.findings() ==
        "t.yaml:1:2: error E0203: unknown key 'cuont' in group 'longs'\n"
        "    1 | {cuont: 5}\n"
        "      |  ^^^^^ did you mean 'count'?\n");
}
