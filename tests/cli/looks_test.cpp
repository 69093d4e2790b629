// `inspect`, `quote`, `render` and `schema` as a user meets them: whole texts where the file fixes
// every figure, figures worked out by hand, exit codes, and the schema number of every JSON.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace {

using nlohmann::json;

struct Said {
  int code = -1;
  std::string out, err;
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder with the small world in it, removed at the end.
class Desk {
 public:
  explicit Desk(const std::string& yaml) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("faultline-looks-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "small.yaml") << yaml;
  }
  ~Desk() { std::filesystem::remove_all(path_); }

  /// Runs the binary in the folder.
  Said say(const std::string& arguments) const {
    const std::string command =
        "cd '" + path_.string() + "' && " + FAULTLINE_BINARY + " " + arguments + " >out 2>err";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), contents(path_ / "out"), contents(path_ / "err")};
  }
  json say_json(const std::string& arguments) const {
    const Said said = say(arguments + " --format json");
    INFO(said.err);
    REQUIRE(said.code == 0);
    json out = json::parse(said.out);
    CHECK(out.at("schema") == 1);
    return out;
  }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

const std::string small = R"(faultline: 1
name: small
clock: {round: 12s, horizon: 20min}
assets:
  ETH: $2000
  USDC: $1
  stETH: {rate: 1.1 ETH}
  COIN: $5
venues:
  amm: {kind: constant_product, pair: ETH/USDC, liquidity: $50m, fee: 0.3%}
  book:
    kind: order_book
    depth: $10m within 1%
    exponent: 0.4
    fee: 5bps
    half_spread: 0%
    each: {stETH/ETH: {pair: stETH/ETH}, COIN/USDC: {pair: COIN/USDC}}
oracles:
  COIN: {min: $4.9, out_of_bounds: clamp}
  written: {each: {USDC: {fixed: $1}}}
markets:
  pool:
    kind: pooled_lending
    reserves:
      ETH: {supplied: 10k ETH, lt: 80%, ltv: 75%, bonus: 5%, supply_cap: 20k ETH}
      stETH: {lt: 80%, ltv: 75%, bonus: 5%}
      COIN: {lt: 50%, ltv: 50%, bonus: 5%}
      USDC: {supplied: 50k USDC, oracle: written.USDC}
    borrowers:
      - {name: alice, posts: [10 ETH], owes: [12000 USDC]}
      - {name: bob, posts: [10 stETH], owes: [16000 USDC]}
      - {name: carol, posts: [1000 COIN], owes: [2400 USDC]}
      - {name: dave, posts: [2 ETH], owes: [1 ETH]}
scenarios:
  crash: [{at: 1min, price: {ETH: -30%}}]
)";

}  // namespace

TEST_CASE("inspect positions: census, histogram and the largest debtors", "[cli]") {
  const Desk desk(small);
  const Said said = desk.say("inspect small.yaml positions --top 3");
  CHECK(said.code == 0);
  CHECK(said.err.empty());
  CHECK(said.out ==
        R"(small: 4 accounts in 1 market owe $32.4k against $51k of collateral
  in breach 0 owing $0; toxic 0 owing $0; 0 without debt

  health        accounts   debt
  below 1              0     $0
  1 to 1.02            0     $0
  1.02 to 1.05         1  $2400  ######
  1.05 to 1.1          0     $0
  1.1 to 1.25          1   $16k  ########################################
  1.25 to 1.5          1   $12k  ##############################
  1.5 to 2             1  $2000  #####
  2 to 3               0     $0
  3 and more           0     $0

  account  market  health    LTV  collateral   debt  to breach  toxic  legs
  bob      pool     1.100  72.7%        $22k   $16k      -9.1%         10 stETH / 16k USDC
  alice    pool     1.333  60.0%        $20k   $12k     -25.0%         10 ETH / 12k USDC
  carol    pool     1.042  48.0%       $5000  $2400      -4.0%         1k COIN / 2.4k USDC

  valued at the prices markets believe; to breach: all it posted falling together, debt in the same coins too;
  toxic: LTV above 1/(1 + bonus) of its main collateral, so that every liquidation worsens it
  the 3 largest by debt of 4: --top
)");
  const json all = desk.say_json("inspect small.yaml positions");
  CHECK(all.at("accounts") == 4);
  REQUIRE(all.at("positions").size() == 4);
  const json& dave = all.at("positions").at(3);  // owes what he posted: no price can reach him
  CHECK(dave.at("account") == "dave");
  CHECK(dave.at("distance") == 1);
  CHECK(dave.at("health").get<double>() == Approx(1.6));
  CHECK(all.at("positions").at(1).at("legs").at(0) ==
        json{{"side", "collateral"}, {"asset", "ETH"}, {"units", 10.0}, {"usd", 20000.0}});
}

