// Hours of a week, against dates from a calendar: 10 March 2023 was a Friday, 29 February 2024 a
// Thursday.
#include <catch2/catch.hpp>

#include "protocols/claims/banking_hours.hpp"

using namespace faultline;

namespace {

constexpr double hour_s = 3600, day_s = 86400;

BankingHours hours(const char* text, const char* starts) {
  BankingHours h = parse_hours(text).value();
  h.start_s = parse_week_time(starts).value();
  return h;
}

}  // namespace

TEST_CASE("banking hours: from Friday night to Monday") {
  const BankingHours h = hours("mon-fri 13:00-21:00", "2023-03-10 20:00");
  CHECK(h.open_at(0));
  CHECK(h.open_at(hour_s - 1));
  CHECK_FALSE(h.open_at(hour_s));                 // 21:00
  CHECK_FALSE(h.open_at(day_s));                  // Saturday
  const double monday = 2 * day_s + 17 * hour_s;  // 13 March, 13:00
  CHECK_FALSE(h.open_at(monday - 1));
  CHECK(h.open_at(monday));
  CHECK(h.open_between(0, monday) == hour_s);
  CHECK(h.open_between(0, monday + 60) == hour_s + 60);
  CHECK(h.open_between(0, 7 * day_s) == 40 * hour_s);
  CHECK(h.open_between(100, 100) == 0);
  // half an hour from half past eight; two hours: half of them on Monday; forty are a week
  CHECK(h.time_after(0.5 * hour_s, 0) == 0.5 * hour_s);
  CHECK(h.time_after(0.5 * hour_s, 0.25 * hour_s) == 0.75 * hour_s);
  CHECK(h.time_after(0.5 * hour_s, 0.5 * hour_s) == monday);
  CHECK(h.time_after(0.5 * hour_s, 2 * hour_s) == monday + 1.5 * hour_s);
  CHECK(h.time_after(hour_s, 0) == monday);
  CHECK(h.time_after(0, 40 * hour_s) == 7 * day_s);
  CHECK(h.time_after(0, 401 * hour_s) == 10 * 7 * day_s + 2 * day_s + 17 * hour_s);
}

TEST_CASE("banking hours: what has been open until then, wherever one looks") {
  const BankingHours h = hours("tue-thu 22:00-24:00", "2024-02-29 23:00");  // a Thursday
  CHECK(h.open_at(0));
  CHECK_FALSE(h.open_at(hour_s));
  for (double at = 0; at < 3 * 7 * day_s; at += 1234) {
    for (const double open : {0.0, 60.0, 3 * hour_s, 7 * hour_s}) {
      const double until = h.time_after(at, open);
      CAPTURE(at, open);
      CHECK(h.open_between(at, until) == Approx(open).margin(1e-6));
      CHECK(h.open_at(until));
    }
  }
}

TEST_CASE("banking hours: always open, and text that says nothing") {
  const BankingHours h = parse_hours("always").value();
  CHECK(h.open_at(1e6));
  CHECK(h.open_between(5, 65) == 60);
  CHECK(h.time_after(5, 60) == 65);
  CHECK(parse_hours("sat 09:00-12:30")->first == 5);
  for (const char* wrong : {"", "mon-fri", "mon-fri 9:00-17:00", "fri-mon 09:00-17:00",
                            "mon-fry 09:00-17:00", "mon-fri 17:00-09:00", "mon 24:01-24:02"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_hours(wrong));
  }
  CHECK(parse_week_time("2023-03-10 21:30") == 4 * day_s + 21.5 * hour_s);
  CHECK(parse_week_time("2024-02-29 00:00") == 3 * day_s);
  for (const char* wrong :
       {"2023-02-29 00:00", "2023-03-10", "10.03.2023 21:00", "2023-03-10 25:00"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_week_time(wrong));
  }
}
