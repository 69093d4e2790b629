// Phase 1: interest accrues; the scenario moves what is exogenous: references, claims, depth,
// feeds, settings, assets minted from nothing.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/math.hpp"
#include "sim/agents/attacker.hpp"
#include "sim/agents/flows.hpp"
#include "sim/agents/makers.hpp"
#include "sim/claims/algorithmic_coins.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/claims/synthetic_dollars.hpp"
#include "sim/claims/vault_exits.hpp"
#include "sim/credit/clusters.hpp"
#include "sim/credit/pools.hpp"
#include "sim/narration.hpp"
#include "sim/perpetuals/pool_perps.hpp"
#include "sim/phases.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

double step_before(const Workspace& w) {
  return w.round == 0 ? -1.0 : (w.round - 1) * w.world->round_s;
}

/// Interest of one reserve over dt. Debt grows by the model's factor; suppliers get what the
/// protocol does not keep. The identity cash + debt = claims + protocol reserves holds by
/// construction, since protocol reserves are that difference.
void accrue_reserve(const Snapshot& world, Workspace& w, std::uint32_t r, double dt) {
  ReserveState& state = w.reserves[r];
  if (state.debt_scaled == 0) return;  // nor does one that draws on another's pot
  const double debt = debt_units(w, r), claims = supply_units(w, r);
  const RateModel& model = w.settings.reserves[r].rate;
  double cash = reserve_cash(world, w, r);
  // Compound v2 counts cash less the protocol's reserves, cash + debt - claims, as liquidity.
  if (model.compounding == Compounding::simple) cash -= std::max(0.0, cash + debt - claims);
  const Accrual a = accrue(model, state.rate, std::max(0.0, cash), debt, state.deficit, dt, claims);
  if (a.borrow_growth == 1 && !(a.claims_growth > 1)) return;
  w.market.borrow_index[r] *= a.borrow_growth;
  w.market.supply_index[r] *= supply_growth(a, debt, claims);
  w.changed_factors.push_back(world.reserves[r].debt_factor);
  w.changed_factors.push_back(world.reserves[r].collateral_factor);
  share_indices(world, w, r);
}

/// Members of `to` that differ from `from` replace those of `current`, so that changes of two
/// fields of one feed or reserve stand side by side.
void apply_difference(const FeedParams& from, const FeedParams& to, FeedParams& current) {
  const auto take = [&](auto member) {
    const auto a = from.*member, b = to.*member;
    if (a != b && (a == a || b == b)) current.*member = b;  // NaN: not stated
  };
  take(&FeedParams::min_usd);
  take(&FeedParams::max_usd);
  take(&FeedParams::clamp);
  take(&FeedParams::deviation);
  take(&FeedParams::heartbeat_s);
  take(&FeedParams::latency_s);
  take(&FeedParams::pays_usd);
  take(&FeedParams::max_age_s);
  take(&FeedParams::max_confidence);
  take(&FeedParams::max_jump);
  take(&FeedParams::outlier);
  take(&FeedParams::source_confidence);
  take(&FeedParams::premium_tau_s);
  take(&FeedParams::growth_per_s);
  take(&FeedParams::snapshot_ratio);
  take(&FeedParams::snapshot_age_s);
  take(&FeedParams::smooth_s);
  take(&FeedParams::hop_s);
  if (from.source == SourceKind::fixed && from.fixed_usd != to.fixed_usd) {
    current.fixed_usd = to.fixed_usd;
  }
}

void apply_difference(const RateModel& from, const RateModel& to, RateModel& current) {
  for (const auto member :
       {&RateModel::reserve_factor, &RateModel::base, &RateModel::slope1, &RateModel::slope2,
        &RateModel::kink, &RateModel::target, &RateModel::steepness, &RateModel::speed,
        &RateModel::initial, &RateModel::least, &RateModel::most}) {
    if (from.*member != to.*member) current.*member = to.*member;
  }
}

