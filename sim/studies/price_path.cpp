#include "sim/studies/price_path.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "sim/studies/sampling.hpp"

namespace faultline {
namespace {

constexpr double seconds_per_year = 365.0 * 86400.0;

const std::uint32_t increment_purpose = name_key("path increment");
const std::uint32_t mixing_purpose = name_key("path mixing");
const std::uint32_t arrival_purpose = name_key("path jump arrivals");
const std::uint32_t moment_purpose = name_key("path jump moment");

// A chi-squared number with dof > 2 degrees of freedom, from keyed draws: twice a gamma number of
// shape dof/2. Marsaglia and Tsang, ACM TOMS 26 (2000).
double chi_squared(double dof, DrawKey key) {
  const double d = dof / 2 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (std::uint32_t attempt = 0;; ++attempt) {
    key.purpose = mixing_purpose + 2 * attempt;
    const double x = standard_normal(key);
    const double v = 1 + c * x;
    if (v <= 0) continue;
    key.purpose = mixing_purpose + 2 * attempt + 1;
    const double v3 = v * v * v;
    if (math::log(uniform(key)) < 0.5 * x * x + d - d * v3 + d * math::log(v3)) return 2 * d * v3;
  }
}

// The Poisson number with this mean at the quantile u, by adding up its probabilities.
unsigned poisson(double mean, double u) {
  double probability = math::exp(-mean), sum = probability;
  unsigned k = 0;
  while (u > sum && k < 1000) {
    ++k;
    probability *= mean / k;
    sum += probability;
  }
  return k;
}

Matrix step_covariance(const PathModel& model, const std::vector<std::size_t>& order) {
  const std::size_t n = order.size();
  Matrix m(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      m(i, j) =
          model.covariance_per_year[order[i] * n + order[j]] * model.fine_step_s / seconds_per_year;
  return m;
}

std::vector<std::size_t> order_by_name(const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return names[a] < names[b]; });
  return order;
}

std::string jump_error(const JumpModel& jump, std::size_t assets, double step_s) {
  if (jump.mean_log.size() != assets || jump.sd_log.size() != assets)
    return "jump '" + jump.name + "' must state a mean and an sd for every asset";
  if (!(jump.per_year >= 0) || !std::isfinite(jump.per_year))
    return "jump '" + jump.name + "' needs a number of arrivals per year, 0 or more";
  if (jump.per_year * step_s / seconds_per_year > 100)
    return "jump '" + jump.name + "' arrives more than 100 times per fine step";
  for (std::size_t i = 0; i < assets; ++i)
    if (!std::isfinite(jump.mean_log[i]) || !(jump.sd_log[i] >= 0) ||
        !std::isfinite(jump.sd_log[i]))
      return "jump '" + jump.name + "' needs finite means and sds of 0 or more";
  return "";
}

}  // namespace

std::string path_error(const PathModel& model) {
  const std::size_t n = model.assets.size();
  if (n == 0) return "a random path needs an asset";
  if (std::set<std::string>(model.assets.begin(), model.assets.end()).size() != n)
    return "a random path names an asset twice";
  std::set<std::uint32_t> keys;
  for (const auto& name : model.assets) keys.insert(name_key(name.c_str()));
  if (keys.size() != n) return "two assets share a key: rename one";
  if (model.growth_per_year.size() != n || model.covariance_per_year.size() != n * n)
    return "a random path of " + std::to_string(n) + " assets needs as many growth rates and a " +
           std::to_string(n) + " by " + std::to_string(n) + " covariance";
  if (!(model.fine_step_s > 0) || !std::isfinite(model.fine_step_s))
    return "the fine step must be above 0 seconds";
  if (model.dof != 0 && !(model.dof > 2 && std::isfinite(model.dof)))
    return "dof must be above 2 (or 0 for normal increments)";
  for (const double g : model.growth_per_year)
    if (!std::isfinite(g)) return "a growth rate is not a number";
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const double c = model.covariance_per_year[i * n + j];
      if (!std::isfinite(c)) return "a covariance is not a number";
      if (c != model.covariance_per_year[j * n + i]) return "the covariance must be symmetric";
    }
  if (!cholesky(step_covariance(model, order_by_name(model.assets))))
    return "the covariance is not positive semidefinite: no prices can move so";
  std::set<std::string> jump_names;
  for (const auto& jump : model.jumps) {
    if (!jump_names.insert(jump.name).second) return "jump '" + jump.name + "' is stated twice";
    if (std::string error = jump_error(jump, n, model.fine_step_s); !error.empty()) return error;
  }
  return "";
}

// Log moves of one fine step, by name: the straight part, and the jump at a moment in (0, 1).
struct PathSampler::Moves {
  explicit Moves(std::size_t n) : straight(n), jump(n), moment(n, 1.0), z(n) {}
  std::vector<double> straight, jump, moment, z;
};

