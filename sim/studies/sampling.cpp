#include "sim/studies/sampling.hpp"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "core/math.hpp"
#include "core/rng.hpp"

namespace faultline {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double greatest_below_one = 1.0 - 0x1p-53;

std::string number_text(double x) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
  return std::string(buffer, end);
}

// ln(1 + u) without losing u's low digits: Kahan's correction (Goldberg 1991, theorem 4).
double log1p(double u) {
  const double w = 1.0 + u;
  return w == 1.0 ? u : math::log(w) * u / (w - 1.0);
}

// Γ(a + ½) / Γ(a): the asymptotic series of its logarithm in 1/a (DLMF 5.11.13), reached by the
// recurrence Γ(a + 1) = a·Γ(a).
double gamma_ratio(double a) {
  double factor = 1;
  for (; a < 24; a += 1) factor *= a / (a + 0.5);
  const double i = 1 / a, i2 = i * i;
  const double series =
      i *
      (-1.0 / 8 + i2 * (1.0 / 192 + i2 * (-1.0 / 640 + i2 * (17.0 / 14336 - i2 * 31.0 / 18432))));
  return factor * std::sqrt(a) * math::exp(series);
}

// The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method.
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  const auto kept = [](double v) { return std::fabs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m <= 20000; ++m) {
    const double k = m;
    const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    h *= d * c;
    const double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    const double step = d * c;
    h *= step;
    if (std::fabs(step - 1) < 1e-16) break;
  }
  return h;
}

// Student's t at t ≥ 0: density, P(T > t) and P(0 < T ≤ t), the smaller of the two directly.
struct TPoint {
  double density;
  double tail;
  double centre;
};

// tail = ½·I_x(ν/2, ½), x = ν/(ν + t²). Abramowitz and Stegun 26.7.1, 26.5.
TPoint t_point(double t, double dof) {
  const double a = dof / 2, w = t * t / dof, x = 1 / (1 + w), y = w / (1 + w);
  const double inverse_beta = gamma_ratio(a) / std::sqrt(std::numbers::pi);  // 1 / B(a, ½)
  const double power = math::exp(-a * log1p(w));                             // x^a
  TPoint point{
      .density = power * std::sqrt(x) * inverse_beta / std::sqrt(dof), .tail = 0, .centre = 0};
  if (x < (a + 1) / (a + 2.5)) {
    point.tail = 0.5 * power * std::sqrt(y) * inverse_beta / a * beta_fraction(a, 0.5, x);
    point.centre = 0.5 - point.tail;
  } else {
    point.centre = power * std::sqrt(y) * inverse_beta * beta_fraction(0.5, a, y);
    point.tail = 0.5 - point.centre;
  }
  return point;
}

// t in powers of 1/ν for a great ν. Abramowitz and Stegun 26.7.5.
double t_quantile_expansion(double z, double dof) {
  const double z2 = z * z, i = 1 / dof;
  const double g1 = (z2 + 1) / 4;
  const double g2 = ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z * (1 + i * (g1 + i * (g2 + i * (g3 + i * g4))));
}