TEST_CASE("inspect positions marks who is in breach and whom no liquidation heals", "[cli]") {
  // bob at 21,500 of 22,000: above 1/1.05; alice at 16,500 of 20,000: in breach, not toxic.
  std::string worse = small;
  worse.replace(worse.find("16000 USDC"), 10, "21500 USDC");
  worse.replace(worse.find("12000 USDC"), 10, "16500 USDC");
  const Desk desk(worse);
  const json all = desk.say_json("inspect small.yaml positions");
  CHECK(all.at("in_breach") == json{{"accounts", 2}, {"debt_usd", 38000.0}});
  CHECK(all.at("toxic") == json{{"accounts", 1}, {"debt_usd", 21500.0}});
  const Said said = desk.say("inspect small.yaml positions");
  CHECK(said.out.find("breach  toxic  10 stETH / 21.5k USDC") != std::string::npos);
}

TEST_CASE("inspect venues, oracles and markets show the opening", "[cli]") {
  const Desk desk(small);
  CHECK(desk.say("inspect small.yaml oracles").out ==
        R"(small: 4 oracles at their opening

  oracle        asset   price  source      deviation  heartbeat  latency  to move 10%  read by
  COIN          COIN       $5  reference       0.50%         1h      24s            -  pool                below $4.9 clamped
  written.USDC  USDC       $1  fixed $1         live       live     live            -  pool                blind to every price
  ETH           ETH    $2,000  reference       0.50%         1h      24s            -  pool, stETH (feed)
  stETH         stETH  $2,200  rate x ETH       live       live     live            -  pool                blind to discounts

  live: read from code at the moment of use, never published
  to move 10%: what raising or lowering the answer by a tenth loses to arbitrage and fees, the cheaper of the two,
  held as long as is cheapest; "-": trades cannot move it
)");
  const json venues = desk.say_json("inspect small.yaml venues").at("venues");
  const json& amm = venues.at("amm");
  CHECK(amm.at("held_usd").get<double>() == Approx(50e6));
  // The price falls by 1% where (b + 0.997 x)(b + x) = b^2 / 0.99, at $2,000 for each x.
  const double b = 12500, g = 0.997;
  const double x =
      (std::sqrt(b * b * (1 + g) * (1 + g) + 4 * g * b * b * (1 / 0.99 - 1)) - b * (1 + g)) /
      (2 * g);
  CHECK(amm.at("sell_depth_usd").at("1%").get<double>() == Approx(2000 * x));
  CHECK(venues.at("book.stETH/ETH").at("sell_depth_usd").at("1%").get<double>() ==
        Approx(10e6 / 0.9995));  // the fee does not walk the book
  CHECK(venues.at("outside.ETH").at("held_usd").is_null());
  const json pool = desk.say_json("inspect small.yaml markets").at("markets").at("pool");
  CHECK(pool.at("accounts") == 4);
  const json& usdc = pool.at("reserves").at("USDC");
  CHECK(usdc.at("borrowed") == 30400);
  CHECK(usdc.at("cash") == 50000 - 30400);
  CHECK(usdc.at("utilisation").get<double>() == Approx(30400.0 / 50000));
  CHECK(pool.at("reserves").at("ETH").at("supply_cap") == 20000);
  CHECK(usdc.at("supply_cap").is_null());
}

TEST_CASE("inspect drops equals the four accounts worked out by hand", "[cli]") {
  const Desk desk(small);
  const json map = desk.say_json("inspect small.yaml drops");
  CHECK(map.at("falling") == json{"COIN", "ETH"});  // stETH follows, USDC is a dollar
  std::map<int, json> rows;
  for (const json& row : map.at("rows")) {
    rows[static_cast<int>(std::lround(-100 * row.at("change").get<double>()))] = row.at("total");
  }
  REQUIRE(rows.size() == 13);
  CHECK(rows.at(0).at("accounts") == 0);
  // carol breaks at $4.80, but her feed stops at $4.90: she never does.
  CHECK(rows.at(5).at("accounts") == 0);
  CHECK(rows.at(10).at("liquidatable_usd") == 16000);                 // bob, below 1.1
  CHECK(rows.at(25).at("accounts") == 1);                             // alice exactly at 1
  CHECK(rows.at(30).at("liquidatable_usd") == 28000);                 // and alice
  CHECK(rows.at(30).at("bad_debt_frozen_usd").get<double>() == 600);  // 16,000 - 10 x 1.1 x 1,400
  // 12,000 - 10,000 of alice and 16,000 - 11,000 of bob; carol holds 2,500 against 2,400.
  CHECK(rows.at(50).at("bad_debt_frozen_usd").get<double>() == 7000);
  CHECK(rows.at(50).at("debt_usd").get<double>() == 30400 + 1000);  // dave's ether is worth less

  // A discount of the claim: its market value falls, its feed reads the contract.
  const json claim = desk.say_json("inspect small.yaml drops --drop stETH=-30%");
  CHECK(claim.at("rows").at(1).at("total").at("accounts") == 0);
  CHECK(claim.at("rows").at(1).at("total").at("bad_debt_frozen_usd").get<double>() == 600);
  const json level = desk.say_json("inspect small.yaml drops --drop ETH='$1400'");
  CHECK(level.at("rows").at(1).at("total").at("liquidatable_usd") == 28000);
}

