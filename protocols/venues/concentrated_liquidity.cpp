#include "protocols/venues/concentrated_liquidity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faultline {

namespace {

using Params = ConcentratedLiquidity::Params;
using State = ConcentratedLiquidity::State;

/// Where a walk ends: root and interval, and what was taken, all at scale 1.
struct Walk {
  double root;
  std::int32_t interval;
  double out;
};

/// Base that brings s down from `high` to `low` in one interval: L*(1/low - 1/high).
double base_between(double liquidity, double low, double high) {
  if (std::isinf(high)) return liquidity / low;
  return liquidity * ((high - low) / (low * high));
}

/// Sells `left` base (net of fee, at scale 1) down the intervals.
Walk walk_down(const Params& p, double root, std::int32_t i, double left) {
  double out = 0;
  for (;; --i) {
    const auto k = static_cast<std::size_t>(i);
    const double low = p.root[k], l = p.liquidity[k];
    const bool whole = root == p.root[k + 1];
    const double room = whole ? p.base_cap[k] : base_between(l, low, root);
    if (left <= room) {
      if (!(left > 0)) return {root, i, out};
      const double next = std::max(root / (1 + left * root / l), low);
      return {next, i, out + left * root * next};
    }
    out += whole ? p.quote_cap[k] : l * (root - low);
    left -= room;
    root = low;
    if (i == 0) return {root, i, out};
  }
}

/// Buys with `left` quote up the intervals.
Walk walk_up(const Params& p, double root, std::int32_t i, double left) {
  const auto last = static_cast<std::int32_t>(p.liquidity.size()) - 1;
  double out = 0;
  for (;; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double high = p.root[k + 1], l = p.liquidity[k];
    const bool whole = root == p.root[k];
    const double room = whole ? p.quote_cap[k] : l * (high - root);
    if (left <= room) {
      if (!(left > 0)) return {root, i, out};
      const double next = std::min(root + left / l, high);
      return {next, i, out + left / (root * next)};
    }
    out += whole ? p.base_cap[k] : base_between(l, root, high);
    left -= room;
    root = high;
    if (i == last) return {root, i, out};
  }
}

Walk walk(const Params& p, const State& s, Side side, double in) {
  if (!(s.scale > 0)) return {s.root, s.interval, 0};
  const double net = (1 - s.fee) * in / s.scale;
  return side == Side::sell ? walk_down(p, s.root, s.interval, net)
                            : walk_up(p, s.root, s.interval, net);
}

/// A walk that should stop at a gap's near edge must not slip across by rounding: it stays this
/// share of its input short of it.
constexpr double short_of_gap = 1 - 0x1p-44;

/// Net input, at scale 1, that moves s from where it is to `goal` or to the end of all ranges.
double cost_down(const Params& p, double root, std::int32_t i, double goal) {
  double sum = 0;
  bool gap = false;
  for (; root > goal; --i) {
    const auto k = static_cast<std::size_t>(i);
    const double low = std::max(p.root[k], goal), l = p.liquidity[k];
    if (l > 0) sum += base_between(l, low, root);
    gap = l == 0 || (low == p.root[k] && k > 0 && p.liquidity[k - 1] == 0);
    root = low;
    if (i == 0) break;
  }
  return gap ? sum * short_of_gap : sum;
}

double cost_up(const Params& p, double root, std::int32_t i, double goal) {
  const auto last = static_cast<std::int32_t>(p.liquidity.size()) - 1;
  double sum = 0;
  bool gap = false;
  for (; root < goal; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const double high = std::min(p.root[k + 1], goal), l = p.liquidity[k];
    if (l > 0) sum += l * (high - root);
    gap = l == 0 || (high == p.root[k + 1] && i < last && p.liquidity[k + 1] == 0);
    root = high;
    if (i == last) break;
  }
  return gap ? sum * short_of_gap : sum;
}

/// A range's end: L starts or stops there.
struct Edge {
  double root;
  double change;
  int count;
};

/// Boundaries and active L from the edges, in order; compensated (two-sum), so that a large range
/// that ends leaves no trace in the small ones beyond, and exactly 0 where no range stands.
void lay_intervals(std::span<const Edge> edges, Params& p) {
  double sum = 0, rest = 0;
  int standing = 0;
  for (std::size_t j = 0; j < edges.size();) {
    const double at = edges[j].root;
    for (; j < edges.size() && edges[j].root == at; ++j) {
      const double x = edges[j].change, total = sum + x;
      const double part = total - sum;
      rest += (sum - (total - part)) + (x - part);
      sum = total;
      standing += edges[j].count;
    }
    p.root.push_back(at);
    if (j < edges.size()) p.liquidity.push_back(standing > 0 ? sum + rest : 0.0);
  }
}

}  // namespace

Compiled<ConcentratedLiquidity> ConcentratedLiquidity::from_ranges(
    std::span<const LiquidityRange> ranges, double fee, double price) {
  Params p;
  p.fee = fee;
  std::vector<Edge> edges;
  edges.reserve(2 * ranges.size());
  for (const LiquidityRange& r : ranges) {
    if (r.liquidity == 0) continue;
    if (!(r.price_lower >= 0 && r.price_lower < r.price_upper && r.liquidity > 0)) {
      return {p, "write ranges with 0 <= price_lower < price_upper and liquidity >= 0"};
    }
    edges.push_back({std::sqrt(r.price_lower), r.liquidity, 1});
    edges.push_back({std::sqrt(r.price_upper), -r.liquidity, -1});
  }
  if (edges.empty()) return {p, "write at least one range with liquidity"};
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return a.root < b.root || (a.root == b.root && a.change < b.change);
  });
  lay_intervals(edges, p);
  const std::size_t n = p.liquidity.size();
  for (std::size_t k = 0; k < n; ++k) {
    const double l = p.liquidity[k], low = p.root[k], high = p.root[k + 1];
    p.base_cap.push_back(l > 0 ? base_between(l, low, high) : 0);
    p.quote_cap.push_back(l > 0 ? l * (high - low) : 0);
  }
  p.opening_root = std::sqrt(price);
  if (!(p.opening_root > 0 && p.opening_root >= p.root.front() && p.opening_root <= p.root.back() &&
        std::isfinite(price))) {
    return {p, "write an opening price that lies inside the ranges"};
  }
  const auto above = std::upper_bound(p.root.begin(), p.root.end() - 1, p.opening_root);
  p.opening_interval = std::max(0, static_cast<std::int32_t>(above - p.root.begin()) - 1);
  return {p, {}};
}