// The t ≥ 0 with P(T > t) = q, 0 < q ≤ ½. Newton on ln tail against ln t, which is concave, and on
// the centre near the median; a bracket catches what overshoots.
double t_upper_quantile(double q, double dof) {
  if (dof > 20000) return t_quantile_expansion(-inverse_normal(q), dof);
  const double centre = 0.5 - q;
  double lo = 0, hi = infinity;
  double t = centre / t_point(0, dof).density;
  if (q < 0.3) {  // the first term of the tail: P(T > t) ≈ (ν/t²)^(ν/2) / (ν·B)
    const double scale = dof * q * std::sqrt(std::numbers::pi) / gamma_ratio(dof / 2);
    const double far = std::sqrt(dof) * math::exp(-math::log(scale) / dof);
    t = std::max(t, std::min(far, t_quantile_expansion(-inverse_normal(q), dof)));
  }
  for (int i = 0; i < 200; ++i) {
    const TPoint at = t_point(t, dof);
    const double gap = q < 0.3 ? math::log(at.tail / q) : (centre - at.centre) / q;
    (gap > 0 ? lo : hi) = t;
    double next = q < 0.3 ? t * math::exp(gap * at.tail / (t * at.density))
                          : t + (centre - at.centre) / at.density;
    if (!(next >= lo && next <= hi)) next = hi < infinity ? 0.5 * (lo + hi) : 2 * t;
    if (std::fabs(next - t) <= 1e-15 * next) return next;
    t = next;
  }
  return t;
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

// Normal, Student's t and lognormal are a rising map of a variable symmetric about 0.
double standard_quantile(const Law& law, double p) {
  const auto* t = std::get_if<StudentT>(&law);
  return t != nullptr ? student_t_quantile(p, t->dof) : inverse_normal(p);
}

double standard_cumulative(const Law& law, double z) {
  if (z == infinity) return 1;
  if (z == -infinity) return 0;
  const auto* t = std::get_if<StudentT>(&law);
  return t != nullptr ? student_t_cumulative(z, t->dof) : normal_cumulative(z);
}

double t_scale(const StudentT& t) {
  return t.sd * std::sqrt((t.dof - 2) / t.dof);
}

double from_standard(const Law& law, double z) {
  if (const auto* normal = std::get_if<Normal>(&law)) return normal->mean + normal->sd * z;
  if (const auto* t = std::get_if<StudentT>(&law)) return t->mean + t_scale(*t) * z;
  const auto& lognormal = std::get<Lognormal>(law);
  return math::exp(lognormal.log_median + lognormal.log_sd * z);
}

double to_standard(const Law& law, double x) {
  if (const auto* normal = std::get_if<Normal>(&law)) return (x - normal->mean) / normal->sd;
  if (const auto* t = std::get_if<StudentT>(&law)) return (x - t->mean) / t_scale(*t);
  const auto& lognormal = std::get<Lognormal>(law);
  if (x <= 0) return -infinity;
  if (x == infinity) return infinity;
  return (math::log(x) - lognormal.log_median) / lognormal.log_sd;
}

// The range of p that `between` leaves, taken from the side where it is not close to 1.
struct Mass {
  double from, to;
  bool mirrored;
};

Mass mass_between(const Law& law, const Between& between) {
  const double lo = to_standard(law, between.lo), hi = to_standard(law, between.hi);
  if (lo > 0) return {standard_cumulative(law, -hi), standard_cumulative(law, -lo), true};
  return {standard_cumulative(law, lo), standard_cumulative(law, hi), false};
}

std::string shape_error(const Law& law) {
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  return std::visit(
      Overloaded{[&](const Normal& n) -> std::string {
                   return std::isfinite(n.mean) && positive(n.sd)
                              ? ""
                              : "normal needs a mean and an sd above 0";
                 },
                 [&](const StudentT& t) -> std::string {
                   if (!std::isfinite(t.mean) || !positive(t.sd))
                     return "student_t needs an sd above 0";
                   return std::isfinite(t.dof) && t.dof > 2
                              ? ""
                              : "student_t needs dof above 2: below, it has no standard deviation";
                 },
                 [&](const Lognormal& l) -> std::string {
                   return std::isfinite(l.log_median) && positive(l.log_sd)
                              ? ""
                              : "lognormal needs a positive median and spread";
                 },
                 [&](const Uniform& u) -> std::string {
                   return std::isfinite(u.lo) && std::isfinite(u.hi) && u.lo < u.hi
                              ? ""
                              : "uniform needs two ends, the first below the second";
                 },
                 [&](const Fixed& f) -> std::string {
                   if (f.values.empty()) return "a list needs at least one value";
                   for (const double v : f.values)
                     if (!std::isfinite(v)) return "a listed value is not a number";
                   return "";
                 }},
      law);
}

}  // namespace