TEST_CASE("inspect says what it cannot do", "[cli]") {
  const Desk desk(small);
  const auto refused = [&](const std::string& arguments) {
    const Said said = desk.say("inspect small.yaml " + arguments);
    CHECK(said.code == 2);
    CHECK(said.out.empty());
    return said.err;
  };
  CHECK(refused("positions --market pol") == "error: no market 'pol': did you mean 'pool'?\n");
  CHECK(refused("venues --market pool") ==
        "error: --market goes with positions, markets and drops\n");
  CHECK(refused("venues --drop ETH=-5%") == "error: --drop goes with drops\n");
  CHECK(refused("drops --drop ETH") ==
        "error: a drop is written ETH=-10% or ETH=$1500, not 'ETH'\n");
  CHECK(refused("drops --drop EHT=-5%") == "error: no asset 'EHT': did you mean 'ETH'?\n");
  CHECK(refused("drops --drop ETH=-100%") == "error: 'ETH=-100%' leaves ETH no price above zero\n");
}

TEST_CASE("quote: a sale and a purchase on a constant product", "[cli]") {
  const Desk desk(small);
  // 12,500 ETH and 25m USDC: out = 25e6 x 9.97 / (12,500 + 9.97)
  CHECK(desk.say("quote small.yaml --venue amm --sell '10 ETH'").out ==
        R"(amm, ETH/USDC: give 10 ETH
  out       19,924.1 USDC   $19.9k
  average   1,992.41 USDC per ETH, 0.379% worse than the mid of 2,000
  fee       0.300% of what is given: 0.03 ETH   $60
  impact    0.079% beyond the fee; the price goes to 1,996.81 (-0.160%)
  lps       take 10 ETH, give 19,924.1 USDC; $75.9 in their favour at the price before
)");
  const json sold =
      desk.say_json("quote small.yaml --venue amm --sell '10 ETH'").at("quotes").at(0);
  CHECK(sold.at("out").get<double>() == Approx(25e6 * 9.97 / 12509.97).epsilon(1e-6));
  CHECK(sold.at("unfilled") == 0);
  const json bought = desk.say_json("quote small.yaml --venue amm --buy '1000 USDC'");
  CHECK(bought.at("quotes").at(0).at("out").get<double>() ==
        Approx(12500 * 997 / (25e6 + 997)).epsilon(1e-6));
  // Selling the quote asset is buying the base.
  CHECK(desk.say_json("quote small.yaml --venue amm --sell '1000 USDC'") == bought);
}

TEST_CASE("quote: families, what does not fill, and what was meant", "[cli]") {
  const Desk desk(small);
  const json family = desk.say_json("quote small.yaml --venue book --sell '10 stETH'");
  REQUIRE(family.at("quotes").size() == 1);  // the one member that trades it
  CHECK(family.at("quotes").at(0).at("venue") == "book.stETH/ETH");
  CHECK(desk.say_json("quote small.yaml --venue book --sell '$1m'").at("quotes").size() == 2);

  const Said large = desk.say("quote small.yaml --venue book.stETH/ETH --sell '1m stETH'");
  CHECK(large.code == 0);
  CHECK(
      large.out.find("  warning: only 27,510.1 stETH of 1,000,000 fill, the rest finds nobody\n") !=
      std::string::npos);
  const json cut = desk.say_json("quote small.yaml --venue book.stETH/ETH --sell '1m stETH'");
  CHECK(cut.at("quotes").at(0).at("unfilled").get<double>() > 0);

  const auto refused = [&](const std::string& arguments) {
    const Said said = desk.say("quote small.yaml " + arguments);
    CHECK(said.code == 2);
    return said.err;
  };
  CHECK(refused("--venue am --sell '1 ETH'") == "error: no venue 'am': did you mean 'amm'?\n");
  CHECK(refused("--venue amm --sell '1 EHT'") ==
        "error: 'amm' trades ETH/USDC, not EHT: did you mean 'ETH'?\n");
  CHECK(refused("--venue amm --buy '10 ETH'") ==
        "error: --buy takes what you give, in USDC: for about 10 ETH write --buy '20k USDC'\n");
  CHECK(refused("--venue amm --sell 10") ==
        "error: 10 of what? 'sell' takes an amount with its unit: write '10 ETH' or '$20k'\n");
  CHECK(refused("--venue amm --sell '0 ETH'") == "error: give an amount above zero\n");
  CHECK(refused("--venue amm") ==
        "error: say what you give: --sell '10 ETH', or --buy '1000 USDC' (quote given to buy "
        "base)\n");
}

