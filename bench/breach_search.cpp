// What the breach search costs against a full scan, on four price paths with liquidations fed back.
//
//   bench_breach_search [--check] [--rows N] [--path NAME] | --build N
//
// 1M accounts of 4 collateral and 2 debt legs; 32 markets of 12 collateral and 4 debt assets each,
// 8 mixes a market; 300 rounds. A path is driven twice from the same start, once by the search and
// once by the scan; both must execute the same rows in the same rounds (the hash). The search's
// time includes keeping the list of rows worth acting on and telling what was touched. --check also
// compares them round by round.
// --build N times a book of N rows instead.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/simd.hpp"
#include "protocols/margin/book.hpp"
#include "protocols/margin/breach_search.hpp"

using namespace faultline;

namespace {

constexpr std::uint32_t kMarkets = 32, kMixes = 8, kRounds = 300;
constexpr std::uint32_t kCollateralAssets = 12, kDebtAssets = 4;
constexpr std::uint32_t kAssets = kCollateralAssets + kDebtAssets;
constexpr std::uint32_t kFactors = kMarkets * kAssets;
constexpr std::uint32_t kCollateralLegs = 4, kLegs = 6;

struct Random {
  std::uint64_t state;

  std::uint64_t bits() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(bits() % n); }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double normal() {  // Irwin-Hall: no libm, same bits anywhere
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Prices, thresholds and interest; factors follow from them.
struct World {
  double price[kAssets];
  double weight[kFactors];
  double index = 1.0;
  std::vector<double> y = std::vector<double>(kFactors);

  World() {
    Random random{42};
    for (std::uint32_t a = 0; a < kAssets; ++a)
      price[a] = a < kCollateralAssets || a + 1 == kAssets ? 1.0 + 3000.0 * random.unit() : 1.0;
    for (std::uint32_t f = 0; f < kFactors; ++f)
      weight[f] = f % kAssets < kCollateralAssets ? 0.70 + 0.15 * random.unit() : 1.0;
    set_factors();
  }
  void set_factors() {
    for (std::uint32_t f = 0; f < kFactors; ++f)
      y[f] = price[f % kAssets] * weight[f] * (f % kAssets < kCollateralAssets ? 1.0 : index);
  }
};

struct Path {
  const char* name;
  const char* text;
  double noise;                           // standard deviation of an asset's own return, a round
  double target;                          // least ratio of scan to search we aim for
  double (*common)(std::uint32_t round);  // return of all volatile assets in a round, times beta
};

const Path kPaths[] = {
    {"crash", "-17% in rounds 20-50, then noise; own noise 10 bp a round", 1e-3, 12.0,
     [](std::uint32_t r) { return r >= 20 && r < 50 ? -0.006192 : 0.0; }},
    {"drip", "-30% steadily; own noise 5 bp", 5e-4, 12.0, [](std::uint32_t) { return -0.001188; }},
    {"sawtooth", "10 rounds down 5%, 10 up, 15 times; own noise 5 bp", 5e-4, 5.0,
     [](std::uint32_t r) { return r % 20 < 10 ? -0.005116 : 0.005143; }},
    {"calm", "-5% in 10 rounds, then own noise only; 2 bp", 2e-4, 12.0,
     [](std::uint32_t r) { return r < 10 ? -0.005116 : 0.0; }},
};

// Betas 0.85 to 1.15; the last debt asset is volatile, the others are stable within 1 bp of noise.
void move_prices(World& world, const Path& path, std::uint32_t round) {
  Random random{1000003ull * (round + 1)};
  for (std::uint32_t a = 0; a < kAssets; ++a) {
    const double draw = random.normal();
    const double beta = 0.85 + 0.3 * (a % kCollateralAssets) / (kCollateralAssets - 1);
    if (a < kCollateralAssets || a + 1 == kAssets) {
      world.price[a] *= 1.0 + beta * path.common(round) + path.noise * draw;
    } else {
      world.price[a] += 0.5 * (1.0 - world.price[a]) + 1e-4 * draw;
    }
  }
  world.index *= 1.0 + 1e-7;  // 5% a year in minutes
  world.set_factors();
}

// Health 1.02 and up: a quarter below 1.25, median 1.7; sizes over four decades.
Book make_book(std::uint32_t rows, const World& world, double& added_s, double& built_s) {
  Random random{7};
  std::uint32_t mix[kMarkets][kMixes][kLegs];
  for (auto& market : mix) {
    for (auto& legs : market) {
      const std::uint32_t c = random.below(kCollateralAssets), d = random.below(kDebtAssets);
      const std::uint32_t step = 1 + random.below(3);
      for (std::uint32_t i = 0; i < kCollateralLegs; ++i)
        legs[i] = (c + i * step) % kCollateralAssets;
      legs[4] = kCollateralAssets + d;
      legs[5] = kCollateralAssets + (d + 1) % kDebtAssets;
      std::sort(legs, legs + kCollateralLegs);
      std::sort(legs + kCollateralLegs, legs + kLegs);
    }
  }
  const double start = seconds();
  BookBuilder builder;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint32_t market = random.below(kMarkets);
    const auto& assets = mix[market][random.below(kMixes)];
    const double u = random.unit(), v = random.unit();
    const double health = 1.02 + 0.7 * u / (1.0 - 0.99 * u);
    const double size_usd = 300.0 + 1e6 * v * v * v * v;
    LegInput legs[kLegs];
    double collateral = 0.0;
    for (std::uint32_t leg = 0; leg < kLegs; ++leg) {
      const std::uint32_t factor = market * kAssets + assets[leg];
      const double share = leg < kCollateralLegs ? 0.1 + random.unit() : 0.5;
      const double value = leg < kCollateralLegs ? size_usd * share : collateral * 0.5 / health;
      legs[leg] = {factor, value / world.y[factor], leg >= kCollateralLegs};
      if (leg < kCollateralLegs) collateral += value;
    }
    builder.add_row(market, legs);
  }
  const double mid = seconds();
  Book book = std::move(builder).build(world.y);
  added_s = mid - start;
  built_s = seconds() - mid;
  return book;
}

// Repays half of the larger debt leg against 1.05 of its value from the largest collateral leg.
// False, and nothing done, where less than $1 would be repaid.
bool liquidate(Positions& positions, const World& world, std::uint32_t row) {
  const Book& book = positions.book();
  double amount[kLegs], value[kLegs];
  std::uint32_t factor[kLegs], from = 0, to = kCollateralLegs;
  for (std::uint32_t leg = 0; leg < kLegs; ++leg) {
    factor[leg] = book.factor(row, leg);
    amount[leg] = positions.amount(row, leg);
    value[leg] = amount[leg] * world.y[factor[leg]] / world.weight[factor[leg]];
    if (leg < kCollateralLegs && value[leg] > value[from]) from = leg;
    if (leg > kCollateralLegs && value[leg] > value[to]) to = leg;
  }
  const double repaid = std::min(0.5 * value[to], value[from] / 1.05);
  if (!(repaid >= 1.0)) return false;
  positions.set_amount(row, to, amount[to] * (1.0 - repaid / value[to]));
  positions.set_amount(row, from, amount[from] * std::max(0.0, 1.0 - 1.05 * repaid / value[from]));
  return true;
}

struct Run {
  double find_s = 0.0;
  std::uint64_t hash = 0xcbf29ce484222325ull;
  std::uint64_t executed = 0;
  std::uint64_t differing_rounds = 0;
  BreachSearch::Counters counters;