// ---- laws ------------------------------------------------------------------------------------

// Φ(z) = ½ + φ(z)·Σ z^(2k+1)/(2k+1)!! in the centre (Abramowitz and Stegun 26.2.11); in the tails
// φ(z) over Laplace's continued fraction z + 1/(z + 2/(z + …)) (26.2.14).
double normal_cumulative(double z) {
  const double density = math::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
  const double x = std::fabs(z);
  if (x >= 3) {
    double fraction = x;
    for (int k = 120; k >= 1; --k) fraction = x + k / fraction;
    const double tail = density / fraction;
    return z < 0 ? tail : 1 - tail;
  }
  double term = z, sum = z;
  for (int k = 1; k < 100 && std::fabs(term) > 1e-18 * std::fabs(sum); ++k) {
    term *= z * z / (2 * k + 1);
    sum += term;
  }
  return 0.5 + density * sum;
}

double student_t_cumulative(double t, double dof) {
  if (dof > 1e6) {  // Abramowitz and Stegun 26.7.8
    return normal_cumulative(t * (1 - 1 / (4 * dof)) / std::sqrt(1 + t * t / (2 * dof)));
  }
  const TPoint at = t_point(std::fabs(t), dof);
  return t < 0 ? at.tail : 0.5 + at.centre;
}

double student_t_quantile(double p, double dof) {
  if (p == 0.5) return 0;
  return p < 0.5 ? -t_upper_quantile(p, dof) : t_upper_quantile(1 - p, dof);
}

std::optional<Lognormal> lognormal_through(StatedQuantile a, StatedQuantile b) {
  const auto proper = [](const StatedQuantile& s) {
    return s.p > 0 && s.p < 1 && std::isfinite(s.value) && s.value > 0;
  };
  if (!proper(a) || !proper(b) || a.p == b.p) return std::nullopt;
  const double za = inverse_normal(a.p), zb = inverse_normal(b.p);
  const double la = math::log(a.value), lb = math::log(b.value);
  const double sd = (lb - la) / (zb - za);
  if (!(sd > 0)) return std::nullopt;
  // The median exactly, if it is one of the two.
  return Lognormal{.log_median = b.p == 0.5 ? lb : la - sd * za, .log_sd = sd};
}

std::string law_error(const Law& law, const std::optional<Between>& between) {
  if (std::string error = shape_error(law); !error.empty() || !between) return error;
  if (std::isnan(between->lo) || std::isnan(between->hi) || !(between->lo < between->hi))
    return "between needs two ends, the first below the second";
  if (std::holds_alternative<Fixed>(law)) return "between does not apply to a list";
  if (const auto* uniform = std::get_if<Uniform>(&law)) {
    const bool meets = std::max(uniform->lo, between->lo) < std::min(uniform->hi, between->hi);
    return meets ? "" : "uniform never lies in between's range";
  }
  const Mass mass = mass_between(law, *between);
  if (mass.to - mass.from > 1e-12) return "";
  return "the law lies in between's range less than once in 10^12";
}

std::string law_text(const Law& law, const std::optional<Between>& between) {
  std::string text = std::visit(
      Overloaded{
          [](const Normal& n) {
            return "normal(mean " + number_text(n.mean) + ", sd " + number_text(n.sd) + ")";
          },
          [](const StudentT& t) {
            return "student_t(mean " + number_text(t.mean) + ", sd " + number_text(t.sd) +
                   ", dof " + number_text(t.dof) + ")";
          },
          [](const Lognormal& l) {
            return "lognormal(median " + number_text(math::exp(l.log_median)) + ", log sd " +
                   number_text(l.log_sd) + ")";
          },
          [](const Uniform& u) {
            return "uniform(" + number_text(u.lo) + ", " + number_text(u.hi) + ")";
          },
          [](const Fixed& f) { return "list(" + std::to_string(f.values.size()) + " values)"; }},
      law);
  if (between) text += " between " + number_text(between->lo) + " and " + number_text(between->hi);
  return text;
}