PathSampler::PathSampler(const PathModel& model) : dof_(model.dof), step_s_(model.fine_step_s) {
  const auto order = order_by_name(model.assets);
  const std::size_t n = order.size();
  const double years = step_s_ / seconds_per_year;
  for (const std::size_t place : order) {
    const double variance = model.covariance_per_year[place * n + place];
    columns_.push_back({.key = name_key(model.assets[place].c_str()),
                        .place = place,
                        .drift_step = (model.growth_per_year[place] - variance / 2) * years});
  }
  factor_ = cholesky(step_covariance(model, order)).value().cells;
  for (const JumpModel& jump : model.jumps) {
    Jump& own = jumps_.emplace_back();
    own.key = name_key(jump.name.c_str());
    own.rate_step = jump.per_year * years;
    for (const std::size_t place : order) {
      own.mean.push_back(jump.mean_log[place]);
      own.sd.push_back(jump.sd_log[place]);
    }
  }
  std::sort(jumps_.begin(), jumps_.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
}

// Δx = drift + L·z·√((ν − 2)/χ²_ν); the root is 1 with normal increments.
void PathSampler::draw_step(const Draw& draw, Moves& moves) const {
  const std::size_t n = columns_.size();
  DrawKey key{.seed = draw.seed, .scenario = draw.scenario, .index = draw.step};
  key.purpose = increment_purpose;
  for (std::size_t i = 0; i < n; ++i) {
    key.entity = columns_[i].key;
    moves.z[i] = standard_normal(key);
  }
  key.entity = 0;
  const double stretch = dof_ == 0 ? 1 : std::sqrt((dof_ - 2) / chi_squared(dof_, key));
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j <= i; ++j) sum += factor_[i * n + j] * moves.z[j];
    moves.straight[i] = columns_[i].drift_step + stretch * sum;
    moves.jump[i] = 0;
    moves.moment[i] = 1;
  }
  if (!jumps_.empty()) draw_jumps(draw, moves);
}

// k arrivals in a step move a log price by N(k·mean, k·sd²); they fall on one moment of the step,
// and where two kinds of jump meet in one step, on the earlier.
void PathSampler::draw_jumps(const Draw& draw, Moves& moves) const {
  for (const Jump& jump : jumps_) {
    DrawKey key{.seed = draw.seed, .scenario = draw.scenario, .index = draw.step};
    key.entity = jump.key;
    key.purpose = arrival_purpose;
    const unsigned arrivals = poisson(jump.rate_step, uniform(key));
    if (arrivals == 0) continue;
    key.purpose = moment_purpose;
    const double moment = uniform(key);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (jump.mean[i] == 0 && jump.sd[i] == 0) continue;
      key.entity = columns_[i].key;
      key.purpose = jump.key;
      moves.jump[i] += arrivals * jump.mean[i] +
                       std::sqrt(static_cast<double>(arrivals)) * jump.sd[i] * standard_normal(key);
      moves.moment[i] = std::min(moves.moment[i], moment);
    }
  }
}

void PathSampler::sample(std::uint64_t seed, std::uint64_t scenario,
                         std::span<const double> times_s, std::span<double> out) const {
  const std::size_t n = columns_.size();
  assert(out.size() == times_s.size() * n);
  std::vector<double> at(n, 0.0);  // log prices at the start of fine step `step`
  Moves moves(n);
  std::uint32_t step = 0;
  bool drawn = false;
  for (std::size_t row = 0; row < times_s.size(); ++row) {
    assert(times_s[row] >= 0 && times_s[row] / step_s_ < 4294967295.0);
    assert(row == 0 || times_s[row] >= times_s[row - 1]);
    const double whole = std::floor(times_s[row] / step_s_);
    const double part = times_s[row] / step_s_ - whole;
    while (step < static_cast<std::uint32_t>(whole)) {
      if (!drawn) draw_step({seed, scenario, step}, moves);
      for (std::size_t i = 0; i < n; ++i) at[i] += moves.straight[i] + moves.jump[i];
      ++step;
      drawn = false;
    }
    if (part > 0 && !drawn) {
      draw_step({seed, scenario, step}, moves);
      drawn = true;
    }
    for (std::size_t i = 0; i < n; ++i) {
      double x = at[i];
      if (part > 0) x += part * moves.straight[i] + (part >= moves.moment[i] ? moves.jump[i] : 0);
      out[row * n + columns_[i].place] = math::exp(x);
    }
  }
}

std::string path_error(const StatedPath& path) {
  if (path.times_s.empty()) return "a path needs at least one point";
  if (path.times_s.size() != path.values.size()) return "a path needs one value per time";
  for (std::size_t i = 0; i < path.times_s.size(); ++i) {
    const std::string where = " (point " + std::to_string(i + 1) + ")";
    if (!std::isfinite(path.times_s[i])) return "a time of the path is not a number" + where;
    if (!std::isfinite(path.values[i]) || path.values[i] <= 0)
      return "a value of the path is not above 0" + where;
    if (i > 0 && !(path.times_s[i] > path.times_s[i - 1]))
      return "the times of a path must rise" + where;
  }
  return "";
}

// v = v0·(v1/v0)^((t − t0)/(t1 − t0)).
double value_at(const StatedPath& path, double time_s) {
  const auto after = std::upper_bound(path.times_s.begin(), path.times_s.end(), time_s);
  if (after == path.times_s.begin()) return path.values.front();
  const auto i = static_cast<std::size_t>(after - path.times_s.begin()) - 1;
  if (after == path.times_s.end() || path.between == Interpolation::step ||
      path.times_s[i] == time_s)
    return path.values[i];
  const double share = (time_s - path.times_s[i]) / (path.times_s[i + 1] - path.times_s[i]);
  return path.values[i] * math::exp(share * math::log(path.values[i + 1] / path.values[i]));
}

}  // namespace faultline