void apply_difference(const Reserve& from, const Reserve& to, Reserve& current) {
  const auto take = [&](auto member) {
    if (from.terms.*member != to.terms.*member) current.terms.*member = to.terms.*member;
  };
  take(&LendingTerms::ltv);
  take(&LendingTerms::lt);
  take(&LendingTerms::bonus);
  take(&LendingTerms::protocol_fee);
  take(&LendingTerms::seize_share);
  take(&LendingTerms::close_factor);
  take(&LendingTerms::full_below_hf);
  take(&LendingTerms::small_usd);
  take(&LendingTerms::min_leftover_usd);
  take(&LendingTerms::target_health);
  take(&LendingTerms::full_bonus_below);
  take(&LendingTerms::least_bonus_share);
  apply_difference(from.rate, to.rate, current.rate);
  if (from.supply_cap != to.supply_cap) current.supply_cap = to.supply_cap;
  if (from.borrow_cap != to.borrow_cap) current.borrow_cap = to.borrow_cap;
}

void apply_difference(const PerpRules& from, const PerpRules& to, PerpRules& current) {
  const auto take = [](auto& was, auto& is, auto& now, auto member) {
    if (was.*member != is.*member) now.*member = is.*member;
  };
  const auto adl = [&](auto member) { take(from.adl, to.adl, current.adl, member); };
  adl(&AdlTerms::rank);
  adl(&AdlTerms::price);
  adl(&AdlTerms::takes);
  adl(&AdlTerms::quantiles);
  const auto rule = [&](auto member) {
    take(from.liquidation, to.liquidation, current.liquidation, member);
  };
  using L = PerpLiquidationTerms;
  rule(&L::sizing);
  rule(&L::limit);
  for (const auto member :
       {&L::takeover_below, &L::slice, &L::slice_above_usd, &L::cooldown_s, &L::block_s,
        &L::block_share, &L::block_least_usd, &L::block_most_usd, &L::buffer, &L::ramp_start,
        &L::ramp_s, &L::small_usd, &L::adjustment, &L::spread, &L::fund_fee}) {
    rule(member);
  }
}

void apply_difference(const CoinTerms& from, const CoinTerms& to, CoinTerms& current) {
  const auto take = [](auto& was, auto& is, auto& now, auto member) {
    if (was.*member != is.*member) now.*member = is.*member;
  };
  for (const auto member :
       {&VirtualPoolTerms::base, &VirtualPoolTerms::period, &VirtualPoolTerms::least_spread}) {
    take(from.pools, to.pools, current.pools, member);
  }
  take(from, to, current, &CoinTerms::block_s);
  take(from, to, current, &CoinTerms::redeems);
  take(from, to, current, &CoinTerms::mints);
}

void apply_difference(const DepositorRules& from, const DepositorRules& to,
                      DepositorRules& current) {
  using R = DepositorRules;
  for (const auto member : {&R::hole, &R::deficit, &R::depeg, &R::full, &R::reacts, &R::within_s,
                            &R::herding, &R::faster, &R::fear, &R::borrows_out, &R::margin,
                            &R::same_curator, &R::same_asset, &R::hearsay}) {
    if (from.*member != to.*member) current.*member = to.*member;
  }
}

void tune_venue(const Snapshot& world, Workspace& w, std::uint32_t v, const VenueTuning& tuning) {
  on_venue(world, w.venues, VenueId{v}, [&]<class K>(const auto&, auto& state) {
    const auto take = [](double value, double& current) {
      if (!std::isnan(value)) current = value;
    };
    take(tuning.fee, state.fee);
    if constexpr (requires { state.refill_s; }) {
      take(tuning.half_spread, state.half_spread);
      take(tuning.refill_s, state.refill_s);
      take(tuning.permanent, state.permanent);
    }
  });
  w.moved_venues.add(v);
}

/// Whether what a row in breach would bring is found of what is set; all else shows in values.
bool rules_liquidations(SettingChange::What what) {
  using What = SettingChange::What;
  return what == What::reserve || what == What::perp || what == What::liquidator_gas ||
         what == What::book_size;
}