// A range from P/(1+w) to P*(1+w) with liquidity L is worth 2*L*s*(1 - 1/sqrt(1+w)) in quote, half
// of it in each token, and 2*L*s over all prices.
Compiled<ConcentratedLiquidity> ConcentratedLiquidity::compile(
    const Spec& spec, const Opening& at, std::span<const LiquidityRange> ranges) {
  const double price = spec.price ? spec.price->value : at.price();
  if (spec.price && spec.price->unit != at.quote) {
    return {{}, "write the opening price in the quote asset"};
  }
  if (spec.liquidity.has_value() == spec.ranges.has_value()) {
    return {{}, "write either `liquidity` or `ranges`"};
  }
  if (spec.ranges) return from_ranges(ranges, spec.fee.value, price);
  const double worth = in_quote(*spec.liquidity, at);
  if (!(worth > 0)) return {{}, "write a liquidity above zero in $, base or quote"};
  const double root = std::sqrt(price), wide = 1 + spec.width.value;
  const double everywhere = spec.full_range.value;
  const double near = (1 - everywhere) * worth / (2 * root * (1 - 1 / std::sqrt(wide)));
  const LiquidityRange shape[] = {
      {price / wide, price * wide, near},
      {0, std::numeric_limits<double>::infinity(), everywhere * worth / (2 * root)}};
  return from_ranges(shape, spec.fee.value, price);
}

State ConcentratedLiquidity::open(const Params& p) {
  State s{.root = p.opening_root, .interval = p.opening_interval};
  s.base = curve_base(p, s);
  s.quote = curve_quote(p, s);
  s.fee = p.fee;
  return s;
}

double ConcentratedLiquidity::curve_base(const Params& p, const State& s) {
  const auto i = static_cast<std::size_t>(s.interval);
  const double l = p.liquidity[i];
  double sum = l > 0 ? base_between(l, s.root, p.root[i + 1]) : 0;
  for (std::size_t k = i + 1; k < p.base_cap.size(); ++k) sum += p.base_cap[k];
  return s.scale * sum;
}

double ConcentratedLiquidity::curve_quote(const Params& p, const State& s) {
  const auto i = static_cast<std::size_t>(s.interval);
  double sum = p.liquidity[i] * (s.root - p.root[i]);
  for (std::size_t k = i; k-- > 0;) sum += p.quote_cap[k];
  return s.scale * sum;
}

Fill ConcentratedLiquidity::fill(const Params& p, const State& s, Side side, double in) {
  const Walk w = walk(p, s, side, in);
  const double price = w.root * w.root, kept = 1 - s.fee;
  const double held = side == Side::sell ? s.quote : s.base;  // binds by rounding only
  return {std::min(s.scale * w.out, held), price, side == Side::sell ? kept * price : kept / price};
}

double ConcentratedLiquidity::in_to_price(const Params& p, const State& s, Side side,
                                          double target) {
  if (!(target >= 0)) return 0;
  const double goal = std::sqrt(target);
  const double net = side == Side::sell ? cost_down(p, s.root, s.interval, goal)
                                        : cost_up(p, s.root, s.interval, goal);
  return s.scale * net / (1 - s.fee);
}

double ConcentratedLiquidity::most_in(const Params& p, const State& s, Side side) {
  if (!(s.scale > 0)) return 0;
  return in_to_price(p, s, side, side == Side::sell ? 0 : std::numeric_limits<double>::infinity());
}

// Summed interval by interval until there is room enough: the whole way is long. Rounding keeps the
// order of sums of what is not below 0.
bool ConcentratedLiquidity::fits(const Params& p, const State& s, Side side, double in) {
  if (!(s.scale > 0)) return in <= 0;
  const auto enough = [&](double sum) {
    return s.scale * (sum * short_of_gap) / (1 - s.fee) >= in;
  };
  const auto last = static_cast<std::int32_t>(p.liquidity.size()) - 1;
  const std::int32_t way = side == Side::sell ? -1 : 1;
  double sum = 0, root = s.root;
  for (std::int32_t i = s.interval; i >= 0 && i <= last; i += way) {
    const auto k = static_cast<std::size_t>(i);
    const double l = p.liquidity[k], end = side == Side::sell ? p.root[k] : p.root[k + 1];
    if (l > 0) sum += side == Side::sell ? base_between(l, end, root) : l * (end - root);
    if (enough(sum)) return true;
    root = end;
  }
  return in <= most_in(p, s, side);
}

void ConcentratedLiquidity::apply(const Params& p, State& s, Side side, double given,
                                  double taken) {
  const Walk w = walk(p, s, side, given);
  s.root = w.root;
  s.interval = w.interval;
  s.base += side == Side::sell ? given : -taken;
  s.quote += side == Side::sell ? -taken : given;
}

void ConcentratedLiquidity::withdraw(const Params&, State& s, double share) {
  s.scale *= 1 - share;
  s.base *= 1 - share;
  s.quote *= 1 - share;
}

}  // namespace faultline
