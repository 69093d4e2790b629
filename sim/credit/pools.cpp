#include "sim/credit/pools.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace faultline {

namespace {

constexpr unsigned char by_guardian = 1, by_scenario = 2;

std::string reserve_text(const Snapshot& world, std::uint32_t r) {
  return world.assets[world.reserves[r].asset.value].name;
}

void set_frozen(Workspace& w, std::uint32_t r, unsigned char who, bool on) {
  const auto now =
      static_cast<unsigned char>(on ? w.pools.frozen[r] | who : w.pools.frozen[r] & ~who);
  if (now == w.pools.frozen[r]) return;
  w.pools.frozen[r] = now;
  w.quiet = false;
}

/// Units of a watched asset appeared from nothing, or what is behind it is less than it promises;
/// or a feed says too much.
bool alarmed(const Snapshot& world, const Workspace& w, const GuardianInfo& g) {
  for (const std::uint32_t r : g.freezes) {
    if (!std::isfinite(g.gap)) break;
    const Reserve& reserve = world.reserves[r];
    const double told = w.market.published[reserve.oracle.value];
    if (told > w.market.spot[reserve.asset.value] * (1 + g.gap)) return true;
  }
  return std::any_of(g.watches.begin(), g.watches.end(),
                     [&](AssetId a) { return backed_share(world, w, a) < 1; });
}

void step_guardian(const Snapshot& world, Workspace& w, std::size_t i) {
  const GuardianInfo& g = world.guardians[i];
  GuardianState& s = w.pools.guardians[i];
  if (s.acted) return;
  if (s.acts_s < 0 && alarmed(world, w, g)) s.acts_s = w.now_s + g.after_s;
  if (s.acts_s < 0) return;
  if (s.acts_s > w.now_s) {
    w.pools.pending = true;
    return;
  }
  s.acted = true;
  for (const std::uint32_t r : g.freezes) {
    set_frozen(w, r, by_guardian, true);
    if (world.reserves[r].emode >= 0 || !w.record) continue;
    tell(w, "guardian", g.name,
         fmt::format("{} is frozen in {}", reserve_text(world, r),
                     world.markets[world.reserves[r].market.value].name));
  }
}

const char* pause_text(const Pause& p) {
  return p.all ? "everything" : p.borrowing ? "borrowing" : "liquidation";
}

/// Extends a pause; liquidations wait out the grace after it.
void pause(const Snapshot& world, Workspace& w, const BreakerInfo& b, bool fresh) {
  const auto until = [](double& at, double s) { at = std::max(at, s); };
  for (const Pause& p : b.pauses) {
    const std::uint32_t m = p.market.value;
    const double end = w.now_s + b.lasts_s;
    if (p.all) until(w.pools.paused_s[m], end);
    if (p.all || p.borrowing) until(w.pools.borrowing_paused_s[m], end);
    if (p.all || p.liquidation) until(w.pools.liquidation_paused_s[m], end + b.grace_s);
    if (fresh && w.record) {
      tell(w, "breaker", b.name,
           fmt::format("{} is paused in {}: {} moved {:.1f}%", pause_text(p), world.markets[m].name,
                       world.assets[b.watches.value].name, 100 * b.moves));
    }
  }
}

void step_breaker(const Snapshot& world, Workspace& w, std::size_t i) {
  const BreakerInfo& b = world.breakers[i];
  BreakerState& s = w.pools.breakers[i];
  const double price = w.market.spot[b.watches.value];
  if (!(price > 0)) return;
  s.low.note(w.now_s, price);
  s.high.note(w.now_s, -price);
  const double from = w.now_s - b.within_s;
  const double low = s.low.least(from), high = -s.high.least(from);
  const bool tripped = price <= high * (1 - b.moves) || price >= low * (1 + b.moves);
  if (tripped) {
    pause(world, w, b, s.ends_s < 0);
    s.ends_s = w.now_s + b.lasts_s + b.grace_s;
    w.quiet = false;
  }
  if (s.ends_s >= 0 && w.now_s >= s.ends_s) {
    s.ends_s = -1;
    w.quiet = false;
    for (const Pause& p : b.pauses) {
      if (!w.record) break;
      tell(w, "breaker", b.name,
           fmt::format("{} goes on in {}", pause_text(p), world.markets[p.market.value].name));
    }
  }
  w.pools.pending = w.pools.pending || s.ends_s >= 0;
}

/// One reserve's thresholds follow the volatility of its feed.
void step_threshold(const Snapshot& world, Workspace& w, std::uint32_t r, double dt) {
  const Reserve& reserve = world.reserves[r];
  const double price = w.market.published[reserve.oracle.value];
  if (!(price > 0)) return;
  ScaledThreshold& s = w.pools.thresholds[r];
  const double before = s.scale;
  const bool moved = follow(reserve.scaling, s, price, dt);
  const bool waits = s.scale < 1 || wanted_scale(reserve.scaling, s.variance) < 1;
  w.pools.scaled = w.pools.scaled || s.scale < 1;
  w.pools.pending = w.pools.pending || waits;
  if (!moved) return;
  w.quiet = false;
  w.changed_factors.push_back(reserve.collateral_factor);
  constexpr double told = 0.05;
  if (!w.record || reserve.emode >= 0 || std::floor(before / told) == std::floor(s.scale / told))
    return;
  tell(w, "threshold", world.markets[reserve.market.value].name,
       fmt::format("{} counts {:.1f}% of its lt of {:.1f}%", reserve_text(world, r), 100 * s.scale,
                   100 * reserve.terms.lt));
}

/// Stakers who were leaving take out what is theirs, once they may.
void step_stake(const Snapshot& world, Workspace& w, std::size_t i) {
  const SafetyModuleInfo& m = world.safety_modules[i];
  StakeState& s = w.pools.stakes[i];
  if (s.has_left || !(m.leaving > 0)) return;
  if (w.now_s < m.leaves_s) {
    w.pools.pending = true;
    return;
  }
  s.has_left = true;
  w.quiet = false;
  // The shares asked for, at what a share is worth after slashing (safety_module.hpp).
  const Quantum& q = world.assets[world.reserves[m.reserve].asset.value].quantum;
  StakePool pool{.assets = s.staked, .shares = m.holds};
  Cooldown cooldown{.shares = m.leaving, .elapsed_s = m.terms.cooldown_s, .running = true};
  const double shares = redeemable_shares(m.terms, cooldown, m.leaving);
  const double paid = std::min(s.staked, q.down(redeem_stake(pool, cooldown, shares)));
  s.staked -= paid;
  if (m.claim) {
    s.left += paid;
  } else {
    w.ledger.post(m.stake, m.left, paid);
  }
  if (!w.record) return;
  const double price = w.market.spot[world.reserves[m.reserve].asset.value];
  tell(w, "stakers", m.name, "{} of its stake has waited out its cooldown and leaves",
       {paid * (m.claim ? w.market.supply_index[m.reserve] : 1.0) * price});
}

}  // namespace

