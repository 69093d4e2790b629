// What finding breaches among cross-margin perpetual accounts costs against a full scan.
//
//   bench_perp_search [--rows N] [--books N]
//
// 1M accounts over 20 coins, 1 to 20 positions each (median 3), long or short, cash of either sign:
//   slack = cash + sum over longs of q (P (1 - m) - F) - sum over shorts of q (P (1 + m) - F)
// F is the coin's running funding index, so a payment moves factors and touches no row. Leverage is
// lognormal with median 3 or 8. 100 rounds of a uniform crash or a dispersed one (one coin up 50%
// while the others fall); every account in breach is closed. Each path is driven
// twice, by the search and by the scan, which must act on the same rows (the hash).
// --books N instead holds the search against the scan on N random books under mixed shocks.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "core/simd.hpp"
#include "protocols/margin/book.hpp"
#include "protocols/margin/breach_search.hpp"

using namespace faultline;

namespace {

constexpr std::uint32_t kCoins = 20, kRounds = 100, kCash = 2 * kCoins, kFactors = kCash + 1;

struct Random {
  std::uint64_t state;

  std::uint64_t bits() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(bits() % n); }
  double unit() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return inverse_normal(unit()); }
};

/// Processor time of this thread: what others do on the machine does not count.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Marks, maintenance and funding; factor 2a is coin a long, 2a + 1 short.
struct World {
  double price[kCoins], margin[kCoins], funding[kCoins];
  std::vector<double> y = std::vector<double>(kFactors, 1.0);

  World() {
    Random random{42};
    for (std::uint32_t a = 0; a < kCoins; ++a) {
      price[a] = math::exp(8.0 * random.unit() - 1.0);
      margin[a] = a < 2 ? 0.0125 : a < 8 ? 0.025 : 0.05;  // 40x, 20x, 10x
      funding[a] = 0;
    }
    set_factors();
  }
  void set_factors() {
    for (std::uint32_t a = 0; a < kCoins; ++a) {
      y[2 * a] = std::max(0.0, price[a] * (1 - margin[a]) - funding[a]);
      y[2 * a + 1] = std::max(0.0, price[a] * (1 + margin[a]) - funding[a]);
    }
  }
};

/// One round: a common fall, every coin's own noise, one coin's rise, and hourly funding.
void move_prices(World& world, bool dispersed, std::uint32_t round) {
  Random random{1000003ull * (round + 1) + (dispersed ? 1 : 0)};
  const bool crash = round >= 20 && round < 50;
  for (std::uint32_t a = 0; a < kCoins; ++a) {
    double log = 0.001 * random.normal();
    if (crash) log += dispersed && a == 7 ? 0.0135155 : -0.0062;  // +50%, or -17%
    world.price[a] *= math::exp(log);
    if (round % 20 == 19) world.funding[a] += (random.unit() - 0.7) * 1e-4 * world.price[a];
  }
  world.set_factors();
}

/// Legs of one account: its positions, and cash on both sides, one of them 0.
void account(Random& random, const World& world, double median_leverage, std::uint32_t most_coins,
             std::vector<LegInput>& legs) {
  bool taken[kCoins] = {};
  std::uint32_t count = 1;
  while (count < most_coins && random.unit() < 0.75) ++count;
  const double bias = random.unit();  // some are long, some short, some hedged
  double notional = 0, net = 0, maintenance = 0;
  legs.clear();
  for (std::uint32_t n = 0; n < count; ++n) {
    const double u = random.unit();
    std::uint32_t a = static_cast<std::uint32_t>(u * u * kCoins);  // most hold the large coins
    while (taken[a]) a = (a + 1) % kCoins;
    taken[a] = true;
    const bool is_short = random.unit() < bias * 0.6;
    const double value = 100 * math::exp(2.0 * random.normal());
    legs.push_back({2 * a + (is_short ? 1u : 0u), value / world.price[a], is_short});
    notional += value;
    net += is_short ? -value : value;
    maintenance += value * world.margin[a];
  }
  const double leverage = median_leverage * math::exp(0.8 * random.normal());
  // Nobody opens with less than twice maintenance margin; who wanted to has drifted below since.
  const double least = (1.05 + 0.95 * random.unit()) * maintenance;
  const double equity = notional / leverage < 2 * maintenance ? least : notional / leverage;
  const double cash = equity - net;
  legs.push_back({kCash, std::max(cash, 0.0), false});
  legs.push_back({kCash, std::max(-cash, 0.0), true});
  std::sort(legs.begin(), legs.end(), [](const LegInput& a, const LegInput& b) {
    return a.debt != b.debt ? b.debt : a.factor < b.factor;
  });
}