void apply_settings(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  const double before = step_before(w);
  for (const SettingChange& s : scenario.settings) {
    if (s.at_s > w.now_s || s.at_s <= before) continue;
    w.settings_changed = true;
    if (rules_liquidations(s.what)) w.parked.distrust();
    using What = SettingChange::What;
    switch (s.what) {
      case What::feed:
        apply_difference(s.feed_other, s.feed, w.settings.feeds[s.target]);
        w.feed_due[s.target] = w.now_s;
        break;
      case What::reserve: {
        const double lt = w.settings.reserves[s.target].terms.lt;
        apply_difference(s.reserve_other, s.reserve, w.settings.reserves[s.target]);
        start_ramp(world, w, s.target, lt);
        w.changed_factors.push_back(s.reserve.collateral_factor);
        w.accruing = w.accruing || (w.reserves[s.target].debt_scaled > 0 &&
                                    bears_interest(w.settings.reserves[s.target].rate));
        break;
      }
      case What::venue:
        tune_venue(world, w, s.target, s.venue);
        break;
      case What::perp:
        apply_difference(s.perp_other, s.perp, w.settings.perps[s.target]);
        break;
      case What::depositors:
        apply_difference(s.depositors_other, s.depositors, w.settings.depositors[s.target]);
        w.quiet = false;
        break;
      case What::coin:
        apply_difference(s.coin_other, s.coin, w.coins.states[s.target].terms);
        w.quiet = false;
        break;
      case What::liquidator_capital:
        w.settings.liquidator_capital[s.target] = s.value;
        break;
      case What::liquidator_gas:
        w.settings.liquidator_gas[s.target] = s.value;
        break;
      case What::arbitrageur_capital:
        w.settings.arbitrageur_capital[s.target] = s.value;
        break;
      case What::arbitrageur_latency:
        w.settings.arbitrageur_latency[s.target] = s.value;
        break;
      case What::arbitrageur_gas:
        w.settings.arbitrageur_gas[s.target] = s.value;
        break;
      case What::book_size:
        resize_book(world, w, s.target, s.value);
        break;
    }
  }
}

/// Price of asset column `c` on the path at `t`: linear between its points, flat outside. A drawn
/// path has a point a round, so the search begins with point `likely`.
double on_path(const FollowedPath& path, std::size_t c, double t, std::size_t likely) {
  const std::size_t n = path.times_s.size(), width = path.assets.size();
  if (t <= path.times_s.front()) return path.prices[c];
  if (t >= path.times_s.back()) return path.prices[(n - 1) * width + c];
  std::size_t lo = 0, hi = n - 1;
  for (const std::size_t probe : {likely, likely + 1}) {
    if (probe > lo && probe < hi) (path.times_s[probe] <= t ? lo : hi) = probe;
  }
  while (hi - lo > 1) {
    const std::size_t mid = (lo + hi) / 2;
    (path.times_s[mid] <= t ? lo : hi) = mid;
  }
  const double a = path.prices[lo * width + c], b = path.prices[hi * width + c];
  return a + (b - a) * (t - path.times_s[lo]) / (path.times_s[hi] - path.times_s[lo]);
}

bool any_pending(const Scenario& scenario, double before) {
  if (scenario.path != nullptr && before < scenario.path->times_s.back()) return true;
  for (const ExogenousMove& m : scenario.moves) {
    if (m.when.pending(before) || before < 0) return true;
  }
  return false;
}

