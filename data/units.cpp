#include "data/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "core/diagnostics.hpp"

namespace faultline {

namespace {

using Error = std::optional<ValueError>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

/// What is shown of a text that may be of any length.
std::string shown(std::string_view text) {
  constexpr std::size_t most = 48;
  return std::string(text.substr(0, most)) + (text.size() > most ? "..." : "");
}

std::string in_quotes(std::string_view text) {
  return "'" + shown(text) + "'";
}

Error fail(std::string_view code, std::string message, std::string remedy = {}) {
  return ValueError{std::string(code), std::move(message), std::move(remedy)};
}

/// A decimal number as written, before its unit says by which power of ten it is to be shifted.
struct Decimal {
  bool negative = false;
  bool with_sign = false;
  std::string mantissa;       // digits, perhaps with a point
  int exponent = 0;           // as written after e
  std::string_view text;      // the whole as written, sign included
  std::string_view suffix{};  // k, m, bn as written, if any
};

/// The text with the separators taken out of its first number: 2,310 is 2310, but 2,5 is 2.5.
std::string without_separators(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) &&
                         is_digit(text[i + 1]) && (text[i] == ',' || text[i] == '_');
    if (!between) {
      out += text[i];
      continue;
    }
    std::size_t run = 0;
    while (i + 1 + run < text.size() && is_digit(text[i + 1 + run])) ++run;
    if (run != 3 && text[i] == ',') out += '.';
  }
  return out;
}

/// Mistakes any number may hold, whatever its unit. `text` is the whole value.
Error common_mistake(std::string_view text) {
  if (text.empty()) return fail("E0202", "a value is missing", "write one, or leave the key out");
  std::string low;
  for (const char c : text.substr(0, 16)) {
    if (c != '+' && c != '-' && c != '.' && c != '$') low += is_letter(c) ? char(c | 0x20) : c;
  }
  if (low == "inf" || low == "infinity" || low == "nan") {
    return fail("E0316", in_quotes(text) + " is not a finite number", "write a number");
  }
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if ((text[i] == ',' || text[i] == '_') && is_digit(text[i - 1]) && is_digit(text[i + 1])) {
      const char* what = text[i] == ',' ? "no commas in numbers" : "no underscores in numbers";
      return fail("E0312", what, "write '" + shown(without_separators(text)) + "'");
    }
  }
  return std::nullopt;
}

/// Takes sign, digits and exponent off the front of `rest`; false if there is no number there.
bool take_decimal(std::string_view& rest, Decimal& out) {
  std::size_t i = 0;
  if (i < rest.size() && (rest[i] == '+' || rest[i] == '-')) {
    out.with_sign = true;
    out.negative = rest[i] == '-';
    ++i;
  }
  const std::size_t begin = i;
  while (i < rest.size() && is_digit(rest[i])) ++i;
  if (i + 1 < rest.size() && rest[i] == '.' && is_digit(rest[i + 1])) {
    ++i;
    while (i < rest.size() && is_digit(rest[i])) ++i;
  }
  if (i == begin) return false;
  out.mantissa = std::string(rest.substr(begin, i - begin));
  std::size_t j = i;
  if (j < rest.size() && (rest[j] == 'e' || rest[j] == 'E')) {
    ++j;
    const bool minus = j < rest.size() && rest[j] == '-';
    if (j < rest.size() && (rest[j] == '+' || rest[j] == '-')) ++j;
    if (j < rest.size() && is_digit(rest[j])) {
      int exponent = 0;
      while (j < rest.size() && is_digit(rest[j])) {
        exponent = std::min(exponent * 10 + (rest[j] - '0'), 100000);
        ++j;
      }
      out.exponent = minus ? -exponent : exponent;
      i = j;
    }
  }
  out.text = rest.substr(0, i);
  rest.remove_prefix(i);
  return true;
}

/// The letters at the front of `rest`.
std::string_view letters(std::string_view rest) {
  std::size_t i = 0;
  while (i < rest.size() && is_letter(rest[i])) ++i;
  return rest.substr(0, i);
}

