// What the engine's benchmarks share: reading a world, hashing an outcome, clocks and memory.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/fingerprint.hpp"
#include "data/ecosystem_file.hpp"
#include "sim/outcome.hpp"
#include "sim/snapshot.hpp"

namespace faultline::bench {

/// Seconds of a steady clock.
inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds of processor time this process took, all threads: what a busy machine does not stretch.
inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Most memory the process ever held, MiB.
inline double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

/// A world read from a file, where it can be pointed at.
struct World {
  LoadedEcosystem loaded;
  std::unique_ptr<const Snapshot> snapshot;  // none: it had errors, which were printed
};

/// Reads and compiles an ecosystem; errors go to stderr.
inline World load_world(const std::string& path, const Overlays& overlays) {
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  World out;
  out.loaded = load_ecosystem(path, overlays, reading);
  Snapshot snapshot;
  if (!diagnostics.failed()) {
    snapshot = compile(out.loaded.eco, diagnostics, out.loaded.spans());
  }
  for (const Diagnostic& d : diagnostics.sorted()) {
    if (d.severity == Severity::error) std::fputs(render(d, sources).c_str(), stderr);
  }
  if (!diagnostics.failed()) {
    out.snapshot = std::make_unique<const Snapshot>(std::move(snapshot));
  }
  return out;
}

/// Adds everything a run reports, in order, bit for bit.
inline void add_outcome(Fingerprint& hash, const Outcome& o) {
  hash.add(static_cast<std::uint64_t>(o.stop));
  hash.add(o.end_s);
  for (const MarketOutcome& m : o.markets) {
    for (const double x :
         {m.deposits_usd, m.bad_debt_usd, m.bad_debt_end_usd, m.bad_debt_exit_usd, m.recognised_usd,
          m.legacy_usd, m.liquidated_usd, m.unserved_usd, m.liquidations, m.first_liquidation_s,
          m.insolvent_s, m.utilisation_peak}) {
      hash.add(x);
    }
  }
  for (const AssetOutcome& a : o.assets) {
    for (const double x : {a.price_start, a.price_min, a.price_end}) hash.add(x);
  }
  for (const VenueOutcome& v : o.venues) {
    for (const double x : {v.volume_usd, v.forced_usd, v.lp_loss_usd}) hash.add(x);
  }
  for (const OracleOutcome& f : o.oracles) {
    hash.add(f.largest_gap);
    hash.add(f.reports);
  }
  for (const double x : o.bearer_gain_usd) hash.add(x);
  for (const double x : {o.revaluation_usd, o.gas_usd, o.unserved_wait_p50_s, o.unserved_wait_p95_s,
                         o.final_debt_usd}) {
    hash.add(x);
  }
}

}  // namespace faultline::bench