Book make_book(std::uint32_t rows, std::uint64_t seed, const World& world, double median_leverage,
               std::uint32_t most_coins) {
  Random random{seed};
  BookBuilder builder;
  std::vector<LegInput> legs;
  for (std::uint32_t i = 0; i < rows; ++i) {
    account(random, world, median_leverage, most_coins, legs);
    builder.add_row(0, legs);
  }
  return std::move(builder).build(world.y);
}

/// Closes a share of every position at the mark; the proceeds change cash, whatever its sign. With
/// all closed, a fund covers what is below zero.
void close(Positions& positions, const World& world, std::uint32_t row, double share) {
  const Book& book = positions.book();
  const std::uint32_t legs = book.legs(row), collateral = book.collateral_legs(row);
  double cash = 0;
  std::uint32_t cash_leg[2] = {0, 0};
  for (std::uint32_t leg = 0; leg < legs; ++leg) {
    const std::uint32_t factor = book.factor(row, leg);
    const int side = leg < collateral ? 1 : -1;
    const double amount = positions.amount(row, leg);
    if (factor == kCash) {
      cash_leg[side > 0 ? 0 : 1] = leg;
      cash += side * amount;
      continue;
    }
    cash += side * share * amount * world.price[factor / 2];
    positions.set_amount(row, leg, (1 - share) * amount);
  }
  if (share == 1) cash = std::max(cash, 0.0);
  positions.set_amount(row, cash_leg[0], std::max(cash, 0.0));
  positions.set_amount(row, cash_leg[1], std::max(-cash, 0.0));
}

struct Run {
  double find_s = 0;
  std::uint64_t hash = 0xcbf29ce484222325ull, executed = 0;
  BreachSearch::Counters counters;

  void execute(std::uint32_t round, std::uint32_t row) {
    ++executed;
    hash = (hash ^ (std::uint64_t{round} << 32 | row)) * 0x100000001b3ull;
    hash ^= hash >> 29;
  }
};

Run run_search(bool dispersed, BreachSearch& search, Positions& positions) {
  search.reset();
  positions.reset();
  World world;
  Run run;
  std::vector<std::uint32_t> entered, left;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    move_prices(world, dispersed, round);
    const double start = seconds();
    if (search.find(world.y, entered, left)) std::abort();
    run.find_s += seconds() - start;
    for (const std::uint32_t row : entered) {
      close(positions, world, row, 1);
      run.execute(round, row);
    }
    const double told = seconds();
    for (const std::uint32_t row : entered) search.touch(row);
    run.find_s += seconds() - told;
  }
  run.counters = search.counters();
  return run;
}

Run run_scan(const Book& book, bool dispersed, Positions& positions) {
  positions.reset();
  World world;
  Run run;
  std::vector<std::uint32_t> out;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    move_prices(world, dispersed, round);
    const double start = seconds();
    reference_scan(book, positions, world.y, out);
    run.find_s += seconds() - start;
    for (const std::uint32_t row : out) {
      close(positions, world, row, 1);
      run.execute(round, row);
    }
  }
  return run;
}

