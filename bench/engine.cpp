// What the engine costs on an ecosystem file: runs a second, nanoseconds a round, and where they
// go.
//
//   bench_engine [FILE] [--runs N] [--asset ETH] [--set PATH=VALUE] [--baseline] [--direct]
//                [--quiet-world] [--twice]
//
// Each run is one random shock to one asset, between +10% and -50%, beginning in the first quarter
// of the horizon and taking up to half of it: a pure function of its number. One thread. The shares
// of the phases are taken in a second pass, which calls them one by one with a clock between (and
// must end in the same bytes).
//   --baseline     no shock, as the baseline of each scenario of a sweep
//   --direct       prices move and nobody's trades move them, as the direct run of each
//   --quiet-world  no shock and nothing that moves by itself: every round must visit nothing
//   --twice        the same scenario twice in one workspace: the second must allocate nothing
#include <x86intrin.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "bench/bench_world.hpp"
#include "core/math.hpp"
#include "core/rng.hpp"
#include "core/simd.hpp"
#include "sim/accounting.hpp"
#include "sim/engine.hpp"
#include "sim/phases.hpp"

namespace {

std::uint64_t allocations = 0;  // of this thread's program: one thread runs here

void* counted(std::size_t size, std::size_t align) {
  ++allocations;
  void* p = align <= alignof(std::max_align_t)
                ? std::malloc(size)
                : std::aligned_alloc(align, (size + align - 1) / align * align);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size == 0 ? 1 : size, 0);
}
void* operator new(std::size_t size, std::align_val_t align) {
  return counted(size == 0 ? 1 : size, static_cast<std::size_t>(align));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace faultline::bench {

namespace {

struct Options {
  std::string file = "data/ecosystems/ethereum_2023.yaml";
  std::string asset = "ETH";
  std::uint64_t runs = 1000;
  Overlays overlays;
  bool quiet_world = false, twice = false, no_profile = false;
  bool baseline = false, direct = false;
};

/// Shock number `id` to the asset.
Scenario random_shock(const Snapshot& world, const Options& options, std::uint64_t id,
                      AssetId asset) {
  const auto draw = [&](std::uint32_t purpose) {
    return uniform(DrawKey{.seed = 2023, .scenario = id, .purpose = purpose});
  };
  Scenario s;
  s.id = id;
  ExogenousMove move;
  move.kind = MoveKind::price;
  move.target = asset.value;
  move.value = math::log(1.1 - 0.6 * draw(1));
  move.when.start_s = draw(2) * world.horizon_s / 4;
  move.when.end_s = move.when.start_s + draw(3) * world.horizon_s / 2;
  if (!options.baseline) s.moves.push_back(move);
  s.transmission = !options.direct;
  return s;
}

constexpr std::array<const char*, 7> phase_names{"shock",   "align",  "oracle",   "assess",
                                                 "execute", "settle", "mark-down"};

/// Ticks spent in each phase, and in what stands around the rounds.
struct Profile {
  std::array<std::uint64_t, 7> phase{};
  std::uint64_t reset = 0, close = 0;
  std::uint64_t rounds = 0;

  std::uint64_t total() const {
    std::uint64_t sum = reset + close;
    for (const std::uint64_t t : phase) sum += t;
    return sum;
  }
};

/// The loop of sim/engine.cpp with a clock between the phases, for as many rounds as `run` made.
const Outcome& run_timed(const Snapshot& world, const Scenario& scenario, std::uint64_t rounds,
                         Stop stop, Workspace& w, Profile& profile) {
  using Phase = void (*)(const Snapshot&, const Scenario&, Workspace&);
  constexpr std::array<Phase, 7> phases{shock, align, publish, assess, execute, settle, mark_down};
  std::uint64_t last = __rdtsc();
  const auto lap = [&](std::uint64_t& into) {
    const std::uint64_t now = __rdtsc();
    into += now - last;
    last = now;
  };
  w.reset();
  w.transmission = scenario.transmission;
  open_books(world, w);
  lap(profile.reset);
  for (w.round = 0; w.round < rounds; ++w.round) {
    w.now_s = w.round * world.round_s;
    for (std::size_t p = 0; p < phases.size(); ++p) {
      phases[p](world, scenario, w);
      lap(profile.phase[p]);
    }
  }
  if (stop != Stop::horizon) --w.round;  // `run` leaves the loop inside that round
  w.outcome.stop = stop;
  last = __rdtsc();
  close_books(world, w);
  lap(profile.close);
  profile.rounds += rounds;
  return w.outcome;
}

struct Totals {
  double seconds = 0, cpu_s = 0;
  std::uint64_t hash = 0;
  std::uint64_t rounds = 0, nodes = 0, orders = 0, cut = 0, breaches = 0, blocks = 0, rows = 0;
  std::uint64_t insolvent = 0, failed = 0;
};

Totals run_plain(const Snapshot& world, const Options& options, AssetId asset, Workspace& w,
                 std::vector<std::pair<std::uint64_t, Stop>>& lengths) {
  Totals t;
  Fingerprint hash;
  std::vector<Scenario> scenarios;
  for (std::uint64_t id = 0; id < options.runs; ++id) {
    scenarios.push_back(random_shock(world, options, id, asset));
  }
  const double begin = seconds(), cpu_begin = cpu_seconds();
  for (const Scenario& s : scenarios) {
    const Outcome& o = run(world, s, w);
    add_outcome(hash, o);
    t.rounds += o.counters.rounds;
    t.nodes += o.counters.nodes_visited;
    t.orders += o.counters.orders;
    t.cut += o.counters.cut;
    t.breaches += o.counters.breaches;
    t.blocks += w.breach.counters().blocks_visited + w.underwater.counters().blocks_visited;
    t.rows += w.breach.counters().rows_evaluated + w.underwater.counters().rows_evaluated;
    t.insolvent += o.bad_debt_usd() > 0 ? 1 : 0;
    t.failed += stop_is_failure(o.stop) ? 1 : 0;
    if (stop_is_failure(o.stop)) std::fprintf(stderr, "failed: %s\n", o.stop_detail.c_str());
    lengths.emplace_back(o.counters.rounds, o.stop);
  }
  t.seconds = seconds() - begin;
  t.cpu_s = cpu_seconds() - cpu_begin;
  t.hash = hash.value();
  return t;
}

void print_world(const Snapshot& world, const Options& options) {
  std::printf(
      "%s: %u accounts in %zu blocks, %zu markets, %zu reserves, %zu venues, %zu oracles, "
      "%zu lanes; %.0f rounds of %g s\n",
      options.file.c_str(), world.book->rows(), world.book->blocks().size(), world.markets.size(),
      world.reserves.size(), world.venues.size(), world.oracles.size(), world.lanes.size(),
      world.horizon_s / world.round_s, world.round_s);
}

int time_runs(const Snapshot& world, const Options& options, AssetId asset) {
  Workspace w(world);
  for (std::uint64_t id = 0; id < 20; ++id) run(world, random_shock(world, options, id, asset), w);
  std::vector<std::pair<std::uint64_t, Stop>> lengths;
  const Totals t = run_plain(world, options, asset, w, lengths);
  const auto n = static_cast<double>(options.runs), rounds = static_cast<double>(t.rounds);
  std::printf(
      "%.0f runs, %.0f rounds: %.1f engine runs/s on one core, %.2f ms a run, %.0f ns a round "
      "(processor time %.2f s; by the clock %.2f s)\n",
      n, rounds, n / t.cpu_s, t.cpu_s / n * 1e3, t.cpu_s / rounds * 1e9, t.cpu_s, t.seconds);
  std::printf(
      "per round: %.2f nodes visited, %.2f blocks, %.1f rows evaluated, %.3f in breach, "
      "%.3f orders; %.1f%% of runs with bad debt, %llu cut, %llu failed\n",
      static_cast<double>(t.nodes) / rounds, static_cast<double>(t.blocks) / rounds,
      static_cast<double>(t.rows) / rounds, static_cast<double>(t.breaches) / rounds,
      static_cast<double>(t.orders) / rounds, 100.0 * static_cast<double>(t.insolvent) / n,
      static_cast<unsigned long long>(t.cut), static_cast<unsigned long long>(t.failed));
  std::printf("hash %016llx\n", static_cast<unsigned long long>(t.hash));
  if (options.no_profile) return t.failed == 0 ? 0 : 1;

  Profile profile;
  Fingerprint hash;
  const double begin = seconds();
  const std::uint64_t tick_begin = __rdtsc();
  for (std::uint64_t id = 0; id < options.runs; ++id) {
    add_outcome(hash, run_timed(world, random_shock(world, options, id, asset), lengths[id].first,
                                lengths[id].second, w, profile));
  }
  const double ns_per_tick =
      (seconds() - begin) * 1e9 / static_cast<double>(__rdtsc() - tick_begin);
  const auto show = [&](const char* name, std::uint64_t ticks) {
    std::printf("  %-22s %8.0f ns a round  %5.1f%%\n", name,
                static_cast<double>(ticks) * ns_per_tick / static_cast<double>(profile.rounds),
                100.0 * static_cast<double>(ticks) / static_cast<double>(profile.total()));
  };
  for (std::size_t p = 0; p < phase_names.size(); ++p) show(phase_names[p], profile.phase[p]);
  show("reset and opening", profile.reset);
  show("closing the books", profile.close);
  const bool same = hash.value() == t.hash;
  if (!same)
    std::printf("THE TIMED LOOP DIFFERS FROM run(): %016llx\n",
                static_cast<unsigned long long>(hash.value()));
  return same && t.failed == 0 ? 0 : 1;
}

/// Rounds of the world left alone, after those in which its opening gaps close.
int check_quiet(const Snapshot& world) {
  Workspace w(world);
  const Scenario nothing;
  const Outcome& o = run(world, nothing, w);
  std::printf("left alone: %llu rounds (%s), %llu nodes visited, %llu posts, %llu orders\n",
              static_cast<unsigned long long>(o.counters.rounds), stop_text(o.stop),
              static_cast<unsigned long long>(o.counters.nodes_visited),
              static_cast<unsigned long long>(o.counters.posts),
              static_cast<unsigned long long>(o.counters.orders));
  // `run` may stop at once where nothing is pending: drive the phases on.
  w.reset();
  open_books(world, w);
  std::uint64_t quiet_visits = 0, quiet_blocks = 0;
  std::uint64_t before = 0, blocks_before = 0;
  constexpr std::uint32_t rounds = 288;
  for (w.round = 0; w.round < rounds; ++w.round) {
    w.now_s = w.round * world.round_s;
    shock(world, nothing, w);
    align(world, nothing, w);
    publish(world, nothing, w);
    assess(world, nothing, w);
    execute(world, nothing, w);
    settle(world, nothing, w);
    mark_down(world, nothing, w);
    const std::uint64_t visits = w.outcome.counters.nodes_visited;
    const std::uint64_t blocks =
        w.breach.counters().blocks_visited + w.underwater.counters().blocks_visited;
    if (w.round > 0) {
      quiet_visits += visits - before;
      quiet_blocks += blocks - blocks_before;
    } else {
      std::printf("opening round: %llu nodes, %llu blocks\n",
                  static_cast<unsigned long long>(visits), static_cast<unsigned long long>(blocks));
    }
    before = visits;
    blocks_before = blocks;
  }
  std::printf("rounds 1 to %u: %llu nodes visited, %llu blocks%s\n", rounds - 1,
              static_cast<unsigned long long>(quiet_visits),
              static_cast<unsigned long long>(quiet_blocks),
              w.accruing ? " (interest accrues: this world is not quiet)" : "");
  return quiet_visits == 0 && quiet_blocks == 0 ? 0 : 1;
}

int check_allocations(const Snapshot& world, const Options& options, AssetId asset) {
  Workspace w(world);
  std::uint64_t first = 0, again = 0, worst = 0;
  for (std::uint64_t id = 0; id < options.runs; ++id) {
    const Scenario s = random_shock(world, options, id, asset);
    std::uint64_t before = allocations;
    run(world, s, w);
    first += allocations - before;
    before = allocations;
    run(world, s, w);
    const std::uint64_t second = allocations - before;
    again += second;
    worst = std::max(worst, second);
  }
  std::printf(
      "%llu scenarios, each twice in one workspace: %llu allocations the first time, %llu "
      "the second (most in one run: %llu)\n",
      static_cast<unsigned long long>(options.runs), static_cast<unsigned long long>(first),
      static_cast<unsigned long long>(again), static_cast<unsigned long long>(worst));
  return again == 0 ? 0 : 1;
}

bool parse(int argc, char** argv, Options& o) {
  bool named = false;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--runs") == 0 && more) {
      o.runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--asset") == 0 && more) {
      o.asset = argv[++i];
    } else if (std::strcmp(argv[i], "--set") == 0 && more) {
      o.overlays.sets.emplace_back(argv[++i]);
    } else if (std::strcmp(argv[i], "--quiet-world") == 0) {
      o.quiet_world = true;
    } else if (std::strcmp(argv[i], "--baseline") == 0) {
      o.baseline = true;
    } else if (std::strcmp(argv[i], "--direct") == 0) {
      o.direct = true;
    } else if (std::strcmp(argv[i], "--twice") == 0) {
      o.twice = true;
    } else if (std::strcmp(argv[i], "--no-profile") == 0) {
      o.no_profile = true;
    } else if (argv[i][0] != '-' && !named) {
      o.file = argv[i];
      named = true;
    } else {
      std::fprintf(stderr,
                   "usage: %s [FILE] [--runs N] [--asset ETH] [--set PATH=VALUE] [--no-profile] "
                   "[--baseline] [--direct] [--quiet-world] [--twice]\n",
                   argv[0]);
      return false;
    }
  }
  return true;
}

int bench_main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    std::fprintf(stderr, "%s\n", kCpuUnsupported);
    return 2;
  }
  Options options;
  if (!parse(argc, argv, options)) return 2;
  const double begin = seconds();
  const World world = load_world(options.file, options.overlays);
  if (!world.snapshot) return 2;
  std::printf("read and compiled in %.2f s, peak %.0f MB\n", seconds() - begin, peak_mb());
  print_world(*world.snapshot, options);
  if (options.quiet_world) return check_quiet(*world.snapshot);
  const AssetId asset = world.snapshot->asset(options.asset);
  if (!asset.valid()) {
    std::fprintf(stderr, "no asset '%s'\n", options.asset.c_str());
    return 2;
  }
  return options.twice ? check_allocations(*world.snapshot, options, asset)
                       : time_runs(*world.snapshot, options, asset);
}

}  // namespace

}  // namespace faultline::bench

int main(int argc, char** argv) {
  return faultline::bench::bench_main(argc, argv);
}