void open_pools(const Snapshot& world, Workspace& w) {
  PoolRun& p = w.pools;
  p.frozen.assign(world.reserves.size(), 0);
  p.borrowing_paused_s.assign(world.markets.size(), -1.0);
  p.liquidation_paused_s.assign(world.markets.size(), -1.0);
  p.paused_s.assign(world.markets.size(), -1.0);
  p.guardians.assign(world.guardians.size(), GuardianState{});
  p.breakers.resize(world.breakers.size());
  for (BreakerState& b : p.breakers) {
    b.low.clear();
    b.high.clear();
    b.ends_s = -1;
  }
  p.thresholds.assign(world.reserves.size(), ScaledThreshold{});
  p.scaled = p.pending = false;
  p.stakes.assign(world.safety_modules.size(), StakeState{});
  for (std::size_t i = 0; i < p.stakes.size(); ++i)
    p.stakes[i].staked = world.safety_modules[i].holds;
  p.isolated_usd = world.opening.isolated_usd;
}

void step_pools(const Snapshot& world, Workspace& w, double dt) {
  w.pools.pending = false;
  for (std::size_t i = 0; i < world.guardians.size(); ++i) step_guardian(world, w, i);
  for (std::size_t i = 0; i < world.breakers.size(); ++i) step_breaker(world, w, i);
  w.pools.scaled = false;
  for (const std::uint32_t r : world.scaled_reserves) step_threshold(world, w, r, dt);
  for (std::size_t i = 0; i < world.safety_modules.size(); ++i) step_stake(world, w, i);
}

void count_scaled(const Snapshot& world, Workspace& w) {
  Leg legs[kMostLegs];
  for (const std::uint32_t p : w.entered) {
    if (w.breach_since.find(p) != nullptr) continue;  // not for the first time
    const RowLegs row = w.positions.row(p, legs);
    double unscaled = 0, debt = 0;
    for (std::uint32_t leg = 0; leg < row.count; ++leg) {
      const double value = legs[leg].amount * w.factors[legs[leg].factor];
      if (leg < row.collateral) {
        unscaled += value / w.pools.thresholds[legs[leg].factor / 2].scale;
      } else {
        debt += value;
      }
    }
    if (!(unscaled >= debt)) continue;
    MarketOutcome& out = w.outcome.markets[world.positions[p].market.value];
    out.scaled_accounts += 1;
    out.scaled_usd += debt;
  }
}

void freeze_reserve(const Snapshot& world, Workspace& w, std::uint32_t r, bool on) {
  const bool was = w.pools.frozen[r] != 0;
  set_frozen(w, r, by_scenario, on);
  const Market& market = world.markets[world.reserves[r].market.value];
  for (std::uint32_t other = market.first_reserve;
       other < market.first_reserve + market.reserve_count; ++other) {
    const Reserve& o = world.reserves[other];
    if (o.emode >= 0 && o.asset == world.reserves[r].asset) set_frozen(w, other, by_scenario, on);
  }
  if (was == (w.pools.frozen[r] != 0) || !w.record) return;
  tell(w, "freeze", market.name,
       fmt::format("{} {}", reserve_text(world, r), on ? "is frozen" : "is open again"));
}

}  // namespace faultline
