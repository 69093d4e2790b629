#include "data/units.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace faultline;

namespace {

template <class T>
T good(std::string_view text) {
  T out{};
  const auto error = parse_value(text, out, Wanted{.field = "f"});
  INFO(text << ": " << (error ? error->message : ""));
  CHECK_FALSE(error);
  return out;
}

/// "E0310 message | remedy" of a text that must fail.
template <class T>
std::string bad(std::string_view text, Wanted wanted = {.field = "f"}) {
  T out{};
  const auto error = parse_value(text, out, wanted);
  INFO(text);
  REQUIRE(error);
  return error->code + " " + error->message + " | " + error->remedy;
}

}  // namespace

TEST_CASE("values with their units are the doubles nearest to what is written") {
  CHECK(good<Ratio>("5%").value == 0.05);
  CHECK(good<Ratio>("9.8%").value == 0.098);
  CHECK(good<Ratio>("50bps").value == 0.005);
  CHECK(good<Ratio>("8x").value == 8);
  CHECK(good<Ratio>("0").value == 0);
  CHECK(good<Seconds>("24s").value == 24);
  CHECK(good<Seconds>("77min").value == 4620);
  CHECK(good<Seconds>("2h17min").value == 8220);
  CHECK(good<Seconds>("2 h 17 min").value == 8220);
  CHECK(good<Seconds>("4d").value == 345600);
  CHECK(good<Seconds>("1y").value == 31536000);
  CHECK(good<Amount>("$1.9bn").value == 1.9e9);
  CHECK(good<Amount>("$1.9bn").unit == "$");
  CHECK(good<Amount>("420k rsETH").value == 420e3);
  CHECK(good<Amount>("420k rsETH").unit == "rsETH");
  CHECK(good<Amount>("1e6 ETH").value == 1e6);
  CHECK(good<Amount>("3 PT-USDe-25SEP2025").unit == "PT-USDe-25SEP2025");
  CHECK(good<Amount>("1000 1INCH").unit == "1INCH");
  CHECK(good<Amount>("-$5m").value == -5e6);
  CHECK(good<PerYear>("9.8%/y").value == 0.098);
  CHECK(good<PerYear>("1%/d").value == Approx(3.65));
  CHECK(good<Depth>("$20m within 1%").amount.value == 20e6);
  CHECK(good<Depth>("$20m within 1%").within == 0.01);
  CHECK(good<Pair>("stETH/ETH").base == "stETH");
  CHECK(good<Move>("-25%").value == -0.25);
  CHECK(good<Move>("+25%").value == 0.25);
  CHECK(good<Move>("$25").absolute);
  CHECK(good<Flow>("57600 ETH/d").per_second == 57600.0 / 86400);
  CHECK(good<long>("12k") == 12000);
  CHECK(good<long>("9223372036854775807") == 9223372036854775807L);
  CHECK(good<double>("-0.7") == -0.7);
  CHECK(good<double>("1e-3") == 1e-3);
  CHECK(good<bool>("on"));
  CHECK_FALSE(good<bool>("no"));
}

TEST_CASE("what people write and what they read") {
  const AssetHint eth{"ETH", 2310};
  const std::span<const AssetHint> hints(&eth, 1);
  CHECK(bad<Amount>("120m", {.field = "supplied", .hints = hints}) ==
        "E0310 120m of what? 'supplied' takes an amount with its unit | write '$120m' or '120m "
        "ETH' (2,310 times apart)");
  CHECK(bad<Amount>("120m", {.field = "supplied"}) ==
        "E0310 120m of what? 'supplied' takes an amount with its unit | write '$120m', or '120m "
        "ETH' for an asset");
  const AssetHint rseth{"rsETH", 2310 * 1.07};
  CHECK(bad<Amount>("116500", {.field = "mint", .hints = std::span<const AssetHint>(&rseth, 1)}) ==
        "E0310 116500 of what? 'mint' takes an amount with its unit | write '116500 rsETH' or "
        "'$288m'");
  CHECK(bad<Seconds>("10m") ==
        "E0311 '10m' is not a length of time: 'm' is million, minutes are 'min' | write '10min'");
  CHECK(bad<Seconds>("2h17m") ==
        "E0311 '2h17m' is not a length of time: 'm' is million, minutes are 'min' | write "
        "'2h17min'");
  CHECK(bad<Amount>("$2,310") == "E0312 no commas in numbers | write '$2310'");
  CHECK(bad<Amount>("$1,234,567 ") == "E0312 no commas in numbers | write '$1234567'");
  CHECK(bad<Ratio>("2,5%") == "E0312 no commas in numbers | write '2.5%'");
  CHECK(bad<Amount>("1_000 ETH") == "E0312 no underscores in numbers | write '1000 ETH'");
  CHECK(bad<Move>("25", {.field = "ETH"}) ==
        "E0310 25 what? 'ETH' takes a move or a level | '-25%' is a fall, '+25%' a rise, '$25' a "
        "level");
  CHECK(bad<Move>("25%", {.field = "ETH"}) ==
        "E0310 25% up or down? 'ETH' takes a move or a level | '-25%' is a fall, '+25%' a rise");
  CHECK(bad<Move>("-130%", {.field = "ETH"}) ==
        "E0314 'ETH' of -130% is too small | write a value of at least -100%");
}