double quantile(const Law& law, double p, const std::optional<Between>& between) {
  if (const auto* fixed = std::get_if<Fixed>(&law)) {
    const auto n = fixed->values.size();
    return fixed->values[std::min(n - 1, static_cast<std::size_t>(p * static_cast<double>(n)))];
  }
  if (const auto* uniform = std::get_if<Uniform>(&law)) {
    const double lo = between ? std::max(uniform->lo, between->lo) : uniform->lo;
    const double hi = between ? std::min(uniform->hi, between->hi) : uniform->hi;
    return std::clamp(lo + p * (hi - lo), lo, hi);
  }
  if (!between) return from_standard(law, standard_quantile(law, p));
  const Mass mass = mass_between(law, *between);
  const double share = mass.from + (mass.mirrored ? 1 - p : p) * (mass.to - mass.from);
  const double z = standard_quantile(law, std::clamp(share, 1e-300, greatest_below_one));
  return std::clamp(from_standard(law, mass.mirrored ? -z : z), between->lo, between->hi);
}

// ---- correlation -----------------------------------------------------------------------------

Matrix Matrix::identity(std::size_t size) {
  Matrix m(size);
  for (std::size_t i = 0; i < size; ++i) m(i, i) = 1;
  return m;
}

std::optional<Matrix> cholesky(const Matrix& m) {
  double scale = 0;
  for (std::size_t i = 0; i < m.n; ++i) scale = std::max(scale, m(i, i));
  const double tolerance = 1e-10 * scale;
  Matrix l(m.n);
  for (std::size_t j = 0; j < m.n; ++j) {
    double pivot = m(j, j);
    for (std::size_t k = 0; k < j; ++k) pivot -= l(j, k) * l(j, k);
    if (!(pivot >= -tolerance)) return std::nullopt;
    const bool flat = pivot <= tolerance;  // a combination of the ones before it
    l(j, j) = flat ? 0 : std::sqrt(pivot);
    for (std::size_t i = j + 1; i < m.n; ++i) {
      double rest = m(i, j);
      for (std::size_t k = 0; k < j; ++k) rest -= l(i, k) * l(j, k);
      if (flat && !(rest * rest <= 4 * tolerance * std::max(tolerance, m(i, i))))
        return std::nullopt;
      l(i, j) = flat ? 0 : rest / l(j, j);
    }
  }
  return l;
}

namespace {

// One Jacobi rotation of rows and columns p, q of the symmetric m; v gathers the eigenvectors.
// Golub and Van Loan, Matrix Computations, 8.5.
void rotate(Matrix& m, Matrix& v, std::size_t p, std::size_t q) {
  if (m(p, q) == 0) return;
  const double theta = (m(q, q) - m(p, p)) / (2 * m(p, q));
  const double t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (std::size_t k = 0; k < m.n; ++k) {
    const double kp = m(k, p), kq = m(k, q);
    m(k, p) = c * kp - s * kq;
    m(k, q) = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < m.n; ++k) {
    const double pk = m(p, k), qk = m(q, k);
    m(p, k) = c * pk - s * qk;
    m(q, k) = s * pk + c * qk;
    const double kp = v(k, p), kq = v(k, q);
    v(k, p) = c * kp - s * kq;
    v(k, q) = s * kp + c * kq;
  }
}

// The nearest positive semidefinite matrix: negative eigenvalues become 0.
Matrix without_negative_part(Matrix m) {
  Matrix v = Matrix::identity(m.n);
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (std::size_t p = 0; p < m.n; ++p)
      for (std::size_t q = p + 1; q < m.n; ++q) off += m(p, q) * m(p, q);
    if (off < 1e-30) break;
    for (std::size_t p = 0; p < m.n; ++p)
      for (std::size_t q = p + 1; q < m.n; ++q) rotate(m, v, p, q);
  }
  Matrix out(m.n);
  for (std::size_t k = 0; k < m.n; ++k)
    for (std::size_t i = 0; i < m.n && m(k, k) > 0; ++i)
      for (std::size_t j = 0; j < m.n; ++j) out(i, j) += m(k, k) * v(i, k) * v(j, k);
  return out;
}