  void execute(std::uint32_t round, std::uint32_t row) {
    ++executed;
    hash = (hash ^ (std::uint64_t{round} << 32 | row)) * 0x100000001b3ull;
    hash ^= hash >> 29;
  }
};

// Brings a sorted list of rows up to date with what a search reported.
void update(std::vector<std::uint32_t>& rows, const std::vector<std::uint32_t>& entered,
            const std::vector<std::uint32_t>& left, std::vector<std::uint32_t>& scratch) {
  scratch.clear();
  std::set_difference(rows.begin(), rows.end(), left.begin(), left.end(),
                      std::back_inserter(scratch));
  rows.clear();
  std::set_union(scratch.begin(), scratch.end(), entered.begin(), entered.end(),
                 std::back_inserter(rows));
}

// Rows that cannot improve are out of the game for good; the others in breach are acted on every
// round. The time of keeping their list belongs to the search.
Run run_search(const Book& book, const Path& path, BreachSearch& search, Positions& positions,
               bool check) {
  search.reset();
  positions.reset();
  World world;
  Run run;
  std::vector<std::uint32_t> entered, left, active, scratch, all, scanned;
  std::vector<bool> dead(book.rows());
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    move_prices(world, path, round);
    const double start = seconds();
    if (search.find(world.y, entered, left)) std::abort();
    std::swap(active, entered);  // who was acted on was touched, and is news again where in breach
    run.find_s += seconds() - start;
    if (check) {
      update(all, active, left, scratch);
      reference_scan(book, positions, world.y, scanned);
      run.differing_rounds += scanned != all ? 1 : 0;
    }
    scratch.clear();
    for (const std::uint32_t row : active) {
      if (!dead[row] && liquidate(positions, world, row)) {
        run.execute(round, row);
        scratch.push_back(row);
      } else {
        dead[row] = true;
      }
    }
    const double told = seconds();
    active = scratch;
    for (const std::uint32_t row : active) search.touch(row);
    run.find_s += seconds() - told;
  }
  run.counters = search.counters();
  return run;
}

Run run_scan(const Book& book, const Path& path, Positions& positions) {
  positions.reset();
  World world;
  Run run;
  std::vector<std::uint32_t> out;
  std::vector<bool> dead(book.rows());
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    move_prices(world, path, round);
    const double start = seconds();
    reference_scan(book, positions, world.y, out);
    run.find_s += seconds() - start;
    for (const std::uint32_t row : out) {
      if (dead[row]) continue;
      if (liquidate(positions, world, row)) {
        run.execute(round, row);
      } else {
        dead[row] = true;
      }
    }
  }
  return run;
}