/// Rebuilds exogenous columns from the opening and every move's share in force now.
void move_exogenous(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  const MarketState& opening = world.opening.market;
  w.base_reference = opening.reference;
  w.market.discount = opening.discount;
  w.market.contract_rate = opening.contract_rate;
  std::fill(w.backing.begin(), w.backing.end(), 1.0);
  if (scenario.path != nullptr) {
    for (std::size_t c = 0; c < scenario.path->assets.size(); ++c) {
      w.base_reference[scenario.path->assets[c].value] =
          on_path(*scenario.path, c, w.now_s, w.round);
    }
  }
  for (const ExogenousMove& m : scenario.moves) {
    const double share = m.when.share(w.now_s);
    switch (m.kind) {
      case MoveKind::price:
        w.base_reference[m.target] *= math::exp(m.value * share);
        break;
      case MoveKind::level:
        w.base_reference[m.target] *= math::pow(m.value / w.base_reference[m.target], share);
        break;
      case MoveKind::discount:
        w.market.discount[m.target] += (m.value - w.market.discount[m.target]) * share;
        break;
      case MoveKind::backing:
        w.backing[m.target] *= 1 - m.value * share;
        backing_changed(world, w, AssetId{m.target});
        break;
      case MoveKind::rate:
        w.market.contract_rate[m.target] *= math::exp(m.value * share);
        break;
      default:
        break;  // venues and feeds: below
    }
  }
}

/// Share of an asset's permanent impact that moves its reference: all of it on a fundamental path;
/// of an asset on an observed one, which already contains its forced selling, only what the
/// baseline did not do.
double impact_on_reference(const Scenario& scenario, const Workspace& w, std::uint32_t a) {
  const double own = w.market.permanent[a];
  if (scenario.path == nullptr || !scenario.path->observed) return own;
  const std::vector<AssetId>& followed = scenario.path->assets;
  if (std::find(followed.begin(), followed.end(), AssetId{a}) == followed.end()) return own;
  if (scenario.baseline_permanent == nullptr) return 1;
  const std::vector<double>& log = *scenario.baseline_permanent;
  const std::size_t n = w.market.permanent.size(), at = w.round * n + a;
  return own / (at < log.size() ? log[at] : log[log.size() - n + a]);
}

/// References in price order: a root's own times permanent impact; a claim's rate x base x
/// (1 - discount), so that a shock to the base carries to every claim on it.
void refresh_references(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  for (const AssetId a : world.price_order) {
    const AssetInfo& info = world.assets[a.value];
    const double impact = impact_on_reference(scenario, w, a.value);
    double value = w.base_reference[a.value] * impact;
    if (info.share >= 0) {
      w.market.contract_rate[a.value] =
          rate_share(world, w, static_cast<std::uint32_t>(info.share));
    }
    if (info.base.valid()) {
      value = w.market.contract_rate[a.value] * w.market.reference[info.base.value] *
              (1 - w.market.discount[a.value]) * impact;
    }
    if (std::isnan(value)) continue;
    if (!(value > 0) || std::isinf(value)) {
      fail(w, Stop::not_finite,
           "the reference price of " + info.name + " left the positive numbers");
      return;
    }
    if (value != w.market.reference[a.value]) {
      w.market.reference[a.value] = value;
      w.moved_references.add(a.value);
      w.reference_moved_round[a.value] = w.round;
    }
  }
}

/// Liquidity providers leave (or come back) so that `share` of the opening depth is out. Tokens
/// move between the venue and its providers' wallet, whole quanta each.
void withdraw_depth(const Snapshot& world, Workspace& w, std::uint32_t v, double share) {
  const double out_now = w.withdrawn[v];
  if (share == out_now) return;
  if (share > out_now && !pool_lets_go(world, w, VenueId{v})) return;  // tried again next round
  const VenueInfo& venue = world.venues[v];
  double part = 1 - (1 - share) / (1 - out_now);
  w.withdrawn[v] = share;
  if (const PoolShare* s = share_of_pool(world, VenueId{v})) {
    part = burn_in_proportion(world, w, *s, part);
    w.withdrawn[v] = 1 - (1 - out_now) * (1 - part);  // of the rest nobody may leave
    if (part == 0) return;
  }
  on_venue(world, w.venues, VenueId{v}, [&]<class K>(const auto& p, auto& state) {
    K::withdraw(p, state, part);
    if (venue.is_outside) return;
    const double base = world.assets[venue.base.value].quantum.down(K::base_held(p, state));
    const double quote = world.assets[venue.quote.value].quantum.down(K::quote_held(p, state));
    w.ledger.post(venue.base_account, venue.base_wallet,
                  w.ledger.balance(venue.base_account) - base);
    w.ledger.post(venue.quote_account, venue.quote_wallet,
                  w.ledger.balance(venue.quote_account) - quote);
    K::hold(p, state, base, quote);
  });
  w.moved_venues.add(v);
}