// Pearson's r of a bivariate normal whose Spearman's rho is given: r = 2 sin(πρ/6). Pearson 1907.
double pearson_of_spearman(double rho) {
  return 2 * math::sin(std::numbers::pi * rho / 6);
}

double spearman_of_pearson(double r) {
  double x = r / 2;  // Newton for asin(r/2), |r/2| ≤ ½
  for (int i = 0; i < 20; ++i) x -= (math::sin(x) - r / 2) / math::cos(x);
  return 6 * x / std::numbers::pi;
}

// The groups of inputs linked by pairs, each sorted by name.
std::vector<std::vector<std::string>> linked_groups(std::span<const RankCorrelation> pairs) {
  std::map<std::string, std::string> leader;  // name -> least name of its group
  for (const auto& pair : pairs) {
    leader.emplace(pair.a, pair.a);
    leader.emplace(pair.b, pair.b);
  }
  for (const auto& pair : pairs) {
    const std::string from = std::max(leader[pair.a], leader[pair.b]);
    const std::string to = std::min(leader[pair.a], leader[pair.b]);
    for (auto& [name, least] : leader)
      if (least == from) least = to;
  }
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& [name, least] : leader) groups[least].push_back(name);
  std::vector<std::vector<std::string>> out;
  for (auto& [least, names] : groups) out.push_back(std::move(names));
  return out;
}

std::size_t place_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::lower_bound(names.begin(), names.end(), name) -
                                  names.begin());
}

Matrix copula_matrix(const std::vector<std::string>& names,
                     std::span<const RankCorrelation> pairs) {
  Matrix m = Matrix::identity(names.size());
  for (const auto& pair : pairs) {
    const std::size_t i = place_of(names, pair.a), j = place_of(names, pair.b);
    if (i == names.size() || names[i] != pair.a || j == names.size() || names[j] != pair.b)
      continue;
    m(i, j) = m(j, i) = pearson_of_spearman(pair.rho);
  }
  return m;
}

// The pairs of one group moved to the nearest that can hold, at two decimals.
std::vector<RankCorrelation> nearest_pairs(const std::vector<std::string>& names,
                                           std::vector<RankCorrelation> pairs) {
  const Matrix wanted = copula_matrix(names, pairs);
  Matrix free(names.size());
  for (const auto& pair : pairs) {
    const std::size_t i = place_of(names, pair.a), j = place_of(names, pair.b);
    free(i, j) = free(j, i) = 1;
  }
  const Matrix nearest = nearest_correlation(wanted, free);
  for (double shrink = 1;; shrink *= 0.998) {
    for (auto& pair : pairs) {
      const double r = nearest(place_of(names, pair.a), place_of(names, pair.b));
      const double hundredths = 100 * shrink * spearman_of_pearson(std::clamp(r, -1.0, 1.0));
      pair.rho = std::trunc(hundredths + (hundredths < 0 ? -1e-6 : 1e-6)) / 100;
    }
    if (cholesky(copula_matrix(names, pairs))) return pairs;
  }
}

}  // namespace