int run_paths(std::uint32_t rows) {
  bool same = true;
  std::printf("%u accounts, %u coins, %u rounds\n", rows, kCoins, kRounds);
  std::printf("%-10s %-10s %9s %9s %7s %9s %9s %8s %8s  %s\n", "leverage", "crash", "search ms",
              "scan ms", "ratio", "breaches", "evaluated", "rekeys", "blocks", "hash");
  for (const double leverage : {3.0, 8.0}) {
    const Book book = make_book(rows, 7, World{}, leverage, kCoins);
    Positions positions(book);
    BreachSearch search(book, positions);
    for (const bool dispersed : {false, true}) {
      run_search(dispersed, search, positions);  // takes the memory
      const Run found = run_search(dispersed, search, positions);
      const Run scanned = run_scan(book, dispersed, positions);
      const bool equal = found.hash == scanned.hash && found.executed == scanned.executed;
      same = same && equal;
      std::printf(
          "%-10.0f %-10s %9.1f %9.1f %6.1fx %9llu %8.2f%% %8llu %8zu  %016llx%s\n", leverage,
          dispersed ? "dispersed" : "uniform", found.find_s * 1e3, scanned.find_s * 1e3,
          scanned.find_s / found.find_s, static_cast<unsigned long long>(found.executed),
          100.0 * static_cast<double>(found.counters.rows_evaluated) /
              (static_cast<double>(rows) * kRounds),
          static_cast<unsigned long long>(found.counters.rekeys), book.blocks().size(),
          static_cast<unsigned long long>(found.hash), equal ? "" : "  DIFFERS FROM THE SCAN");
    }
  }
  return same ? 0 : 1;
}

/// A round of mixed shocks: noise, a common jump, one coin's jump, margins raised, funding.
void shock(Random& random, World& world) {
  const double kind = random.unit();
  const double common = kind < 0.2 ? 0.2 * (random.unit() - 0.6) : 0;
  const std::uint32_t one = kind > 0.7 ? random.below(kCoins) : kCoins;
  for (std::uint32_t a = 0; a < kCoins; ++a) {
    world.price[a] *= math::exp(common + 0.01 * (random.unit() - 0.5) +
                                (a == one ? 1.2 * (random.unit() - 0.5) : 0));
    if (kind > 0.6 && kind < 0.7) world.margin[a] *= 1.1;
    if (kind < 0.1) world.funding[a] += (random.unit() - 0.5) * 1e-3 * world.price[a];
  }
  world.set_factors();
}

int check_books(std::uint32_t count) {
  std::uint64_t rounds = 0, breaches = 0, wrong = 0;
  std::vector<std::uint32_t> entered, left, members, scanned;
  for (std::uint32_t n = 0; n < count; ++n) {
    Random random{977ull * n + 5};
    World world;
    const Book book = make_book(50 + random.below(400), n, world, 2 + 18 * random.unit(),
                                1 + random.below(kCoins));
    Positions positions(book);
    BreachSearch search(book, positions);
    for (std::uint32_t round = 0; round < 12; ++round) {
      shock(random, world);
      if (search.find(world.y, entered, left)) std::abort();
      members.clear();
      search.members(members);
      reference_scan(book, positions, world.y, scanned);
      wrong += members != scanned ? 1 : 0;
      ++rounds;
      breaches += scanned.size();
      for (const std::uint32_t row : scanned) {
        if (random.unit() < 0.5) continue;
        close(positions, world, row, random.unit() < 0.5 ? 0.5 : 1);
        search.touch(row);
      }
    }
  }
  std::printf("%u books, %llu rounds, %llu breaches: %llu rounds differ from the scan\n", count,
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(breaches),
              static_cast<unsigned long long>(wrong));
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    std::fprintf(stderr, "%s\n", kCpuUnsupported);
    return 2;
  }
  std::uint32_t rows = 1'000'000, books = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto n = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    if (std::strcmp(argv[i], "--rows") == 0) rows = n;
    if (std::strcmp(argv[i], "--books") == 0) books = n;
  }
  return books > 0 ? check_books(books) : run_paths(rows);
}
