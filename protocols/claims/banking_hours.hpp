// Hours of a week in which somebody works, in UTC: who redeems coins for money in a bank does so
// while banks move it.
//   mon-fri 14:00-22:00       days, and a span of each; `always` where nothing is written
// Weeks repeat; holidays and changes of the clock are not known.
#pragma once

#include <optional>
#include <string_view>

namespace faultline {

/// Open on every day from `first` to `last` (0: Monday), from `opens_s` to `closes_s` of the day.
struct BankingHours {
  bool always = true;
  int first = 0, last = 6;
  double opens_s = 0, closes_s = 86400;
  double start_s = 0;  // time of the week at which a run starts, from Monday 00:00 UTC

  /// Whether it is open at a time of the run, in seconds; openings count, closings do not.
  bool open_at(double at_s) const;
  /// Seconds it is open from one time to a later one.
  double open_between(double from_s, double to_s) const;
  /// The first time, not before `from_s`, at which it is open and has been open `open_s` seconds
  /// since `from_s`.
  double time_after(double from_s, double open_s) const;
};

/// Hours as written, without a start; nothing where they cannot be read: no span, no such day, a
/// span that does not end after it begins.
std::optional<BankingHours> parse_hours(std::string_view text);

/// Seconds from the Monday before `2023-03-10 21:00`, a date and a time of day in UTC; nothing
/// where there is no such date.
std::optional<double> parse_week_time(std::string_view text);

}  // namespace faultline