Matrix nearest_correlation(const Matrix& m, const Matrix& free) {
  Matrix y = m, correction(m.n);
  for (int iteration = 0; iteration < 5000; ++iteration) {
    Matrix r = y;
    for (std::size_t c = 0; c < r.cells.size(); ++c) r.cells[c] -= correction.cells[c];
    const Matrix x = without_negative_part(r);
    for (std::size_t c = 0; c < r.cells.size(); ++c) correction.cells[c] = x.cells[c] - r.cells[c];
    double moved = 0;
    for (std::size_t i = 0; i < m.n; ++i) {
      for (std::size_t j = 0; j < m.n; ++j) {
        const double next = i == j ? 1 : free(i, j) != 0 ? x(i, j) : 0;
        moved = std::max({moved, std::fabs(next - y(i, j)), std::fabs(next - x(i, j))});
        y(i, j) = next;
      }
    }
    if (moved < 1e-10) break;
  }
  return y;
}

std::string Impossible::text() const {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  out += " cannot hold together; nearest possible: ";
  for (std::size_t i = 0; i < nearest.size(); ++i)
    out += (i == 0 ? "" : ", ") + number_text(nearest[i].rho);
  return out;
}

std::vector<Impossible> nearest_possible(std::span<const RankCorrelation> pairs) {
  std::vector<Impossible> out;
  for (auto& names : linked_groups(pairs)) {
    std::vector<RankCorrelation> own;
    for (const auto& pair : pairs)
      if (std::binary_search(names.begin(), names.end(), pair.a)) own.push_back(pair);
    if (cholesky(copula_matrix(names, own))) continue;
    Impossible entry;
    entry.nearest = nearest_pairs(names, own);
    for (const auto& pair : own)  // in the order in which people named them
      for (const auto& name : {pair.a, pair.b})
        if (std::find(entry.names.begin(), entry.names.end(), name) == entry.names.end())
          entry.names.push_back(name);
    out.push_back(std::move(entry));
  }
  return out;
}

// ---- samplers --------------------------------------------------------------------------------

std::string sampler_name(SamplerKind kind) {
  switch (kind) {
    case SamplerKind::random:
      return "random";
    case SamplerKind::latin_hypercube:
      return "latin_hypercube";
    case SamplerKind::sobol:
      return "sobol";
    case SamplerKind::grid:
      return "grid";
    case SamplerKind::list:
      return "list";
  }
  return "";
}