/// Takes k, m or bn off the front of `rest`; gives the power of ten.
int take_suffix(std::string_view& rest, Decimal& number) {
  const std::string_view word = letters(rest);
  const int shift = word == "k" ? 3 : word == "m" ? 6 : word == "bn" ? 9 : 0;
  if (shift != 0) {
    number.suffix = word;
    number.text = {number.text.data(), number.text.size() + word.size()};
    rest.remove_prefix(word.size());
  }
  return shift;
}

/// The double nearest to the decimal shifted by a power of ten.
Error to_double(const Decimal& number, int shift, double& out) {
  const std::size_t point = number.mantissa.find('.');
  const std::size_t whole = std::min(point, number.mantissa.size());
  if (whole > 1 && number.mantissa[0] == '0') {
    std::string plain = number.mantissa;
    plain.erase(0, std::min(plain.find_first_not_of('0'), whole - 1));
    return fail("E0318", "a number does not begin with 0", "write '" + shown(plain) + "'");
  }
  const std::string text = number.mantissa + "e" + std::to_string(number.exponent + shift);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (status != std::errc{} || end != text.data() + text.size() || !std::isfinite(out)) {
    return fail("E0316", in_quotes(number.text) + " is beyond what numbers can hold", "");
  }
  if (number.negative) out = -out;
  return std::nullopt;
}

/// Reports a value beyond its range; `show` writes a bound in the unit the user chose.
template <class Show>
Error check_range(double value, std::string_view text, const Wanted& wanted, Show show) {
  if (value >= wanted.lo && value <= wanted.hi) return std::nullopt;
  const bool low = std::isfinite(wanted.lo), high = std::isfinite(wanted.hi);
  std::string remedy = low && high
                           ? "write a value between " + show(wanted.lo) + " and " + show(wanted.hi)
                       : low ? "write a value of at least " + show(wanted.lo)
                             : "write a value of at most " + show(wanted.hi);
  return fail("E0314",
              in_quotes(wanted.field) + " of " + shown(text) +
                  (value < wanted.lo ? " is too small" : " is too large"),
              std::move(remedy));
}

Error not_a(std::string_view text, const Wanted& wanted, const ValueKind& kind) {
  return fail(
      "E0315",
      in_quotes(wanted.field) + " takes " + std::string(kind.what) + ", not " + in_quotes(text),
      "write for example " + std::string(kind.example));
}

Error of_what(std::string_view text, const Wanted& wanted, const ValueKind& kind,
              std::string_view question, std::string remedy) {
  return fail("E0310",
              shown(text) + std::string(question) + " " + in_quotes(wanted.field) + " takes " +
                  std::string(kind.what),
              std::move(remedy));
}

struct TimeUnit {
  std::string_view name;
  double seconds;
};
constexpr std::array<TimeUnit, 7> time_units{{{"ms", 1e-3},
                                              {"s", 1},
                                              {"min", 60},
                                              {"h", 3600},
                                              {"d", 86400},
                                              {"w", 604800},
                                              {"y", 31536000}}};

const TimeUnit* time_unit(std::string_view name) {
  for (const TimeUnit& unit : time_units)
    if (unit.name == name) return &unit;
  return nullptr;
}

bool reserved_word(std::string_view word) {
  return word == "k" || word == "m" || word == "bn" || word == "x" || word == "bps" ||
         word == "within" || time_unit(word) != nullptr;
}