/// LPs burn a share of all claims on a pool and take one coin for it, at once.
void leave_in_one_coin(const Snapshot& world, Workspace& w, const ExogenousMove& m) {
  if (!pool_lets_go(world, w, VenueId{m.target})) return;
  const VenueInfo& venue = world.venues[m.target];
  const Side side = m.kind == MoveKind::exit_base ? Side::buy : Side::sell;
  const Quantum& quantum = world.assets[asset_taken(venue, side).value].quantum;
  double part = m.value;
  if (const PoolShare* s = share_of_pool(world, VenueId{m.target})) {
    part = burn_in_proportion(world, w, *s, part);
  }
  on_venue(world, w.venues, VenueId{m.target}, [&]<class K>(const auto& p, auto& state) {
    if constexpr (requires { K::exit(p, state, side, part); }) {
      const double out = quantum.down(K::exit(p, state, side, part));
      if (!(out > 0)) return;
      w.ledger.post(account_taken(venue, side),
                    side == Side::buy ? venue.base_wallet : venue.quote_wallet, out);
      K::apply_exit(p, state, side, part, out);
    }
  });
  w.moved_venues.add(m.target);
  w.quiet = false;
}

bool same(const FeedFaults& a, const FeedFaults& b) {
  const bool both_none = std::isnan(a.latency_override_s) && std::isnan(b.latency_override_s);
  return a.offset == b.offset && a.frozen == b.frozen && a.outage == b.outage &&
         a.stale == b.stale && a.odd_source == b.odd_source && a.odd_factor == b.odd_factor &&
         a.cap_factor == b.cap_factor &&
         (both_none || a.latency_override_s == b.latency_override_s);
}

/// Adds what one move does now to what its venue or feed is to be: withdrawals leave a product of
/// what each leaves, offsets multiply, of several latencies the last in force holds.
void combine(const ExogenousMove& m, double share, Workspace& w) {
  switch (m.kind) {
    case MoveKind::withdraw:
      w.depth_left[m.target] *= 1 - m.value * share;
      break;
    case MoveKind::makers:
      w.makers[m.target].left *= 1 - m.value * share;
      break;
    case MoveKind::deposits:
      w.deposits.places[m.target].left *= 1 - m.value * share;
      w.deposits.awake = true;
      break;
    case MoveKind::sale:
      w.settings.flow_size[m.target] *= 1 - m.value * share;
      w.flows.pending[m.target] = 1;
      break;
    case MoveKind::gas:
      w.gas_next[m.target] *= 1 + (m.value - 1) * share;
      break;
    case MoveKind::out_of_reach:
      w.desks.frozen_next[m.target] = w.desks.frozen_next[m.target] || share > 0;
      break;
    case MoveKind::hand_in:
      w.desks.desks[m.target].left *= 1 - m.value * share;
      break;
    case MoveKind::halt:
      w.halts[m.target] = w.halts[m.target] || share > 0;
      break;
    case MoveKind::latency:
      if (share > 0) w.faults[m.target].latency_override_s = m.value;
      break;
    case MoveKind::offset:
      w.faults[m.target].offset *= 1 + m.value * share;
      break;
    case MoveKind::frozen:
      w.faults[m.target].frozen = w.faults[m.target].frozen || share > 0;
      break;
    case MoveKind::outage:
      w.faults[m.target].outage = w.faults[m.target].outage || share > 0;
      break;
    case MoveKind::stale:
      w.faults[m.target].stale = w.faults[m.target].stale || share > 0;
      break;
    case MoveKind::divergent:
      w.faults[m.target].odd_source = m.source;
      w.faults[m.target].odd_factor = 1 + m.value * share;
      break;
    case MoveKind::cap:
      w.faults[m.target].cap_factor *= 1 + m.value * share;
      break;
    default:
      break;  // prices and claims: above
  }
}

