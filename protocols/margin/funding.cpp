#include "protocols/margin/funding.hpp"

#include <algorithm>
#include <cmath>

#include "protocols/margin/margin_tiers.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

namespace {

constexpr double vote_s = 4;           // 15 votes a minute, as many as dYdX asks for
constexpr double whole_enough = 1e-9;  // of an interval: rounds that do not add up exactly

/// Votes whose time has come after `t` seconds of an interval.
double votes_by(double t) {
  return std::floor(t / vote_s + whole_enough);
}

/// Adds `dt_s` seconds at one premium to the interval's average; the interval does not end within.
void add_premium(const FundingTerms& terms, FundingState& s, double dt_s, double premium) {
  const double from = s.elapsed_s, to = from + dt_s;
  s.elapsed_s = to;
  if (terms.averaging == Averaging::median) {
    for (double n = votes_by(to) - votes_by(from); n > 0; --n) {
      s.votes[s.voted++] = premium;
      if (s.voted < s.votes.size()) continue;
      std::nth_element(s.votes.begin(), s.votes.begin() + 7, s.votes.end());
      s.weighted += s.votes[7];
      s.weight += 1;
      s.voted = 0;
    }
    return;
  }
  const double weight =
      terms.averaging == Averaging::rising ? dt_s * (from + to) / 2 : dt_s;  // integral of t, of 1
  s.weighted += weight * premium;
  s.weight += weight;
}

/// Payments of intervals that end within `dt_s`, per unit of long notional.
double accrue_premium(const FundingTerms& terms, FundingState& s, double dt_s, double premium) {
  premium = std::clamp(premium, -terms.premium_cap, terms.premium_cap);
  if (terms.every_s == 0) return stated_rate(terms, premium) * (dt_s / terms.per_s);
  double due = 0;
  while (dt_s > 0) {
    const double step = std::min(dt_s, terms.every_s - s.elapsed_s);
    add_premium(terms, s, step, premium);
    dt_s -= step;
    if (terms.every_s - s.elapsed_s > whole_enough * terms.every_s) continue;
    const double average = s.weight > 0 ? s.weighted / s.weight : 0;
    due += stated_rate(terms, average) * (terms.every_s / terms.per_s);
    s = FundingState{};
  }
  return due;
}

/// Skew of open interest, |L - S| / (L + S).
double skew_of(double longs, double shorts) {
  return longs + shorts > 0 ? std::fabs(longs - shorts) / (longs + shorts) : 0;
}

double bounded(double rate, double least, double most) {
  return std::copysign(std::clamp(std::fabs(rate), least, most), rate);
}

/// The rate `dt_s` later, before the lower bound [gmx_v2_code].
double next_rate(const FundingTerms& terms, double rate, double dt_s, double longs, double shorts) {
  const double skew = skew_of(longs, shorts);
  const double side = longs > shorts ? 1 : -1;
  if (rate * side > 0 && skew <= terms.stable) {  // the heavier side already pays
    if (skew >= terms.falling) return rate;
    return std::copysign(std::max(0.0, std::fabs(rate) - terms.decrease * dt_s), rate);
  }
  return bounded(rate + side * skew * terms.increase * dt_s, 0, terms.most);
}

/// Moves the rate over `dt_s` and charges its mean: the exact integral while it moves steadily.
FundingDue accrue_adaptive(const FundingTerms& terms, FundingState& s, double dt_s,
                           const FundingView& view) {
  const double before = s.rate;
  s.rate = next_rate(terms, before, dt_s, view.longs, view.shorts);
  const double rate = bounded((before + s.rate) / 2, terms.least, terms.most);
  const double payers = rate > 0 ? view.longs : view.shorts;
  const double others = rate > 0 ? view.shorts : view.longs;
  if (!(payers > 0 && others > 0)) return {};  // nobody pays, or nobody is there to be paid
  const double paid = std::fabs(rate) * dt_s * std::max(payers, others);
  return rate > 0 ? FundingDue{paid / payers, -paid / others}
                  : FundingDue{-paid / others, paid / payers};
}

}  // namespace

double impact_premium(double impact_bid, double impact_ask, double index) {
  return (std::max(impact_bid - index, 0.0) - std::max(index - impact_ask, 0.0)) / index;
}

std::optional<double> impact_price(std::span<const BookLevel> levels, double notional) {
  if (levels.empty()) return std::nullopt;
  if (notional == 0) return levels[0].price;
  double left = notional, base = 0;
  for (const BookLevel& level : levels) {
    const double taken = std::min(left, level.price * level.size);
    base += taken / level.price;
    left -= taken;
    if (left <= 0) return notional / base;
  }
  return std::nullopt;
}

double stated_rate(const FundingTerms& terms, double average) {
  const double rate = terms.banded
                          ? average + std::clamp(terms.interest - average, -terms.band, terms.band)
                          : average + terms.interest;
  return std::clamp(rate, -terms.cap, terms.cap);
}

FundingDue accrue_funding(const FundingTerms& terms, FundingState& state, double dt_s,
                          const FundingView& view) {
  if (terms.kind == FundingKind::none || dt_s == 0) return {};
  if (terms.kind == FundingKind::adaptive) return accrue_adaptive(terms, state, dt_s, view);
  const double due = accrue_premium(terms, state, dt_s, view.premium);
  return {due, -due};
}

double funding_due_in(const FundingTerms& terms, const FundingState& state) {
  if (terms.kind == FundingKind::none) return std::numeric_limits<double>::infinity();
  if (terms.kind == FundingKind::adaptive || terms.every_s == 0) return 0;
  return terms.every_s - state.elapsed_s;
}

FundingTerms compile_funding(const FundingSpec& s, double initial, double maintenance) {
  FundingTerms t;
  t.kind = s.kind == "premium"    ? FundingKind::premium
           : s.kind == "adaptive" ? FundingKind::adaptive
                                  : FundingKind::none;
  t.averaging = s.average == "rising"   ? Averaging::rising
                : s.average == "median" ? Averaging::median
                                        : Averaging::mean;
  t.banded = s.band.has_value();
  t.interest = s.interest.value;
  t.band = s.band ? s.band->value : 0;
  if (s.cap) t.cap = s.cap->value;
  if (s.cap_of_margin) {
    t.cap = std::min(t.cap, funding_clamp(s.cap_of_margin->value, initial, maintenance));
  }
  if (s.premium_cap) t.premium_cap = s.premium_cap->value;
  t.per_s = s.per.value;
  t.every_s = s.every.value;
  t.most = s.most.value / year_s;
  t.least = s.least.value / year_s;
  t.increase = t.most / s.rise.value;
  t.decrease = s.fall ? t.most / s.fall->value : 0;
  t.stable = s.stable.value;
  t.falling = s.falling.value;
  return t;
}

std::string_view funding_problem(const FundingSpec& s) {
  if (s.kind == "premium" && s.average == "median" &&
      (s.every.value == 0 || std::fmod(s.every.value, 60) != 0)) {
    return "pay medians of minutes over whole minutes, as `every: 1h`";
  }
  if (s.kind == "adaptive" && s.falling.value > s.stable.value) {
    return "keep `falling` at or below `stable`";
  }
  if (s.kind == "adaptive" && s.least.value > s.most.value) return "keep `least` below `most`";
  return {};
}

}  // namespace faultline