/// Names of assets: letters, digits and - . _ + beginning with a letter or digit, holding a letter.
bool asset_name(std::string_view word) {
  bool any = false;
  for (const char c : word) {
    any = any || is_letter(c) || (c & 0x80) != 0;
    if (!is_letter(c) && !is_digit(c) && (c & 0x80) == 0 &&
        std::string_view("-._+").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return any && word.size() <= 64 && !reserved_word(word) && word[0] != '-' && word[0] != '+' &&
         word[0] != '.';
}

/// `write '$120m' or '120m ETH' (2,310 times apart)`, or the worth in dollars for a plain count.
std::string amount_remedy(const Decimal& number, double value, const Wanted& wanted) {
  const std::string text = shown(number.text);
  const std::string dollars = number.negative ? "-$" + text.substr(1) : "$" + text;
  if (wanted.hints.empty()) return "write '" + dollars + "', or '" + text + " ETH' for an asset";
  const AssetHint& hint = wanted.hints.front();
  const std::string units = "'" + text + " " + hint.name + "'";
  if (number.suffix.empty() && hint.usd > 0 && std::fabs(value) >= 1) {
    return "write " + units + " or '" + format_usd(value * hint.usd) + "'";
  }
  std::string out = "write '" + dollars + "' or " + units;
  const double apart = hint.usd > 1 ? hint.usd : hint.usd > 0 ? 1 / hint.usd : 0;
  if (apart < 2 || apart > 1e15) return out;
  std::string times = format_number(std::round(apart));
  if (apart < 1e9) {
    times = std::to_string(static_cast<long>(std::round(apart)));
    for (std::size_t i = times.size(); i > 3; i -= 3) times.insert(i - 3, ",");
  }
  return out + " (" + times + " times apart)";
}

/// Parses an amount; `kind` names what the field takes in messages.
Error parse_amount(std::string_view whole, Amount& out, const Wanted& wanted,
                   const ValueKind& kind) {
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view rest = text;
  const bool minus_first = rest.size() > 1 && rest[0] == '-' && rest[1] == '$';
  if (minus_first) rest.remove_prefix(1);
  const bool dollars = rest[0] == '$';
  if (dollars) rest.remove_prefix(1);
  Decimal number;
  if (!take_decimal(rest, number) || (dollars && number.with_sign))
    return not_a(text, wanted, kind);
  number.negative = number.negative || minus_first;
  const int shift = take_suffix(rest, number);
  Amount amount;
  if (Error e = to_double(number, shift, amount.value)) return e;
  const bool spaced = !rest.empty() && rest[0] == ' ';
  const std::string_view unit = trim(rest);
  if (dollars) {
    if (!unit.empty()) {
      return fail("E0313", in_quotes(text) + " has two units",
                  "write '" + shown(text.substr(0, text.size() - rest.size())) + "' or '" +
                      shown(number.text) + " " + shown(unit) + "'");
    }
    amount.unit = "$";
  } else if (unit.empty()) {
    if (amount.value != 0) {
      return of_what(text, wanted, kind, " of what?", amount_remedy(number, amount.value, wanted));
    }
    amount.unit = "$";
  } else if (unit == "USD" || unit == "usd" || unit == "$") {
    return fail("E0313", "dollars are written with '$' in front",
                "write '$" + shown(number.text) + "'");
  } else if (!asset_name(unit)) {
    return not_a(text, wanted, kind);
  } else if (!spaced) {
    return fail("E0313", "a space parts a number from its asset",
                "write '" + shown(number.text) + " " + shown(unit) + "'");
  } else {
    amount.unit = std::string(unit);
  }
  if (Error e = check_range(amount.value, text, wanted, [&](double x) {
        return amount.unit == "$" ? "$" + format_number(x) : format_number(x) + " " + amount.unit;
      })) {
    return e;
  }
  out = std::move(amount);
  return std::nullopt;
}

/// Splits `5%/y` at its last slash into what and per what; false if there is no time unit there.
bool split_per(std::string_view text, std::string_view& what, double& seconds) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return false;
  const TimeUnit* unit = time_unit(trim(text.substr(slash + 1)));
  if (unit == nullptr) return false;
  what = trim(text.substr(0, slash));
  seconds = unit->seconds;
  return true;
}

/// The power of ten of a share's unit; none if it is not one.
std::optional<int> share_shift(std::string_view unit) {
  if (unit == "%") return -2;
  if (unit == "bps") return -4;
  if (unit == "x") return 0;
  return std::nullopt;
}

std::string share_text(double value, std::string_view unit) {
  if (unit == "x") return format_number(value) + "x";
  if (unit == "bps") return format_number(value * 1e4, 6) + "bps";
  return format_value(Ratio{value});
}

std::string ratio_remedy(const Decimal& number, double value, const Wanted& wanted) {
  const std::string text = shown(number.text);
  if (std::fabs(value) <= 1 && text.find('.') != std::string::npos) {
    return "write '" + format_number(value * 100, 12) + "%'";
  }
  const bool times = value >= wanted.lo && value <= wanted.hi;
  return "write '" + text + "%'" + (times ? " or '" + text + "x'" : "");
}

/// All the assets' first letters may differ in case only; words of on/off in any of three pairs.
std::optional<bool> truth(std::string_view word) {
  if (word == "on" || word == "yes" || word == "true") return true;
  if (word == "off" || word == "no" || word == "false") return false;
  return std::nullopt;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) out.push_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

Error parse_seconds(std::string_view whole, double& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<Seconds>();
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view rest = text;
  double total = 0, last = std::numeric_limits<double>::infinity();
  bool first = true;
  while (!rest.empty()) {
    Decimal number;
    if (!take_decimal(rest, number) || (!first && number.with_sign))
      return not_a(text, wanted, kind);
    double value = 0;
    if (Error e = to_double(number, 0, value)) return e;
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    const std::string_view word = letters(rest);
    if (word.empty() && rest.empty() && first) {
      if (value == 0) break;
      const std::string n = shown(number.text);
      return of_what(text, wanted, kind, " what?",
                     "write '" + n + "s', '" + n + "min' or '" + n + "h'");
    }
    if (word == "m") {
      return fail("E0311",
                  in_quotes(text) + " is not a length of time: 'm' is million, minutes are 'min'",
                  "write '" +
                      shown(std::string_view(text.data(),
                                             static_cast<std::size_t>(rest.data() - text.data()))) +
                      "min" + shown(rest.substr(1)) + "'");
    }
    const TimeUnit* unit = time_unit(word);
    if (unit == nullptr || unit->seconds >= last) return not_a(text, wanted, kind);
    last = unit->seconds;
    total += value * unit->seconds;
    rest.remove_prefix(word.size());
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    first = false;
  }
  if (!std::isfinite(total))
    return fail("E0316", in_quotes(text) + " is beyond what numbers can hold");
  if (Error e = check_range(total, text, wanted, [](double x) { return format_duration(x); }))
    return e;
  out = total;
  return std::nullopt;
}

/// A bare number with k, m or bn; `kind` for the message.
Error parse_bare(std::string_view text, Decimal& number, int& shift, const Wanted& wanted,
                 const ValueKind& kind) {
  if (Error e = common_mistake(text)) return e;
  std::string_view rest = text;
  if (!take_decimal(rest, number)) return not_a(text, wanted, kind);
  shift = take_suffix(rest, number);
  if (rest.empty()) return std::nullopt;
  double value = 0;
  if (const std::optional<int> share = share_shift(rest);
      share && !to_double(number, *share, value)) {
    return fail("E0313",
                in_quotes(wanted.field) + " takes " + std::string(kind.what) + ", without a unit",
                "write '" + format_number(value, 15) + "'");
  }
  return not_a(text, wanted, kind);
}

}  // namespace

