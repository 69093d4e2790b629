#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "data/units.hpp"

namespace faultline {

namespace {

/// A finite number as decimal digits: value = 0.d1d2d3... x 10^(exponent + 1).
struct Digits {
  bool negative = false;
  std::string digits;  // no trailing zeros, "0" for zero
  int exponent = 0;    // of the first digit
};

Digits digits_of(double value, int digits) {
  std::array<char, 64> buffer{};
  const auto [end, status] =
      digits > 0 ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                 std::chars_format::scientific, std::min(digits, 17) - 1)
                 : std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                 std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  Digits out;
  out.negative = std::signbit(value) && value != 0;
  for (const char c : text.substr(0, e))
    if (c != '.') out.digits += c;
  out.exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  while (out.digits.size() > 1 && out.digits.back() == '0') out.digits.pop_back();
  return out;
}

/// The digits with the point moved `shift` places to the left.
std::string place_point(const Digits& number, int shift) {
  const int e = number.exponent - shift;
  const int size = static_cast<int>(number.digits.size());
  if (number.digits == "0") return "0";
  std::string out;
  if (e < -9 || e > 20) {
    out = number.digits.substr(0, 1) + (size > 1 ? "." + number.digits.substr(1) : "") + "e" +
          std::to_string(e);
  } else if (e < 0) {
    out = "0." + std::string(static_cast<std::size_t>(-e - 1), '0') + number.digits;
  } else if (size <= e + 1) {
    out = number.digits + std::string(static_cast<std::size_t>(e + 1 - size), '0');
  } else {
    out = number.digits.substr(0, static_cast<std::size_t>(e + 1)) + "." +
          number.digits.substr(static_cast<std::size_t>(e + 1));
  }
  return (number.negative ? "-" : "") + out;
}

/// With k, m or bn if that leaves no more digits than without.
std::string with_suffix(const Digits& number) {
  if (number.digits == "0") return "0";
  const int e = number.exponent;
  if (e >= 21) return place_point(number, 0);
  if (e >= 9) return place_point(number, 9) + "bn";
  if (e >= 6) return place_point(number, 6) + "m";
  const int size = static_cast<int>(number.digits.size());
  if (e >= 4 && size <= 3) return place_point(number, 3) + "k";
  return place_point(number, 0);
}

std::string not_finite(double value) {
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

struct Unit {
  double seconds;
  const char* name;
};
constexpr std::array<Unit, 4> clock_units{{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};

}  // namespace

std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  return with_suffix(digits_of(value, digits));
}

std::string format_usd(double value, int digits) {
  if (!std::isfinite(value)) return "$" + not_finite(value);
  Digits number = digits_of(value, digits);
  std::string text;
  if (number.exponent < 4) {  // below $10,000 whole dollars are never rounded away
    if (number.exponent >= digits) number = digits_of(value, number.exponent + 1);
    text = place_point(number, 0);
  } else if (number.exponent < 6) {
    text = place_point(number, 3) + "k";
  } else {
    text = with_suffix(number);
  }
  return text[0] == '-' ? "-$" + text.substr(1) : "$" + text;
}

std::string format_ratio(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  if (std::fabs(value) >= 2) return place_point(digits_of(value, digits), 0) + "x";
  return place_point(digits_of(value, digits), -2) + "%";
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return not_finite(seconds);
  if (seconds == 0) return "0s";
  double left = std::fabs(seconds);
  if (left < 1) return place_point(digits_of(seconds, 0), -3) + "ms";
  if (left >= 1e15) return place_point(digits_of(seconds, 0), 0) + "s";
  std::string out;
  for (const Unit& unit : clock_units) {
    if (unit.seconds == 1) {
      if (left > 0) out += place_point(digits_of(left, 15), 0) + "s";
      break;
    }
    const double whole = std::floor(left / unit.seconds);
    if (whole < 1) continue;
    out += place_point(digits_of(whole, 0), 0) + unit.name;
    left -= whole * unit.seconds;
  }
  return (seconds < 0 ? "-" : "") + out;
}

std::string format_duration_words(double seconds) {
  if (!std::isfinite(seconds)) return not_finite(seconds);
  double left = std::round(std::fabs(seconds));
  if (left < 60) {
    const double shown = std::fabs(seconds) < 10 ? seconds : std::round(seconds);
    return place_point(digits_of(shown, 3), 0) + " s";
  }
  const std::size_t first = left >= 86400 ? 0 : left >= 3600 ? 1 : 2;
  const Unit& small = clock_units[first + 1];
  left = std::round(left / small.seconds) * small.seconds;
  const Unit& large = clock_units[first];
  const double whole = std::floor(left / large.seconds);
  const long rest = std::lround((left - whole * large.seconds) / small.seconds);
  std::string number = std::to_string(rest);
  if (first > 0 && number.size() < 2) number.insert(0, "0");
  return std::string(seconds < 0 ? "-" : "") + place_point(digits_of(whole, 0), 0) + " " +
         large.name + (first == 2 && rest == 0 ? "" : " " + number + " " + small.name);
}

std::string format_value(const Ratio& value) {
  return format_ratio(value.value);
}
std::string format_value(const Seconds& value) {
  return format_duration(value.value);
}

std::string format_value(const Amount& value) {
  const std::string text = format_number(value.value);
  if (value.unit.empty()) return value.value == 0 ? std::string{} : text;
  if (value.unit != "$") return text + " " + value.unit;
  return text[0] == '-' ? "-$" + text.substr(1) : "$" + text;
}

std::string format_value(const PerYear& value) {
  if (!std::isfinite(value.value)) return not_finite(value.value);
  return place_point(digits_of(value.value, 0), -2) + "%/y";
}

std::string format_value(const Depth& value) {
  const std::string amount = format_value(value.amount);
  return amount.empty() ? amount : amount + " within " + format_ratio(value.within);
}

std::string format_value(const Pair& value) {
  return value.base.empty() && value.quote.empty() ? std::string{} : value.base + "/" + value.quote;
}

std::string format_value(const Name& value) {
  return value.text;
}

std::string format_value(const Move& value) {
  if (value.absolute) return "$" + format_number(value.value);
  const std::string text = place_point(digits_of(value.value, 0), -2) + "%";
  return value.value > 0 ? "+" + text : text;
}

std::string format_value(const Flow& value) {
  if (value.unit.empty()) return {};
  const Amount per_day{value.per_second * 86400, value.unit};
  return format_value(per_day) + "/d";
}

std::string format_value(const AnyText& value) {
  return value.text;
}
std::string format_value(const std::string& value) {
  return value;
}
std::string format_value(double value) {
  return format_number(value);
}
std::string format_value(long value) {
  return std::to_string(value);
}
std::string format_value(bool value) {
  return value ? "on" : "off";
}

template <>
ValueKind value_kind<Ratio>() {
  return {"a share with its unit", "'5%', '50bps' or '8x'",
          R"(^[+-]?[0-9.]+(e[+-]?[0-9]+)?\s?(%|bps|x)$)"};
}
template <>
ValueKind value_kind<Seconds>() {
  return {"a length of time with its unit", "'24s', '77min', '2h17min' or '4d'",
          R"(^[0-9.]+(e[+-]?[0-9]+)?(ms|s|min|h|d|w|y)( ?[0-9.]+(ms|s|min|h|d|w))*$)"};
}
template <>
ValueKind value_kind<Amount>() {
  return {"an amount with its unit", "'$1.9bn' or '420k ETH'",
          R"(^(-?\$[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?|[+-]?[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)? +\S+)$)"};
}
template <>
ValueKind value_kind<PerYear>() {
  return {"a yearly rate", "'9.8%/y'", R"(^[+-]?[0-9.]+(e[+-]?[0-9]+)?(%|bps|x)/(s|min|h|d|w|y)$)"};
}
template <>
ValueKind value_kind<Depth>() {
  return {"a depth", "'$20m within 1%'",
          R"(^(\$[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?|[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)? +\S+))"
          R"( within [0-9.]+(%|bps)$)"};
}
template <>
ValueKind value_kind<Pair>() {
  return {"a pair of assets", "'ETH/USDC'", R"(^[^/\s]+/[^/\s]+$)"};
}
template <>
ValueKind value_kind<Name>() {
  return {"a name", "'pool' or 'curve.stETH/ETH'", ""};
}
template <>
ValueKind value_kind<Move>() {
  return {"a move or a level", "'-25%', '+25%' or '$25'",
          R"(^([+-][0-9.]+(e[+-]?[0-9]+)?(%|bps)|\$[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?)$)"};
}
template <>
ValueKind value_kind<Flow>() {
  return {"a flow", "'57600 ETH/d' or '$5m/h'",
          R"(^(\$[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?|[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)? +\S+))"
          R"(/(s|min|h|d|w|y)$)"};
}
template <>
ValueKind value_kind<AnyText>() {
  return {"a value with its unit", "'5%', '24s' or '$40m'", ""};
}
template <>
ValueKind value_kind<std::string>() {
  return {"a word", "'total'", ""};
}
template <>
ValueKind value_kind<double>() {
  return {"a bare number", "0.7", R"(^[+-]?[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?$)"};
}
template <>
ValueKind value_kind<long>() {
  return {"a whole number", "400 or 12k", R"(^[+-]?[0-9.]+(e[+-]?[0-9]+)?(k|m|bn)?$)"};
}
template <>
ValueKind value_kind<bool>() {
  return {"on or off", "'on' or 'off'", ""};
}

}  // namespace faultline
