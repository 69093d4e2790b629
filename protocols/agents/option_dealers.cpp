#include "protocols/agents/option_dealers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/math.hpp"

namespace faultline {

namespace {

constexpr double year_s = 365.0 * 86400;
constexpr double ln2 = 0.693147180559945309417;

/// Gamma of a point in units per dollar: "$" is dollars traded per 1% move at that price.
double gamma_of(const Amount& a, double price, const FlowOpening& at) {
  if (a.unit == "$") return a.value / (price * price * 0.01);
  return a.unit == at.asset ? a.value : std::numeric_limits<double>::quiet_NaN();
}

double stretch_gamma(const OptionDealers::Stretch& s, double price) {
  return s.gamma_from + (s.gamma_to - s.gamma_from) * ((price - s.from) / (s.to - s.from));
}

/// Integral of the profile's gamma from below up to `price`.
double gathered(const std::vector<OptionDealers::Stretch>& profile, double price) {
  double sum = 0;
  for (const OptionDealers::Stretch& s : profile) {
    if (price <= s.from) break;
    const double to = std::min(price, s.to);
    sum = s.before + 0.5 * (s.gamma_from + stretch_gamma(s, to)) * (to - s.from);
  }
  return sum;
}

/// The stretch a price stands in; null outside the profile.
const OptionDealers::Stretch* stretch_at(const std::vector<OptionDealers::Stretch>& profile,
                                         double price) {
  for (const OptionDealers::Stretch& s : profile) {
    if (price >= s.from && price < s.to) return &s;
  }
  return nullptr;
}

std::string read_profile(const OptionDealers::Spec& spec, const FlowOpening& at,
                         OptionDealers::Params& p) {
  if (spec.profile.size() == 1) return "a profile needs two points at least";
  for (std::size_t i = 0; i + 1 < spec.profile.size(); ++i) {
    const ProfilePoint &a = spec.profile[i], &b = spec.profile[i + 1];
    if (a.at.unit != "$" || b.at.unit != "$") return "write the prices of a profile in $";
    OptionDealers::Stretch s;
    s.from = a.at.value;
    s.to = b.at.value;
    if (!(s.to > s.from)) return "list the points of a profile by rising price";
    s.gamma_from = gamma_of(a.gamma, s.from, at);
    s.gamma_to = gamma_of(b.gamma, s.to, at);
    if (std::isnan(s.gamma_from + s.gamma_to)) {
      return "write gamma in $ per 1% move or in units of the asset per $1";
    }
    for (const auto* v : {&a.vega, &b.vega}) {
      if (*v && (**v).unit != "$") return "write vega in $ per point of volatility";
    }
    const double va = a.vega ? a.vega->value : 0, vb = b.vega ? b.vega->value : 0;
    s.vanna = 100 * (vb - va) / (s.to - s.from);
    if (!p.profile.empty()) {
      const OptionDealers::Stretch& last = p.profile.back();
      s.before = last.before + 0.5 * (last.gamma_from + last.gamma_to) * (last.to - last.from);
    }
    p.profile.push_back(s);
  }
  return {};
}

/// The lines a grid stands for.
std::string add_grid(const OptionGridSpec& grid, const FlowOpening& at,
                     std::vector<OptionSpec>& out) {
  for (const bool call : {true, false}) {
    const double size = in_units(call ? grid.calls : grid.puts, at);
    if (std::isnan(size)) return "write the sizes of a grid in $ or in units of the asset";
    std::vector<double> strikes, weights;
    double sum = 0;
    for (long i = 0; i < grid.strikes; ++i) {
      const double away = static_cast<double>(i) * grid.step.value * (call ? 1 : -1);
      if (!(1 + away > 0)) break;
      const double z = math::log(1 + away) / grid.spread.value;
      strikes.push_back(at.price * (1 + away));
      weights.push_back(math::exp(-0.5 * z * z));
      sum += weights.back();
    }
    for (std::size_t i = 0; i < strikes.size(); ++i) {
      out.push_back({call ? "call" : "put",
                     {strikes[i], "$"},
                     grid.expiry,
                     {size * (weights[i] / sum), std::string(at.asset)},
                     grid.iv});
    }
  }
  return {};
}

std::string read_options(const OptionDealers::Spec& spec, const FlowOpening& at,
                         OptionDealers::Params& p) {
  std::vector<OptionSpec> lines = spec.options;
  for (const OptionGridSpec& grid : spec.grid) {
    if (const std::string problem = add_grid(grid, at, lines); !problem.empty()) return problem;
  }
  double weight = 0;
  for (const OptionSpec& o : lines) {
    if (o.strike.unit != "$") return "write strikes in $";
    BookRow row;
    row.terms = {o.kind == "put" ? OptionKind::put : OptionKind::call,
                 o.strike.value,
                 o.expiry.value / year_s,
                 o.iv.value,
                 spec.rate.value,
                 spec.yield.value};
    row.expiry_s = o.expiry.value;
    row.size = in_units(o.size, at);
    if (std::isnan(row.size)) return "write the size of an option in $ or in units of the asset";
    p.book.push_back(row);
    p.last_expiry_s = std::max(p.last_expiry_s, row.expiry_s);
    p.implied += std::fabs(row.size) * row.terms.volatility;
    weight += std::fabs(row.size);
  }
  p.implied = weight > 0 ? p.implied / weight : 0.6;
  return {};
}

/// The shift of implied volatility at a price: as remembered, and what the move to it adds.
double shift_at(const OptionDealers::Params& p, const OptionDealers::State& s, double price) {
  if (p.on_fall == 0 || !(price < s.price)) return s.shift;
  return s.shift - p.on_fall * math::log(price / s.price);
}

}  // namespace

Compiled<OptionDealers> OptionDealers::compile(const Spec& spec, const FlowOpening& at) {
  Params p;
  p.opening_price = at.price;
  p.size = spec.size.value;
  p.reversion = spec.iv_half_life ? ln2 / spec.iv_half_life->value : 0;
  p.on_fall = spec.iv_on_fall;
  p.memory_s = spec.realised_over.value;
  p.sample_s = spec.sample.value;
  if (spec.standard_size) {
    const double standard = in_units(*spec.standard_size, at);
    if (!(standard > 0)) return {p, "write `standard_size` above zero, in units of the asset"};
    p.per_unit = 0.01 / standard;
  }
  if (spec.options.empty() && spec.grid.empty() && spec.profile.empty()) {
    return {p, "list `options`, or give a `file`, a `grid` or a `profile`"};
  }
  std::string problem = read_options(spec, at, p);
  if (problem.empty()) problem = read_profile(spec, at, p);
  return {p, problem};
}

FlowHoldings OptionDealers::holds(const Params& p, const State& s, double price) {
  return {target(p, s, {.price = price, .size = p.size}), 0};
}

void OptionDealers::observe(const Params& p, State& s, const FlowSight& sight) {
  const double dt = sight.now_s - s.seen_s, price = sight.price;
  s.seen_s = sight.now_s;
  if (p.reversion > 0) {
    const double kept = math::exp(-p.sample_s / p.memory_s);
    for (; sight.now_s >= s.sample_at_s; s.sample_at_s += p.sample_s) {
      const double then = s.sample_at_s < sight.now_s ? s.price : price;  // it stood until now
      const double r = math::log(then / s.sample_price);
      s.excess = s.excess * kept + (1 - kept) * r * r * (year_s / p.sample_s);
      s.sample_price = then;
    }
    const double realised = std::sqrt(p.implied * p.implied + s.excess) - p.implied;
    s.shift = shift_at(p, s, price);
    s.shift += (realised - s.shift) * (1 - math::exp(-p.reversion * dt));
    if (s.excess < 1e-12) s.excess = 0;
    if (s.excess == 0 && std::fabs(s.shift) < 1e-9) s.shift = 0;
  } else if (p.on_fall > 0) {
    s.shift = shift_at(p, s, price);
  }
  s.price = price;
}

double OptionDealers::target(const Params& p, const State& s, const FlowSight& sight) {
  const double shift = shift_at(p, s, sight.price);
  double delta = book_delta(p.book, sight.price, sight.now_s, shift);
  if (!p.profile.empty()) {
    delta += gathered(p.profile, sight.price) - gathered(p.profile, p.opening_price);
    const Stretch* here = shift == 0 ? nullptr : stretch_at(p.profile, sight.price);
    if (here != nullptr) delta += here->vanna * shift;
  }
  return -sight.size * delta;
}

void OptionDealers::resized(const Params& p, State& s, double from, double to) {
  double sold = 0;
  for (const BookRow& row : p.book) sold -= row.size * (to - from);
  s.shift += p.per_unit * sold;
}

double OptionDealers::most(const Params& p) {
  double units = 0;
  for (const BookRow& row : p.book) units += std::fabs(row.size);
  for (const Stretch& s : p.profile) {
    units += std::max(std::fabs(s.gamma_from), std::fabs(s.gamma_to)) * (s.to - s.from);
  }
  return units * std::fabs(p.size);
}

double OptionDealers::gamma(const Params& p, const State& s, const FlowSight& sight) {
  double sum = book_greeks(p.book, sight.price, sight.now_s, s.shift).gamma;
  const Stretch* here = stretch_at(p.profile, sight.price);
  if (here != nullptr) sum += stretch_gamma(*here, sight.price);
  return sight.size * sum;
}

}  // namespace faultline