Error parse_value(std::string_view whole, Ratio& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<Ratio>();
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view rest = text;
  Decimal number;
  if (!take_decimal(rest, number)) return not_a(text, wanted, kind);
  const std::string_view unit = trim(rest);
  double value = 0;
  if (unit.empty()) {
    if (Error e = to_double(number, 0, value)) return e;
    if (value != 0) {
      return of_what(text, wanted, kind, " what?", ratio_remedy(number, value, wanted));
    }
  } else {
    const std::optional<int> shift = share_shift(unit);
    if (!shift) return not_a(text, wanted, kind);
    if (Error e = to_double(number, *shift, value)) return e;
  }
  if (Error e = check_range(value, text, wanted, [&](double x) { return share_text(x, unit); })) {
    return e;
  }
  out.value = value;
  return std::nullopt;
}

Error parse_value(std::string_view text, Seconds& out, const Wanted& wanted) {
  return parse_seconds(text, out.value, wanted);
}

Error parse_value(std::string_view text, Amount& out, const Wanted& wanted) {
  return parse_amount(text, out, wanted, value_kind<Amount>());
}

Error parse_value(std::string_view whole, PerYear& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<PerYear>();
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view share = text;
  double seconds = 0;
  const bool per = split_per(text, share, seconds);
  std::string_view rest = share;
  Decimal number;
  if (!take_decimal(rest, number)) return not_a(text, wanted, kind);
  const std::string_view unit = trim(rest);
  double value = 0;
  const std::optional<int> shift = share_shift(unit);
  if (!unit.empty() && !shift) return not_a(text, wanted, kind);
  if (Error e = to_double(number, shift.value_or(0), value)) return e;
  if (value != 0 && unit.empty()) {
    const std::string percent =
        std::fabs(value) < 1 ? format_number(value * 100, 12) : shown(number.text);
    return of_what(text, wanted, kind, " what?", "write '" + percent + "%/y'");
  }
  if (value != 0 && !per) {
    return of_what(text, wanted, kind, " per what?", "write '" + shown(text) + "/y'");
  }
  if (per) value *= 31536000 / seconds;
  if (Error e =
          check_range(value, text, wanted, [](double x) { return format_value(PerYear{x}); })) {
    return e;
  }
  out.value = value;
  return std::nullopt;
}