namespace {

constexpr std::uint64_t most_sobol_draws = 1ull << 32;
constexpr std::uint64_t most_draws = 1ull << 53;

bool enumerates(SamplerKind kind) {
  return kind == SamplerKind::grid || kind == SamplerKind::list;
}

std::uint64_t levels(const Law& law) {
  return std::get<Fixed>(law).values.size();
}

void check_inputs(const SamplingPlan& plan, std::vector<std::string>& errors) {
  std::map<std::string, int> names;
  std::map<std::uint32_t, std::string> keys;
  for (const Input& input : plan.inputs) {
    if (++names[input.name] == 2) errors.push_back("'" + input.name + "' is varied twice");
    const auto [at, fresh] = keys.emplace(name_key(input.name.c_str()), input.name);
    if (!fresh && at->second != input.name)
      errors.push_back("'" + input.name + "' and '" + at->second + "' share a key: rename one");
    if (const std::string error = law_error(input.law, input.between); !error.empty())
      errors.push_back("'" + input.name + "': " + error);
    if (enumerates(plan.kind) && !std::holds_alternative<Fixed>(input.law))
      errors.push_back("'" + input.name + "': a " + sampler_name(plan.kind) +
                       " takes stated values");
  }
}

void check_draws(const SamplingPlan& plan, std::vector<std::string>& errors) {
  if (plan.inputs.empty()) errors.push_back("nothing to vary");
  if (!enumerates(plan.kind)) {
    if (plan.draws == 0) errors.push_back("draws must be at least 1");
    const bool sobol = plan.kind == SamplerKind::sobol;
    if (plan.draws > (sobol ? most_sobol_draws : most_draws))
      errors.push_back(sobol ? "sobol has at most 2^32 draws" : "too many draws");
    if (sobol && plan.inputs.size() > BOOST_RANDOM_SOBOL_MAX_DIMENSION)
      errors.push_back("sobol takes at most " + std::to_string(BOOST_RANDOM_SOBOL_MAX_DIMENSION) +
                       " inputs");
    return;
  }
  std::uint64_t total = 1;
  for (const Input& input : plan.inputs) {
    if (!std::holds_alternative<Fixed>(input.law)) return;
    const std::uint64_t n = levels(input.law);
    if (plan.kind == SamplerKind::list && n != levels(plan.inputs.front().law))
      errors.push_back("'" + input.name + "' lists " + std::to_string(n) + " values, '" +
                       plan.inputs.front().name + "' " +
                       std::to_string(levels(plan.inputs.front().law)));
    if (n == 0) return;
    if (plan.kind == SamplerKind::grid && total > most_draws / n) {
      errors.push_back("the grid has more than 2^53 points");
      return;
    }
    total *= n;
  }
}

void check_correlations(const SamplingPlan& plan, std::vector<std::string>& errors) {
  if (plan.correlations.empty()) return;
  if (enumerates(plan.kind)) {
    errors.push_back("a " + sampler_name(plan.kind) + " takes no rank_correlation");
    return;
  }
  const std::size_t before = errors.size();
  std::map<std::pair<std::string, std::string>, int> seen;
  for (const auto& pair : plan.correlations) {
    const std::string both = pair.a + ", " + pair.b;
    for (const auto& name : {pair.a, pair.b}) {
      if (std::none_of(plan.inputs.begin(), plan.inputs.end(),
                       [&](const Input& input) { return input.name == name; }))
        errors.push_back("rank_correlation names '" + name + "', which is not varied");
    }
    if (pair.a == pair.b) errors.push_back("rank_correlation of '" + pair.a + "' with itself");
    if (!(pair.rho >= -1 && pair.rho <= 1))
      errors.push_back("rank_correlation of " + both + " must lie between -1 and 1");
    if (++seen[std::minmax(pair.a, pair.b)] == 2)
      errors.push_back("rank_correlation of " + both + " is stated twice");
  }
  if (errors.size() != before) return;
  for (const auto& entry : nearest_possible(plan.correlations)) errors.push_back(entry.text());
}

// Direction numbers of the first `dimensions` Sobol' coordinates, 32 each, read from Boost's public
// engine: it walks in Gray code, so point 2^k is v_k xor v_(k-1), and seed(n) stands before point
// n+1.
std::vector<std::vector<std::uint32_t>> sobol_directions(std::size_t dimensions) {
  boost::random::sobol_engine<std::uint32_t, 32> engine(dimensions);
  std::vector<std::vector<std::uint32_t>> v(dimensions, std::vector<std::uint32_t>(32));
  for (unsigned k = 0; k < 32; ++k) {
    engine.seed((1u << k) - 1);
    for (auto& column : v) column[k] = engine() ^ (k == 0 ? 0 : column[k - 1]);
  }
  return v;
}

// Owen's nested uniform scrambling (1995): each binary digit is flipped by a coin keyed by the
// digits above it; below the 32 digits of the sequence all is random.
double owen_scrambled(std::uint32_t point, DrawKey key) {
  std::uint64_t node = 1, out = 0;  // node numbers the prefixes read so far, as in a heap
  for (unsigned digit = 32; digit-- > 0;) {
    const std::uint64_t bit = (point >> digit) & 1u;
    key.scenario = node;
    const std::uint64_t flip = uniform(key) < 0.5 ? 1 : 0;
    out = (out << 1) | (bit ^ flip);
    node = (node << 1) | bit;
  }
  key.scenario = node;
  return std::min((static_cast<double>(out) + uniform(key)) * 0x1p-32, greatest_below_one);
}

// A permutation of 0 .. n-1 by a keyed Feistel network over the next even power of two, walked
// until it falls inside. Black and Rogaway 2002.
std::uint64_t permuted(std::uint64_t x, std::uint64_t n, DrawKey key) {
  unsigned half = 3;
  while (half < 27 && (1ull << (2 * half)) < n) ++half;
  const std::uint64_t mask = (1ull << half) - 1;
  do {
    std::uint64_t left = x >> half, right = x & mask;
    for (std::uint32_t round = 0; round < 8; ++round) {
      key.scenario = right;
      key.index = round;
      const auto mixed = static_cast<std::uint64_t>(uniform(key) * static_cast<double>(mask + 1));
      const std::uint64_t next = left ^ mixed;
      left = right;
      right = next;
    }
    x = (left << half) | right;
  } while (x >= n);
  return x;
}

}  // namespace