TEST_CASE("a number without a unit is never guessed at") {
  CHECK(bad<Ratio>("0.05", {.field = "fee"}) ==
        "E0310 0.05 what? 'fee' takes a share with its unit | write '5%'");
  CHECK(bad<Ratio>("86", {.field = "lltv", .lo = 0, .hi = 1}) ==
        "E0310 86 what? 'lltv' takes a share with its unit | write '86%'");
  CHECK(bad<Ratio>("8", {.field = "leverage"}) ==
        "E0310 8 what? 'leverage' takes a share with its unit | write '8%' or '8x'");
  CHECK(bad<Seconds>("24", {.field = "latency"}) ==
        "E0310 24 what? 'latency' takes a length of time with its unit | write '24s', '24min' or "
        "'24h'");
  CHECK(bad<PerYear>("9.8%") == "E0310 9.8% per what? 'f' takes a yearly rate | write '9.8%/y'");
  CHECK(bad<Flow>("57600 ETH") ==
        "E0310 57600 ETH per what? 'f' takes a flow | write '57600 ETH/d' or '57600 ETH/h'");
  CHECK(bad<Depth>("$20m") == "E0310 $20m within what? 'f' takes a depth | write '$20m within 1%'");
}

TEST_CASE("values outside their range show it in their own unit") {
  CHECK(bad<Ratio>("15%", {.field = "fee", .lo = 0, .hi = 0.1}) ==
        "E0314 'fee' of 15% is too large | write a value between 0% and 10%");
  CHECK(bad<Ratio>("1500bps", {.field = "fee", .lo = 0, .hi = 0.1}) ==
        "E0314 'fee' of 1500bps is too large | write a value between 0bps and 1000bps");
  CHECK(bad<Seconds>("2d", {.field = "round", .lo = 0, .hi = 86400}) ==
        "E0314 'round' of 2d is too large | write a value between 0s and 1d");
  CHECK(bad<Amount>("-5 ETH", {.field = "supplied", .lo = 0}) ==
        "E0314 'supplied' of -5 ETH is too small | write a value of at least 0 ETH");
  CHECK(bad<long>("0", {.field = "count", .lo = 1}) ==
        "E0314 'count' of 0 is too small | write a value of at least 1");
}

TEST_CASE("what is not a number of the kind wanted") {
  CHECK(bad<double>(".inf") == "E0316 '.inf' is not a finite number | write a number");
  CHECK(bad<double>("-.INF") == "E0316 '-.INF' is not a finite number | write a number");
  CHECK(bad<Ratio>("nan") == "E0316 'nan' is not a finite number | write a number");
  CHECK(bad<double>("1e999") == "E0316 '1e999' is beyond what numbers can hold | ");
  CHECK(bad<long>("010") == "E0318 a number does not begin with 0 | write '10'");
  CHECK(bad<long>("0x1F") ==
        "E0315 'f' takes a whole number, not '0x1F' | write for example 400 or 12k");
  CHECK(bad<long>("2.5") ==
        "E0315 'f' takes a whole number, not '2.5' | write for example 400 or 12k");
  CHECK(bad<double>("5%") == "E0313 'f' takes a bare number, without a unit | write '0.05'");
  CHECK(bad<Amount>("420rsETH") ==
        "E0313 a space parts a number from its asset | write '420 rsETH'");
  CHECK(bad<Amount>("$5 ETH") == "E0313 '$5 ETH' has two units | write '$5' or '5 ETH'");
  CHECK(bad<Amount>("5 USD") == "E0313 dollars are written with '$' in front | write '$5'");
  CHECK(bad<Pair>("ETH") ==
        "E0315 'f' takes a pair of assets, not 'ETH' | write for example 'ETH/USDC'");
  CHECK(bad<Pair>("ETH/ETH") ==
        "E0314 a pair has two assets, 'ETH/ETH' has one | write for example 'ETH/USDC'");
  CHECK(bad<bool>("maybe") == "E0315 'f' takes on or off, not 'maybe' | write 'on' or 'off'");
  CHECK(bad<std::string>("totl", {.field = "base", .choices = "reserve total"}) ==
        "E0205 'base' cannot be 'totl' | did you mean 'total'? (reserve, total)");
}

TEST_CASE("values are written as people write them") {
  CHECK(format_usd(1.9e9) == "$1.9bn");
  CHECK(format_usd(287.95e6) == "$288m");
  CHECK(format_usd(999.96e6) == "$1bn");
  CHECK(format_usd(2310) == "$2310");
  CHECK(format_usd(-40e3) == "-$40k");
  CHECK(format_usd(0.9996, 4) == "$0.9996");
  CHECK(format_usd(13.274e9, 4) == "$13.27bn");
  CHECK(format_usd(0) == "$0");
  CHECK(format_ratio(0.05) == "5%");
  CHECK(format_ratio(0.098) == "9.8%");
  CHECK(format_ratio(8) == "8x");
  CHECK(format_duration(8220) == "2h17min");
  CHECK(format_duration(345600) == "4d");
  CHECK(format_duration(0.5) == "500ms");
  CHECK(format_duration_words(5460) == "1 h 31 min");
  CHECK(format_duration_words(3600) == "1 h 00 min");
  CHECK(format_duration_words(273600) == "3 d 4 h");
  CHECK(format_duration_words(24) == "24 s");
  CHECK(format_number(12000) == "12k");
  CHECK(format_number(2310) == "2310");
  CHECK(format_value(Depth{{20e6, "$"}, 0.01}) == "$20m within 1%");
  CHECK(format_value(Move{-0.25, false}) == "-25%");
  CHECK(format_value(Flow{57600.0 / 86400, "ETH"}) == "57.6k ETH/d");
}

TEST_CASE("what is written reads back as the same double") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(-12, 14), mantissa(1, 10);
  for (int i = 0; i < 20000; ++i) {
    const double x = mantissa(random) * std::pow(10, exponent(random));
    CHECK(good<Amount>(format_value(Amount{x, "ETH"})).value == x);
    CHECK(good<Ratio>(format_value(Ratio{x})).value == x);
    CHECK(good<PerYear>(format_value(PerYear{x})).value == x);
    CHECK(good<double>(format_number(x)) == x);
  }
}