Error parse_value(std::string_view whole, Depth& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<Depth>();
  const std::string_view text = trim(whole);
  const std::size_t at = text.find(" within ");
  Depth depth;
  if (Error e = parse_amount(text.substr(0, at), depth.amount, wanted, kind)) return e;
  if (at == std::string_view::npos) {
    return fail("E0310",
                shown(text) + " within what? " + in_quotes(wanted.field) + " takes " +
                    std::string(kind.what),
                "write '" + shown(text) + " within 1%'");
  }
  Ratio within;
  if (Error e = parse_value(text.substr(at + 8), within, Wanted{.field = wanted.field})) return e;
  if (within.value <= 0 || within.value >= 1) {
    return fail("E0314", in_quotes(text.substr(at + 8)) + " is no distance from the price",
                "write for example 'within 1%'");
  }
  depth.within = within.value;
  out = std::move(depth);
  return std::nullopt;
}

Error parse_value(std::string_view whole, Pair& out, const Wanted& wanted) {
  const std::string_view text = trim(whole);
  const std::size_t slash = text.find('/');
  const std::string_view base = trim(text.substr(0, slash));
  const std::string_view quote =
      slash == std::string_view::npos ? std::string_view{} : trim(text.substr(slash + 1));
  if (!asset_name(base) || !asset_name(quote)) return not_a(text, wanted, value_kind<Pair>());
  if (base == quote) {
    return fail("E0314", "a pair has two assets, " + in_quotes(text) + " has one",
                "write for example 'ETH/USDC'");
  }
  out = {std::string(base), std::string(quote)};
  return std::nullopt;
}

Error parse_value(std::string_view whole, Name& out, const Wanted& wanted) {
  const std::string_view text = trim(whole);
  if (text.empty())
    return fail("E0202", in_quotes(wanted.field) + " names nothing",
                "write a name, or leave the key out");
  out.text = std::string(text);
  return std::nullopt;
}

Error parse_value(std::string_view whole, Move& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<Move>();
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view rest = text;
  const bool absolute = rest[0] == '$';
  if (absolute) rest.remove_prefix(1);
  Decimal number;
  if (!take_decimal(rest, number) || (absolute && number.with_sign))
    return not_a(text, wanted, kind);
  double value = 0;
  const std::string n = shown(number.with_sign ? number.text.substr(1) : number.text);
  if (absolute) {
    const int shift = take_suffix(rest, number);
    if (!rest.empty()) return not_a(text, wanted, kind);
    if (Error e = to_double(number, shift, value)) return e;
    out = {value, true};
    return std::nullopt;
  }
  const std::optional<int> shift = share_shift(trim(rest));
  if (rest.empty()) {
    if (Error e = to_double(number, 0, value)) return e;
    const std::string percent =
        value != 0 && std::fabs(value) < 1 ? format_number(std::fabs(value) * 100, 12) : n;
    if (value != 0) {
      return of_what(
          text, wanted, kind, " what?",
          "'-" + percent + "%' is a fall, '+" + percent + "%' a rise, '$" + n + "' a level");
    }
  } else if (!shift || trim(rest) == "x") {
    return not_a(text, wanted, kind);
  } else if (Error e = to_double(number, *shift, value)) {
    return e;
  }
  if (!number.with_sign && value != 0) {
    return of_what(text, wanted, kind, " up or down?",
                   "'-" + shown(text) + "' is a fall, '+" + shown(text) + "' a rise");
  }
  Wanted range = wanted;
  range.lo = std::max(range.lo, -1.0);
  if (Error e = check_range(value, text, range, [](double x) { return format_ratio(x); })) return e;
  out = {value, false};
  return std::nullopt;
}