// Best rate at which this machine sums as many doubles as the book has amounts, GB/s.
double plain_sum_rate(std::size_t doubles) {
  AlignedDoubles data(doubles);
  std::fill_n(data.data(), doubles, 1.0);
  double best = 0.0, sink = 0.0;
  for (int pass = 0; pass < 20; ++pass) {
    const double start = seconds();
    Rows8 sum[4] = {Rows8(0.0), Rows8(0.0), Rows8(0.0), Rows8(0.0)};
    for (std::size_t i = 0; i + 32 <= doubles; i += 32)
      for (std::size_t k = 0; k < 4; ++k) sum[k] = sum[k] + Rows8::load(data.data() + i + 8 * k);
    sink += ((sum[0] + sum[1]) + (sum[2] + sum[3])).least();
    best = std::max(best, static_cast<double>(doubles * 8) / (seconds() - start) * 1e-9);
  }
  return sink > 0.0 ? best : 0.0;
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

int time_build(std::uint32_t rows) {
  double added_s = 0.0, built_s = 0.0;
  const Book book = make_book(rows, World{}, added_s, built_s);
  std::printf(
      "build %u rows x %u legs: rows added in %.2f s, book built in %.2f s, %.0f MB held, "
      "peak of the process %.0f MB\n",
      rows, kLegs, added_s, built_s, static_cast<double>(book.bytes()) / 1048576.0, peak_mb());
  return 0;
}

int run_paths(std::uint32_t rows, const std::string& only, bool check) {
  double added_s = 0.0, built_s = 0.0;
  const Book book = make_book(rows, World{}, added_s, built_s);
  const double bytes = static_cast<double>(rows) * kLegs * 8.0;
  Positions positions(book);
  BreachSearch search(book, positions);
  std::printf("%u accounts, %u legs, %u mixes, %zu blocks, %u rounds; built in %.2f s\n", rows,
              kLegs, kMarkets * kMixes, book.blocks().size(), kRounds, added_s + built_s);
  std::printf("plain sum of as many doubles: %.1f GB/s\n\n", plain_sum_rate(rows * kLegs));
  std::printf("%-9s %9s %9s %7s %7s %9s %9s %9s %8s %8s  %s\n", "path", "search ms", "scan ms",
              "ratio", "GB/s", "breaches", "ns/breach", "evaluated", "rekeys", "visits", "hash");
  bool same = true;
  for (const Path& path : kPaths) {
    if (!only.empty() && only != path.name) continue;
    run_search(book, path, search, positions, false);  // takes the memory
    const Run found = run_search(book, path, search, positions, false);
    const Run scanned = run_scan(book, path, positions);
    const bool equal = found.hash == scanned.hash && found.executed == scanned.executed;
    const double share =
        static_cast<double>(found.counters.rows_evaluated) / (static_cast<double>(rows) * kRounds);
    std::printf(
        "%-9s %9.1f %9.1f %6.1fx %7.1f %9llu %9.0f %8.2f%% %8llu %8llu  %016llx%s\n", path.name,
        found.find_s * 1e3, scanned.find_s * 1e3, scanned.find_s / found.find_s,
        bytes * kRounds / scanned.find_s * 1e-9, static_cast<unsigned long long>(found.executed),
        found.find_s * 1e9 / static_cast<double>(std::max<std::uint64_t>(1, found.executed)),
        share * 100.0, static_cast<unsigned long long>(found.counters.rekeys),
        static_cast<unsigned long long>(found.counters.blocks_visited),
        static_cast<unsigned long long>(found.hash), equal ? "" : "  DIFFERS FROM THE SCAN");
    same = same && equal;
    if (check) {
      const Run checked = run_search(book, path, search, positions, true);
      std::printf("          checked against the scan: %llu of %u rounds differ\n",
                  static_cast<unsigned long long>(checked.differing_rounds), kRounds);
      same = same && checked.differing_rounds == 0;
    }
  }
  std::printf("\n");
  for (const Path& path : kPaths)
    std::printf("%-9s %s; target %.0fx\n", path.name, path.text, path.target);
  return same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    std::fprintf(stderr, "%s\n", kCpuUnsupported);
    return 2;
  }
  std::uint32_t rows = 1'000'000;
  std::string only;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--check") == 0) {
      check = true;
    } else if (std::strcmp(argv[i], "--rows") == 0 && more) {
      rows = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    } else if (std::strcmp(argv[i], "--path") == 0 && more) {
      only = argv[++i];
    } else if (std::strcmp(argv[i], "--build") == 0 && more) {
      return time_build(static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10)));
    } else {
      std::fprintf(stderr, "usage: %s [--check] [--rows N] [--path NAME] | --build N\n", argv[0]);
      return 2;
    }
  }
  return run_paths(rows, only, check);
}
