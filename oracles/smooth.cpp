#include "oracles/smooth.hpp"

#include <cassert>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

double just_after(double now_s) {
  return std::nextafter(now_s, never_s);
}

void PriceHistory::clear() {
  entries_.clear();
  first_ = 0;
}

void PriceHistory::add(double now_s, double x) {
  if (size() > 0) {
    Entry& last = entries_.back();
    if (last.x == x) return;
    if (last.at_s == now_s) {
      last.x = x;
      return;
    }
  }
  entries_.push_back({now_s, x});
}

void PriceHistory::forget_before(double from_s) {
  while (size() > 1 && entries_[first_ + 1].at_s <= from_s) ++first_;
  if (first_ <= 64 || first_ < entries_.size() / 2) return;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

double PriceHistory::integral(double from_s, double to_s, double against, double opening) const {
  double sum = 0, until = to_s;
  for (std::size_t i = entries_.size(); i > first_ && until > from_s; --i) {  // newest first
    const Entry& e = entries_[i - 1];
    const double since = e.at_s < from_s ? from_s : e.at_s;
    if (since >= until) continue;
    sum += (e.x - against) * (until - since);
    until = since;
  }
  return until > from_s ? sum + (opening - against) * (until - from_s) : sum;
}

bool PriceHistory::flat(double from_s) const {
  return size() == 0 || (size() == 1 && entries_[first_].at_s <= from_s);
}

double smoothing_entry(Smoothing how, double price, double opening_price) {
  if (how == Smoothing::geometric) return math::log(price / opening_price);
  return how == Smoothing::harmonic ? 1 / price : price;
}

double window_mean(Smoothing how, const PriceHistory& history, double window_s, double now_s,
                   double price_now, double opening_price) {
  const double from_s = now_s - window_s;
  if (history.flat(from_s)) return price_now;
  const double x = smoothing_entry(how, price_now, opening_price);
  const double opening = smoothing_entry(how, opening_price, opening_price);
  const double off = history.integral(from_s, now_s, x, opening) / window_s;
  if (how == Smoothing::geometric) return price_now * math::exp(off);
  return how == Smoothing::harmonic ? 1 / (x + off) : price_now + off;
}

Smooth::Params Smooth::compile(const Spec& spec, bool) {
  constexpr double ln2 = 0.693147180559945309;
  if (spec.twap) {
    return {.smooth_s = spec.twap->value,
            .smoothing = spec.twap_mean == "geometric"    ? Smoothing::geometric
                         : spec.twap_mean == "arithmetic" ? Smoothing::arithmetic
                                                          : Smoothing::harmonic};
  }
  if (spec.ema) return {.smooth_s = spec.ema->value, .smoothing = Smoothing::ema};
  if (spec.half_life) {
    return {.smooth_s = spec.half_life->value / ln2, .smoothing = Smoothing::ema};
  }
  return {};
}

void Smooth::start(const Params&, State& s, double usd, double now_s) {
  s = State{};
  s.ema = Ema::open(usd, now_s);
  s.anchor = usd;
}

void Smooth::apply(const Params& p, State& s, FeedSignal& signal) {
  if (p.smoothing == Smoothing::none || std::isnan(signal.value)) return;
  if (std::isnan(s.anchor)) start(p, s, signal.value, signal.now_s);
  if (p.smoothing == Smoothing::ema) {
    s.ema.step(p.smooth_s, signal.now_s, signal.value);
    s.settling = s.ema.moving();
    signal.value = s.ema.value;
    return;
  }
  assert(signal.history != nullptr);
  PriceHistory& history = *signal.history;
  const double from_s = signal.now_s - p.smooth_s;
  const double entry = smoothing_entry(p.smoothing, signal.value, s.anchor);
  if (history.size() > 0 || signal.value != s.anchor) history.add(signal.now_s, entry);
  history.forget_before(from_s);
  s.settling = !history.flat(from_s);
  signal.value =
      window_mean(p.smoothing, history, p.smooth_s, signal.now_s, signal.value, s.anchor);
}

}  // namespace faultline