Error parse_value(std::string_view whole, Flow& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<Flow>();
  const std::string_view text = trim(whole);
  if (Error e = common_mistake(text)) return e;
  std::string_view what = text;
  double seconds = 1;
  const bool per = split_per(text, what, seconds);
  Amount amount;
  if (Error e = parse_amount(what, amount, wanted, kind)) return e;
  if (!per && amount.value != 0) {
    return of_what(text, wanted, kind, " per what?",
                   "write '" + shown(text) + "/d' or '" + shown(text) + "/h'");
  }
  out = {amount.value / seconds, std::move(amount.unit)};
  return std::nullopt;
}

Error parse_value(std::string_view text, AnyText& out, const Wanted&) {
  out.text = std::string(text);
  return std::nullopt;
}

Error parse_value(std::string_view text, std::string& out, const Wanted& wanted) {
  const std::vector<std::string_view> allowed = words(wanted.choices);
  if (allowed.empty() || std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
    out = std::string(text);
    return std::nullopt;
  }
  const std::string near = nearest_name(text, allowed);
  std::string list;
  for (const std::string_view word : allowed)
    list += (list.empty() ? "" : ", ") + std::string(word);
  return fail(
      "E0205", in_quotes(wanted.field) + " cannot be " + in_quotes(text),
      near.empty() ? "write one of: " + list : "did you mean '" + near + "'? (" + list + ")");
}

Error parse_value(std::string_view whole, double& out, const Wanted& wanted) {
  const std::string_view text = trim(whole);
  Decimal number;
  int shift = 0;
  double value = 0;
  if (Error e = parse_bare(text, number, shift, wanted, value_kind<double>())) return e;
  if (Error e = to_double(number, shift, value)) return e;
  if (Error e = check_range(value, text, wanted, [](double x) { return format_number(x); }))
    return e;
  out = value;
  return std::nullopt;
}

Error parse_value(std::string_view whole, long& out, const Wanted& wanted) {
  const ValueKind kind = value_kind<long>();
  const std::string_view text = trim(whole);
  Decimal number;
  int shift = 0;
  double value = 0;
  if (Error e = parse_bare(text, number, shift, wanted, kind)) return e;
  if (Error e = to_double(number, shift, value)) return e;
  if (value != std::floor(value)) return not_a(text, wanted, kind);
  long whole_value = 0;
  if (std::fabs(value) <= 9007199254740992.0) {
    whole_value = static_cast<long>(value);
  } else {  // beyond exact doubles only plain digits are taken
    const std::string digits = (number.negative ? "-" : "") + number.mantissa;
    const auto [end, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), whole_value);
    if (shift != 0 || number.exponent != 0 || status != std::errc{} ||
        end != digits.data() + digits.size()) {
      return fail("E0316", in_quotes(text) + " is beyond what whole numbers can hold");
    }
  }
  if (Error e = check_range(value, text, wanted, [](double x) { return format_number(x); }))
    return e;
  out = whole_value;
  return std::nullopt;
}

Error parse_value(std::string_view whole, bool& out, const Wanted& wanted) {
  const std::string_view text = trim(whole);
  const std::optional<bool> value = truth(text);
  if (!value) {
    return fail("E0315", in_quotes(wanted.field) + " takes on or off, not " + in_quotes(text),
                "write 'on' or 'off'");
  }
  out = *value;
  return std::nullopt;
}

}  // namespace faultline