std::vector<std::string> plan_errors(const SamplingPlan& plan) {
  std::vector<std::string> errors;
  check_inputs(plan, errors);
  check_draws(plan, errors);
  check_correlations(plan, errors);
  return errors;
}

Sampler::Sampler(const SamplingPlan& plan)
    : kind_(plan.kind), seed_(plan.seed), draws_(plan.draws) {
  std::vector<std::size_t> order(plan.inputs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return plan.inputs[a].name < plan.inputs[b].name;
  });
  std::vector<std::string> names;
  for (const std::size_t place : order) {
    const Input& input = plan.inputs[place];
    names.push_back(input.name);
    columns_.push_back({.law = input.law,
                        .between = input.between,
                        .key = name_key(input.name.c_str()),
                        .place = place,
                        .stride = 1,
                        .directions = {},
                        .linked = false});
  }
  if (kind_ == SamplerKind::sobol) {
    auto directions = sobol_directions(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].directions = directions[i];
  }
  if (kind_ == SamplerKind::grid) {
    draws_ = 1;
    for (std::size_t i = columns_.size(); i-- > 0;) {
      columns_[i].stride = draws_;
      draws_ *= levels(columns_[i].law);
    }
  }
  if (kind_ == SamplerKind::list) draws_ = levels(columns_.front().law);
  if (plan.correlations.empty()) return;
  factor_ = cholesky(copula_matrix(names, plan.correlations)).value();
  for (std::size_t i = 0; i < columns_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) columns_[i].linked |= factor_(i, j) != 0;
}

double Sampler::unit(const Column& column, std::uint64_t id) const {
  static const std::uint32_t draw = name_key("draw"), owen = name_key("owen"),
                             strata = name_key("strata");
  if (kind_ == SamplerKind::sobol) {
    std::uint32_t point = 0;
    for (std::size_t k = 0; k < 32; ++k)
      if ((id >> k) & 1u) point ^= column.directions[k];
    return owen_scrambled(point, {.seed = seed_, .entity = column.key, .purpose = owen});
  }
  const double u = uniform({.seed = seed_, .scenario = id, .entity = column.key, .purpose = draw});
  if (kind_ == SamplerKind::random) return u;
  const DrawKey key{.seed = seed_, .entity = column.key, .purpose = strata};
  const double stratum = static_cast<double>(permuted(id, draws_, key));
  return std::min((stratum + u) / static_cast<double>(draws_), greatest_below_one);
}

void Sampler::draw(std::uint64_t id, std::span<double> out) const {
  std::vector<double> z(factor_.n);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (enumerates(kind_)) {
      const auto& values = std::get<Fixed>(column.law).values;
      const std::uint64_t at = kind_ == SamplerKind::list ? id : id / column.stride % values.size();
      out[column.place] = values[at];
      continue;
    }
    double p = unit(column, id);
    if (factor_.n != 0) z[i] = inverse_normal(p);
    if (column.linked) {
      double mixed = 0;
      for (std::size_t j = 0; j <= i; ++j) mixed += factor_(i, j) * z[j];
      p = std::clamp(normal_cumulative(mixed), 1e-300, greatest_below_one);
    }
    out[column.place] = quantile(column.law, p, column.between);
  }
}

}  // namespace faultline
