// A book of 4M accounts x 6 legs: how long it compiles, what memory it takes, and what one run
// alone on it gains from a second thread.
//
//   bench_big_book [--accounts N] [--threads N] [--file bench/big_book.yaml]
//
// The accounts are rows as a CSV would give them, so compile does all its work. The run: ETH, BTC
// and the small coins fall by 20% over the first half of 288 rounds. The search is what both
// searches take in visiting blocks; the hash must be the same for any number of threads.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include "bench/bench_world.hpp"
#include "core/math.hpp"
#include "core/parallel.hpp"
#include "core/rng.hpp"
#include "core/simd.hpp"
#include "sim/engine.hpp"

namespace faultline::bench {

namespace {

struct Options {
  std::string file = "bench/big_book.yaml";
  std::uint32_t accounts = 4'000'000;
  unsigned threads = 2;
};

constexpr std::uint32_t collateral_legs = 4, debt_legs = 2, mixes = 64;

/// Health 1.02 and up, half below 1.7; sizes over four decades; 64 mixes of assets.
PositionRows make_rows(std::uint32_t accounts) {
  PositionRows rows;
  rows.assets = {"BTC", "ETH", "LINK", "UNI", "DAI", "USDC", "USDT"};
  constexpr double price[] = {40000, 2000, 10, 5, 1, 1, 1};
  constexpr double lt[] = {0.8, 0.825, 0.75, 0.75, 0.8, 0.85, 0.75};
  rows.first_leg.reserve(accounts + 1);
  rows.legs.reserve(std::size_t{accounts} * (collateral_legs + debt_legs));
  rows.amounts.reserve(rows.legs.capacity());
  rows.first_leg.push_back(0);
  for (std::uint32_t i = 0; i < accounts; ++i) {
    const auto u = [&](std::uint32_t index) {
      return uniform({.seed = 4, .entity = i, .index = index});
    };
    const auto mix = static_cast<std::uint32_t>(u(0) * mixes);
    const double health = 1.02 + 0.7 * u(1) / (1 - 0.99 * u(1));
    const double debt_usd = 300 + 1e5 * u(2) * u(2) * u(2) * u(2);
    const std::uint32_t left_out = mix % 5;  // of the first five assets, four are posted
    double share[collateral_legs], sum = 0;
    for (std::uint32_t c = 0; c < collateral_legs; ++c) sum += share[c] = 0.1 + u(3 + c);
    for (std::uint32_t c = 0, a = 0; c < collateral_legs; ++c, ++a) {
      if (a == left_out) ++a;
      const double usd = debt_usd * health * share[c] / sum / lt[a];
      rows.legs.push_back({static_cast<std::uint16_t>(a), 0, 0});
      rows.amounts.push_back(usd / price[a]);
    }
    const std::uint32_t first_debt = left_out == 4 ? 4 : 5;
    for (std::uint32_t d = 0; d < debt_legs; ++d) {
      rows.legs.push_back({static_cast<std::uint16_t>(first_debt + d), 1, 0});
      rows.amounts.push_back(debt_usd / debt_legs);
    }
    rows.first_leg.push_back(static_cast<std::uint32_t>(rows.legs.size()));
  }
  return rows;
}

Scenario crash(const Snapshot& world) {
  Scenario s;
  for (const char* name : {"BTC", "ETH", "LINK", "UNI"}) {
    ExogenousMove move;
    move.target = world.asset(name).value;
    move.value = math::log(0.8);
    move.when.end_s = world.horizon_s / 2;
    s.moves.push_back(move);
  }
  return s;
}

struct Timed {
  double run_s = 0, search_s = 0;
  std::uint64_t hash = 0, orders = 0, blocks = 0, rows = 0;
  std::string stop;
};

/// The search alone: every coin falls by a fifth in 144 rounds, each with 20 bp of noise of its
/// own, and whoever enters breach repays three tenths.
double time_search(const Snapshot& world, Workers& workers, Fingerprint& hash) {
  constexpr int rounds = 144;
  Workspace w(world);
  w.use(workers);
  std::vector<double> y = world.opening.factors;
  std::vector<std::uint32_t> changed;
  for (std::uint32_t f = 0; f < y.size(); ++f) {
    if (world.opening.factors[f] > 0 && world.factor_text(f).find("USD") == std::string::npos) {
      changed.push_back(f);
    }
  }
  double spent = 0;
  for (int r = 1; r <= rounds; ++r) {
    for (const std::uint32_t f : changed) {
      const double noise =
          0.004 * (uniform({.seed = 5, .entity = f, .index = static_cast<std::uint32_t>(r)}) - 0.5);
      y[f] = world.opening.factors[f] * (f % 2 == 0 ? 1 - 0.2 * r / rounds + noise : 1);
    }
    const double begin = seconds();
    w.find_rows(w.breach, y, changed);
    spent += seconds() - begin;
    for (const std::uint32_t p : w.entered) {
      hash.add(std::uint64_t{p});
      for (std::uint32_t leg = collateral_legs; leg < world.book->legs(p); ++leg) {
        w.positions.set_amount(p, leg, 0.7 * w.positions.amount(p, leg));
      }
      w.breach.touch(p);
    }
  }
  return spent;
}

Timed time_run(const Snapshot& world, unsigned threads) {
  Workers workers(Parallelism{threads});
  Fingerprint hash;
  Timed t;
  time_search(world, workers, hash);  // warms caches
  t.search_s = time_search(world, workers, hash);
  Workspace w(world);
  w.use(workers);
  const Scenario scenario = crash(world);
  run(world, scenario, w);  // takes the memory
  const double begin = seconds();
  const Outcome& o = run(world, scenario, w);
  t.run_s = seconds() - begin;
  add_outcome(hash, o);
  t.hash = hash.value();
  t.orders = o.counters.orders;
  t.blocks = w.breach.counters().blocks_visited + w.underwater.counters().blocks_visited;
  t.rows = w.breach.counters().rows_evaluated + w.underwater.counters().rows_evaluated;
  t.stop = o.stop_detail.empty() ? stop_text(o.stop) : o.stop_detail;
  return t;
}

void print(const char* name, const Timed& t) {
  std::printf(
      "%-9s  search alone %.3f s in 144 rounds; run %.3f s: %llu orders, %llu visits, %.1fm rows "
      "evaluated; %s; hash %016llx\n",
      name, t.search_s, t.run_s, static_cast<unsigned long long>(t.orders),
      static_cast<unsigned long long>(t.blocks), static_cast<double>(t.rows) * 1e-6, t.stop.c_str(),
      static_cast<unsigned long long>(t.hash));
}

int bench_main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    std::fprintf(stderr, "%s\n", kCpuUnsupported);
    return 2;
  }
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--accounts") == 0) {
      options.accounts = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    } else if (std::strcmp(argv[i], "--threads") == 0) {
      options.threads = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    } else if (std::strcmp(argv[i], "--file") == 0) {
      options.file = argv[i + 1];
    }
  }
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  LoadedEcosystem loaded = load_ecosystem(options.file, {}, reading);
  std::optional<Snapshot> world;
  if (!diagnostics.failed()) {
    loaded.eco.markets[0].spec.rows = make_rows(options.accounts);
    const double begin = seconds(), before_mb = peak_mb();
    world.emplace(compile(loaded.eco, diagnostics, loaded.spans()));
    if (!diagnostics.failed()) {
      std::printf(
          "%u accounts x %u legs compile in %.2f s (target 5 s at 4M); peak %.0f MB, of "
          "which %.0f MB were there before, the rows as read (target 800 MB)\n",
          options.accounts, collateral_legs + debt_legs, seconds() - begin, peak_mb(), before_mb);
    }
  }
  for (const Diagnostic& d : diagnostics.sorted()) {
    if (d.severity == Severity::error) std::fputs(render(d, sources).c_str(), stderr);
  }
  if (diagnostics.failed()) return 2;
  loaded = {};  // the rows as read are not needed to run
  std::printf("book: %.0f MB in %zu blocks\n",
              static_cast<double>(world->book->bytes()) / 1048576.0, world->book->blocks().size());
  const Timed one = time_run(*world, 1), many = time_run(*world, options.threads);
  print("1 thread", one);
  print((std::to_string(options.threads) + " threads").c_str(), many);
  std::printf("search %.2f times faster (target 1.6), run %.2f times (target 1.3); peak %.0f MB\n",
              one.search_s / many.search_s, one.run_s / many.run_s, peak_mb());
  if (one.hash != many.hash) std::printf("THE HASHES DIFFER\n");
  return one.hash == many.hash ? 0 : 1;
}

}  // namespace

}  // namespace faultline::bench

int main(int argc, char** argv) {
  return faultline::bench::bench_main(argc, argv);
}
