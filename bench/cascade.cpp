// The cascade benchmark: 1,000 positions x 288 rounds x 100 random paths of the reference, through
// the engine as it is, from cascade.yaml. bench/cascade.py is the same in NumPy; bench/cascade.sh
// runs both in turn and compares.
//
//   bench_cascade [--threads N] [--file cascade.yaml] [--paths OUT.csv] [--out OUT.csv]
//
// --paths writes the references the runs follow (a row a round, a column a path) and ends; --out
// writes price and debt at the end of every path. The clock covers the runs alone: paths are drawn
// before.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/bench_world.hpp"
#include "core/parallel.hpp"
#include "core/simd.hpp"
#include "sim/engine.hpp"
#include "sim/studies/price_path.hpp"

namespace faultline::bench {

namespace {

constexpr std::uint64_t path_count = 100;

struct Options {
  std::string file = "bench/cascade.yaml";
  std::string paths, out;
  unsigned threads = 1;
};

/// The reference falls by 21% in the mean over the horizon, with a standard deviation of 8%: the
/// `paths` of cascade_sweep.yaml.
PathModel reference_model() {
  PathModel m;
  m.assets = {"ETH"};
  m.growth_per_year = {-2200};
  m.covariance_per_year = {60};
  m.fine_step_s = 12;
  return m;
}

std::vector<FollowedPath> draw_paths(const Snapshot& world) {
  const PathSampler sampler(reference_model());
  const AssetId eth = world.asset("ETH");
  std::vector<FollowedPath> paths(path_count);
  for (std::uint64_t id = 0; id < path_count; ++id) {
    FollowedPath& p = paths[id];
    p.assets = {eth};
    for (double t = 0; t <= world.horizon_s; t += world.round_s) p.times_s.push_back(t);
    p.prices.resize(p.times_s.size());
    sampler.sample(world.seed, id, p.times_s, p.prices);
    for (double& price : p.prices) price *= world.opening.market.reference[eth.value];
  }
  return paths;
}

bool write_paths(const std::string& file, const std::vector<FollowedPath>& paths) {
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (out == nullptr) return false;
  for (std::size_t r = 0; r < paths[0].times_s.size(); ++r) {
    for (std::size_t p = 0; p < paths.size(); ++p) {
      std::fprintf(out, p == 0 ? "%.17g" : ",%.17g", paths[p].prices[r]);
    }
    std::fprintf(out, "\n");
  }
  return std::fclose(out) == 0;
}

struct End {
  double price = 0, debt = 0, bad_debt = 0, liquidated = 0;
  std::uint64_t rounds = 0, breaches = 0, orders = 0, cut = 0;
};

struct Result {
  std::vector<End> ends;
  double seconds = 0, cpu_s = 0;
  std::uint64_t hash = 0;
  std::string error;
};

Result run_paths(const Snapshot& world, const std::vector<FollowedPath>& paths, unsigned threads) {
  Result result;
  result.ends.resize(paths.size());
  Workers workers(Parallelism{threads});
  std::vector<std::unique_ptr<Workspace>> spaces;
  for (unsigned i = 0; i < workers.threads(); ++i) {
    spaces.push_back(std::make_unique<Workspace>(world));
  }
  const std::uint32_t usdc = world.reserves[1].asset.value;
  std::vector<Fingerprint> hashes(paths.size());
  Pipeline pipeline;
  pipeline.count = paths.size();
  pipeline.run = [&](unsigned worker, unsigned, std::uint64_t id) {
    Scenario s;
    s.id = id;
    s.path = &paths[id];
    Workspace& w = *spaces[worker];
    const Outcome& o = run(world, s, w);
    End& e = result.ends[id];
    e.price = o.assets[world.asset("ETH").value].price_end;
    e.debt = o.final_debt_usd / o.assets[usdc].price_end;
    e.bad_debt = o.bad_debt_usd();
    e.liquidated = o.total(&MarketOutcome::liquidated_usd);
    e.rounds = o.counters.rounds;
    e.breaches = o.counters.breaches;
    e.orders = o.counters.orders;
    e.cut = o.counters.cut;
    add_outcome(hashes[id], o);
  };
  pipeline.write = [](unsigned, std::uint64_t) { return true; };
  const double begin = seconds(), cpu_begin = cpu_seconds();
  result.error = workers.run_pipeline(pipeline).error;
  result.seconds = seconds() - begin;
  result.cpu_s = cpu_seconds() - cpu_begin;
  Fingerprint all;
  for (const Fingerprint& f : hashes) all.add(f.value());
  result.hash = all.value();
  return result;
}

int report(const Result& r, const Options& options) {
  if (!r.error.empty()) {
    std::fprintf(stderr, "%s\n", r.error.c_str());
    return 1;
  }
  if (!options.out.empty()) {
    std::FILE* out = std::fopen(options.out.c_str(), "w");
    if (out == nullptr) return 1;
    for (const End& e : r.ends) std::fprintf(out, "%.17g,%.17g\n", e.price, e.debt);
    std::fclose(out);
  }
  End sum;
  std::size_t bad = 0;
  for (const End& e : r.ends) {
    sum.rounds += e.rounds;
    sum.breaches += e.breaches;
    sum.orders += e.orders;
    sum.cut += e.cut;
    sum.bad_debt += e.bad_debt;
    sum.liquidated += e.liquidated;
    bad += e.bad_debt > 0 ? 1 : 0;
  }
  const auto rounds = static_cast<double>(sum.rounds);
  std::printf("faultline seconds %.4f  processor %.4f  threads %u  %.0f ns a round  hash %016llx\n",
              r.seconds, r.cpu_s, options.threads, r.cpu_s / rounds * 1e9,
              static_cast<unsigned long long>(r.hash));
  std::printf(
      "  %zu of %zu paths end with bad debt, $%.2fm in the mean, $%.2fm liquidated; a round: "
      "%.2f in breach, %.2f orders, %.2f cut\n",
      bad, r.ends.size(), sum.bad_debt / static_cast<double>(r.ends.size()) * 1e-6,
      sum.liquidated / static_cast<double>(r.ends.size()) * 1e-6,
      static_cast<double>(sum.breaches) / rounds, static_cast<double>(sum.orders) / rounds,
      static_cast<double>(sum.cut) / rounds);
  return 0;
}

bool parse(int argc, char** argv, Options& o) {
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--threads") == 0 && more) {
      o.threads = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else if (std::strcmp(argv[i], "--file") == 0 && more) {
      o.file = argv[++i];
    } else if (std::strcmp(argv[i], "--paths") == 0 && more) {
      o.paths = argv[++i];
    } else if (std::strcmp(argv[i], "--out") == 0 && more) {
      o.out = argv[++i];
    } else {
      std::fprintf(stderr, "usage: %s [--threads N] [--file F] [--paths OUT] [--out OUT]\n",
                   argv[0]);
      return false;
    }
  }
  return o.threads > 0;
}

int bench_main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    std::fprintf(stderr, "%s\n", kCpuUnsupported);
    return 2;
  }
  Options options;
  if (!parse(argc, argv, options)) return 2;
  const World world = load_world(options.file, {});
  if (!world.snapshot) return 2;
  const std::vector<FollowedPath> paths = draw_paths(*world.snapshot);
  if (!options.paths.empty()) return write_paths(options.paths, paths) ? 0 : 1;
  run_paths(*world.snapshot, paths, options.threads);  // takes the memory
  return report(run_paths(*world.snapshot, paths, options.threads), options);
}

}  // namespace

}  // namespace faultline::bench

int main(int argc, char** argv) {
  return faultline::bench::bench_main(argc, argv);
}
