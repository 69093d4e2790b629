#include "protocols/claims/banking_hours.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace faultline {

namespace {

constexpr double day_s = 86400, week_s = 7 * day_s;
constexpr std::array<std::string_view, 7> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::optional<int> day_named(std::string_view text) {
  const auto found = std::find(days.begin(), days.end(), text);
  if (found == days.end()) return std::nullopt;
  return static_cast<int>(found - days.begin());
}

/// A whole number of exactly so many digits.
std::optional<int> digits(std::string_view text, std::size_t count) {
  int value = 0;
  if (text.size() != count || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Seconds of a day, as 09:30; 24:00 is its end.
std::optional<double> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2), 2), minute = digits(text.substr(3), 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return 3600.0 * *hour + 60.0 * *minute;
}

/// Both sides of one separator.
std::optional<std::array<std::string_view, 2>> parted(std::string_view text, char by) {
  const std::size_t at = text.find(by);
  if (at == std::string_view::npos) return std::nullopt;
  return std::array{text.substr(0, at), text.substr(at + 1)};
}

/// Seconds open within one week, from its Monday to a time of it.
double open_until(const BankingHours& h, double at_s) {
  double open = 0;
  for (int day = h.first; day <= h.last; ++day) {
    const double from = day * day_s + h.opens_s, to = day * day_s + h.closes_s;
    open += std::clamp(at_s - from, 0.0, to - from);
  }
  return open;
}

}  // namespace

bool BankingHours::open_at(double at_s) const {
  return time_after(at_s, 0) == at_s;
}

double BankingHours::open_between(double from_s, double to_s) const {
  if (always) return to_s - from_s;
  const auto since_monday = [&](double at_s) {
    const double week = std::floor((start_s + at_s) / week_s);
    return week * open_until(*this, week_s) + open_until(*this, start_s + at_s - week * week_s);
  };
  return since_monday(to_s) - since_monday(from_s);
}

double BankingHours::time_after(double from_s, double open_s) const {
  if (always) return from_s + open_s;
  const double each = open_until(*this, week_s);
  const double whole = std::floor(open_s / each);
  double left = open_s - whole * each;
  const double week = std::floor((start_s + from_s) / week_s);
  const double at = start_s + from_s - week * week_s;
  for (int next = 0; next < 3; ++next) {  // what is left is less than a week's hours
    for (int day = first; day <= last; ++day) {
      const double opens = (7 * next + day) * day_s + opens_s;
      const double closes = (7 * next + day) * day_s + closes_s;
      const double from = std::max(opens, at);
      if (!(from < closes)) continue;
      if (left < closes - from) {
        const double until = from + left;
        return until == at ? from_s + whole * week_s : until + (week + whole) * week_s - start_s;
      }
      left -= closes - from;
    }
  }
  return from_s + (whole + 3) * week_s;  // not reached
}

std::optional<BankingHours> parse_hours(std::string_view text) {
  if (text == "always") return BankingHours{};
  const auto parts = parted(text, ' ');
  if (!parts) return std::nullopt;
  const auto named = parted((*parts)[0], '-');
  const auto first = day_named(named ? (*named)[0] : (*parts)[0]);
  const auto last = named ? day_named((*named)[1]) : first;
  const auto span = parted((*parts)[1], '-');
  if (!first || !last || !span || *last < *first) return std::nullopt;
  const auto opens = time_of_day((*span)[0]), closes = time_of_day((*span)[1]);
  if (!opens || !closes || !(*closes > *opens)) return std::nullopt;
  return BankingHours{false, *first, *last, *opens, *closes, 0};
}

std::optional<double> parse_week_time(std::string_view text) {
  if (text.size() != 16 || text[4] != '-' || text[7] != '-' || text[10] != ' ') return std::nullopt;
  const auto year = digits(text.substr(0, 4), 4), month = digits(text.substr(5, 2), 2),
             day = digits(text.substr(8, 2), 2);
  const auto time = time_of_day(text.substr(11));
  if (!year || !month || !day || !time) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const unsigned weekday = std::chrono::weekday{std::chrono::sys_days{date}}.iso_encoding();
  return (weekday - 1) * day_s + *time;
}

}  // namespace faultline
