// Text to values and back. A quantity carries its unit; a missing or doubtful unit is an error that
// offers the possible readings. All decimal shifts (`1.9bn`, `9.8%`) are exact: the value is the
// double nearest to what is written.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/values.hpp"

namespace faultline {

/// Why a text is not the value wanted; the caller adds the place.
struct ValueError {
  std::string code;  // E03xx, or E0205 for a word that is not among the choices
  std::string message;
  std::string remedy;
};

/// An asset the reader may propose as a unit; `usd` is the price of one, 0 if not known.
struct AssetHint {
  std::string name;
  double usd = 0;
};

/// What the field wants, for messages and range checks.
struct Wanted {
  std::string_view field;
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  std::string_view choices = {};       // for words: allowed ones, space separated
  std::span<const AssetHint> hints{};  // likely units of an amount, likeliest first
};

/// Parses `text` into `out`; gives the error, if any, and then leaves `out` as it was.
/// Ratio: `5%` `50bps` `8x`. Seconds: `24s` `77min` `2h17min` `4d` `1y` `500ms`. Amount and Rate:
/// `$1.9bn` `420k rsETH` `1e6 ETH`. PerYear: `9.8%/y`. Depth: `$20m within 1%`. Pair: `ETH/USDC`.
/// Move: `-25%` `+25%` `$25`. Flow: `57600 ETH/d`. long and double: bare, with k, m, bn. bool: on,
/// off, yes, no, true, false. A bare 0 is taken wherever zero means the same in every unit.
std::optional<ValueError> parse_value(std::string_view text, Ratio& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Seconds& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Amount& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, PerYear& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Depth& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Pair& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Name& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Move& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, Flow& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, AnyText& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, std::string& out,
                                      const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, double& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, long& out, const Wanted& wanted);
std::optional<ValueError> parse_value(std::string_view text, bool& out, const Wanted& wanted);

/// What a type of value is called, looks like, and matches: for messages, schema and reference.
struct ValueKind {
  std::string_view what;     // "an amount with its unit"
  std::string_view example;  // "$1.9bn or 420k rsETH"
  std::string_view pattern;  // ECMA regular expression; empty: any text
};
template <class T>
ValueKind value_kind();
template <>
ValueKind value_kind<Ratio>();
template <>
ValueKind value_kind<Seconds>();
template <>
ValueKind value_kind<Amount>();
template <>
ValueKind value_kind<PerYear>();
template <>
ValueKind value_kind<Depth>();
template <>
ValueKind value_kind<Pair>();
template <>
ValueKind value_kind<Name>();
template <>
ValueKind value_kind<Move>();
template <>
ValueKind value_kind<Flow>();
template <>
ValueKind value_kind<AnyText>();
template <>
ValueKind value_kind<std::string>();
template <>
ValueKind value_kind<double>();
template <>
ValueKind value_kind<long>();
template <>
ValueKind value_kind<bool>();

/// A number as people write it: 12000 is "12k", 1.9e9 is "1.9bn", 2310 is "2310"; `digits` keeps so
/// many significant digits, 0 as many as it takes to read the same double back.
std::string format_number(double value, int digits = 0);
/// "$1.9bn", "$288m", "-$40k"; three digits unless asked for more, dollars in full below $10,000.
std::string format_usd(double value, int digits = 3);
/// "5%", "0.4%"; from 2 on in "x".
std::string format_ratio(double value, int digits = 0);
/// As it would be written: "24s", "2h17min", "4d".
std::string format_duration(double seconds);
/// For reading: the two largest units, "3 d 4 h", "1 h 31 min", "24 s".
std::string format_duration_words(double seconds);

/// Values as they would be written, exactly; for lists of assumptions, schema defaults and reruns.
std::string format_value(const Ratio& value);
std::string format_value(const Seconds& value);
std::string format_value(const Amount& value);
std::string format_value(const PerYear& value);
std::string format_value(const Depth& value);
std::string format_value(const Pair& value);
std::string format_value(const Name& value);
std::string format_value(const Move& value);
std::string format_value(const Flow& value);
std::string format_value(const AnyText& value);
std::string format_value(const std::string& value);
std::string format_value(double value);
std::string format_value(long value);
std::string format_value(bool value);

}  // namespace faultline