/// Trading stops or goes on, as `halts` says.
void halt_venue(const Snapshot& world, Workspace& w, std::uint32_t v) {
  if (w.market.halted[v] == w.halts[v]) return;
  w.market.halted[v] = w.halts[v];
  on_venue(world, w.venues, VenueId{v}, [&]<class K>(const auto& p, auto& state) {
    if constexpr (requires { K::halt(p, state, true); }) K::halt(p, state, w.halts[v] != 0);
  });
  w.moved_venues.add(v);
  w.quiet = false;
  tell(w, "halt", world.venues[v].name, w.halts[v] ? "trading is halted" : "trading resumes");
}

/// Where gas moved everybody who pays it looks again: reporters, liquidators, arbitrageurs.
void charge_gas(const Snapshot& world, Workspace& w) {
  for (std::uint32_t c = 0; c < world.chains.size(); ++c) {
    if (w.gas_next[c] == w.gas_factor[c]) continue;
    w.gas_factor[c] = w.gas_next[c];
    w.quiet = false;
    w.parked.distrust();
    for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
      if (world.venues[v].chain == c) w.moved_venues.add(v);
    }
    for (std::uint32_t o = 0; o < world.oracles.size(); ++o) {
      if (world.oracles[o].chain == c) w.feed_due[o] = w.now_s;
    }
  }
}

/// Whether some event freezes the reserve of this one now.
bool frozen_now(const Scenario& scenario, const Workspace& w, const ExogenousMove& of) {
  return std::any_of(scenario.moves.begin(), scenario.moves.end(), [&](const ExogenousMove& m) {
    return m.kind == MoveKind::freeze && m.target == of.target && m.when.share(w.now_s) > 0;
  });
}

void move_venues_and_feeds(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  for (const ExogenousMove& m : scenario.moves) {
    if (m.kind == MoveKind::withdraw) w.depth_left[m.target] = 1;
    if (m.kind == MoveKind::makers) w.makers[m.target].left = 1;
    if (m.kind == MoveKind::deposits) w.deposits.places[m.target].left = 1;
    if (m.kind == MoveKind::sale) {
      w.settings.flow_size[m.target] = 1;
      w.settings_changed = true;
    }
    if (m.kind == MoveKind::halt) w.halts[m.target] = 0;
    if (m.kind == MoveKind::gas) w.gas_next[m.target] = 1;
    if (m.kind == MoveKind::out_of_reach) w.desks.frozen_next[m.target] = 0;
    if (m.kind == MoveKind::hand_in) w.desks.desks[m.target].left = 1;
    if (m.kind > MoveKind::withdraw) w.faults[m.target] = FeedFaults{};
  }
  for (const ExogenousMove& m : scenario.moves) combine(m, m.when.share(w.now_s), w);
  charge_gas(world, w);
  for (const ExogenousMove& m : scenario.moves) {
    const bool leaves = m.kind == MoveKind::exit_base || m.kind == MoveKind::exit_quote;
    if (leaves && m.when.start_s <= w.now_s && m.when.start_s > step_before(w)) {
      leave_in_one_coin(world, w, m);
    }
  }
  for (const ExogenousMove& m : scenario.moves) {
    if (m.kind == MoveKind::withdraw)
      withdraw_depth(world, w, m.target, 1 - w.depth_left[m.target]);
    if (m.kind == MoveKind::halt && w.transmission) halt_venue(world, w, m.target);
    if (m.kind == MoveKind::freeze) freeze_reserve(world, w, m.target, frozen_now(scenario, w, m));
    if (m.kind <= MoveKind::withdraw) continue;
    FeedFaults& now = w.feeds[m.target].faults;
    if (same(now, w.faults[m.target])) continue;
    now = w.faults[m.target];
    w.feed_due[m.target] = w.now_s;
  }
}