TEST_CASE("render writes every format and colours only what distress reached", "[cli]") {
  const Desk desk(small);
  for (const auto& [file, head] : std::map<std::string, std::string>{
           {"g.svg", "<?xml"}, {"g.png", "\x89PNG"}, {"g.pdf", "%PDF"}, {"g.dot", "digraph"}}) {
    const Said said = desk.say("render small.yaml -o " + file);
    INFO(file << said.err);
    CHECK(said.code == 0);
    CHECK(said.out.starts_with(file + ": "));
    CHECK(contents(desk / file.c_str()).substr(0, head.size()) == head);
  }
  const json run = desk.say_json("render small.yaml -o g.dot --run").at("run");
  std::map<std::string, json> reached;
  for (const json& n : run.at("reached")) {
    reached[n.at("kind").get<std::string>() + ":" + n.at("name").get<std::string>()] = n;
  }
  CHECK(reached.at("asset:ETH").at("hop") == 0);
  CHECK(reached.at("asset:stETH").at("hop") == 1);
  CHECK(reached.at("asset:stETH").at("state") == "stressed");
  CHECK(reached.at("market:pool").at("state") != "sound");
  CHECK(reached.at("venue:amm").at("state") == "stressed");
  CHECK(reached.at("oracle:ETH").at("state") == "stressed");
  for (const char* untouched : {"asset:COIN", "asset:USDC", "oracle:COIN", "oracle:written.USDC",
                                "venue:book.COIN/USDC", "venue:outside.COIN"}) {
    INFO(untouched);
    CHECK(reached.count(untouched) == 0);
  }
  const std::string text = contents(desk / "g.dot");
  CHECK(text.find("crash: ") != std::string::npos);
  CHECK(text.find("shocked · −30.0%") != std::string::npos);
}

TEST_CASE("a calm run reaches nothing", "[cli]") {
  const Desk desk(small);
  CHECK(desk.say_json("render small.yaml -o g.dot --run --scenario none").at("run").at("reached") ==
        json::array());
}

TEST_CASE("render says what it cannot do", "[cli]") {
  const Desk desk(small);
  const auto refused = [&](const std::string& arguments) {
    const Said said = desk.say("render small.yaml " + arguments);
    CHECK(said.code == 2);
    return said.err;
  };
  CHECK(refused("-o g.jpg") ==
        "error: 'g.jpg' names no picture: end it in .svg, .png, .pdf or .dot\n");
  CHECK(refused("-o g.svg --shock ETH=-5%") ==
        "error: --scenario and --shock colour a run: add --run\n");
  CHECK(refused("-o g.svg --run --scenario crsh") ==
        "error: no scenario 'crsh': did you mean 'crash'?\n");
  CHECK_FALSE(std::filesystem::exists(desk / "g.svg"));
}

TEST_CASE("schema prints presets as stored and suggests near names", "[cli]") {
  const Desk desk(small);
  const std::filesystem::path root(FAULTLINE_ROOT);
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(root / "data/presets")) {
    if (file.path().extension() != ".yaml") continue;
    const std::string name = file.path().stem().string();
    INFO(name);
    names.insert(name);
    CHECK(desk.say("schema --preset " + name).out == contents(file.path()));
  }
  std::set<std::string> listed;
  const json presets = desk.say_json("schema --presets");
  for (const json& p : presets.at("presets")) listed.insert(p.at("preset"));
  CHECK(listed == names);
  const Said wrong = desk.say("schema --preset aave_v33");
  CHECK(wrong.code == 2);
  CHECK(wrong.err == "error: no preset 'aave_v33': did you mean 'aave_v3'?\n");
  bool sourced = true;
  const json preset = desk.say_json("schema --preset aave_v3");
  for (const json& v : preset.at("values")) {
    sourced = sourced && !v.at("source").get<std::string>().empty() &&
              !v.at("as_of").get<std::string>().empty();
  }
  CHECK(sourced);
  CHECK(preset.at("values").size() > 20);
}

TEST_CASE("the reference page in docs is what the binary prints", "[cli]") {
  const Desk desk(small);
  const Said said = desk.say("schema --reference");
  CHECK(said.code == 0);
  // Regenerate: faultline schema --reference > docs/yaml-reference.md
  CHECK(contents(std::filesystem::path(FAULTLINE_ROOT) / "docs/yaml-reference.md") == said.out);
  const json schema = json::parse(desk.say("schema").out);
  CHECK(schema.at("$schema") == "http://json-schema.org/draft-07/schema#");
}