template <class K>
bool is_paused(const typename K::Params& p, const typename K::State& s) {
  if constexpr (requires { K::halted(p, s); }) return K::halted(p, s);
  return false;
}

/// Makers of order books and the outside world re-quote as time passes and references move; pools
/// follow their own clocks and the contract rates they read.
void relax_venues(const Snapshot& world, Workspace& w, double dt) {
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (!venue.relaxes) continue;
    const double base = venue.feed.valid() ? w.market.published[venue.feed.value]
                                           : w.market.reference[venue.base.value];
    const double reference = base / w.market.reference[venue.quote.value];
    on_venue(world, w.venues, VenueId{v}, [&]<class K>(const auto& p, auto& state) {
      // Quotes of a halted venue stand still; a pool's clock does not.
      if (std::is_base_of_v<QuoteBook, K> && w.market.halted[v]) return;
      const bool paused = is_paused<K>(p, state);
      bool moved = K::relax(p, state, dt, reference);
      if constexpr (requires { K::re_rate(p, state, dt, dt); }) {
        moved = K::re_rate(p, state, contract_worth(world, w.market, venue.base),
                           contract_worth(world, w.market, venue.quote)) ||
                moved;
      }
      if (!moved) return;
      if (is_paused<K>(p, state) != paused) {
        tell(w, "halt", venue.name,
             paused ? "trading resumes" : "trading pauses: the price stood at its band");
      }
      w.moved_venues.add(v);
      w.quiet = false;
      if constexpr (requires { state.own; }) {
        if (w.record && p.retreat.on()) {
          note_depth(w, venue.name, w.depth_stories[v], state.own.stands, state.own.widened);
        }
      }
    });
  }
}

void mint_exploits(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  for (const Exploit& e : scenario.exploits) {
    if (e.at_s <= w.now_s && e.at_s > step_before(w)) launch_exploit(world, e, w);
  }
}

void log_references(const Snapshot& world, Workspace& w) {
  const std::size_t n = world.assets.size();
  double* row = w.reference_log.data() + (w.round % w.reference_depth) * n;
  for (std::size_t a = 0; a < n; ++a) row[a] = w.market.reference[a];
}

}  // namespace

void shock(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  w.quiet = true;
  const double dt = w.round == 0 ? 0 : world.round_s;
  if (w.accruing && dt > 0) {
    for (std::uint32_t r = 0; r < world.reserves.size(); ++r) accrue_reserve(world, w, r, dt);
  }
  accrue_perp_funding(world, w, dt);
  if (!scenario.settings.empty()) apply_settings(world, scenario, w);
  const bool exogenous = any_pending(scenario, step_before(w));
  if (exogenous) move_exogenous(world, scenario, w);
  bool admitted = admit_losses(world, w, exogenous);
  admitted = re_rate_shares(world, w, exogenous) || admitted;
  if (exogenous || admitted || w.impact_due || shares_moved(world, w)) {
    refresh_references(world, scenario, w);
  }
  w.impact_due = false;
  if (exogenous) move_venues_and_feeds(world, scenario, w);
  if (w.transmission && !world.makers.empty()) quote_anew(world, w, dt);
  relax_venues(world, w, dt);
  replenish_coins(world, w, dt);
  step_desks(world, w, dt);
  if (!scenario.exploits.empty()) mint_exploits(world, scenario, w);
  step_pools(world, w, dt);
  step_ramps(world, w);
  refresh_vault_exits(world, w, false);
  log_references(world, w);
  if (scenario.path != nullptr && scenario.path->observed) {
    std::vector<double>& log = w.outcome.permanent_log;
    log.insert(log.end(), w.market.permanent.begin(), w.market.permanent.end());
  }
}

}  // namespace faultline
