#include "sim/claims/curated_vaults.hpp"
#include "sim/credit/absorbing_markets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "sim/agents/deposits.hpp"
#include "sim/credit/pools.hpp"
#include "sim/readings.hpp"

namespace faultline {

namespace {

constexpr std::uint32_t nowhere = VaultPlace::none;
constexpr double never_full = std::numeric_limits<double>::infinity();

const Quantum& quantum_of(const Snapshot& world, const CuratedVaultInfo& v) {
  return world.assets[v.asset.value].quantum;
}
double spot_of(const Workspace& w, const CuratedVaultInfo& v) {
  return w.market.spot[v.asset.value];
}

/// Units a share pays by the books; what was last said where there is none.
double price_of(const CuratedVaultInfo& v, const CuratedVaultState& s) {
  return s.books.shares > 0 ? vault_price(v.terms, s.books) : s.said;
}

/// What a place owes its vault by the books there, units; what was struck off counts for nothing.
double claim_units(const Snapshot& world, const Workspace& w, std::uint32_t p) {
  const VaultPlace& place = world.vault_places[p];
  const double claim = w.vaults.places[p].struck ? 0 : w.vaults.places[p].claim;
  if (place.vault == nowhere) return claim * w.market.supply_index[place.reserve];
  return claim * price_of(world.vaults[place.vault], w.vaults.vaults[place.vault]);
}

double real_units(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  double units = w.ledger.balance(info.idle);
  for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
    units += claim_units(world, w, p);
  }
  return units;
}

/// Counts a vault's books anew, those it lends to first.
void count_vault(const Snapshot& world, Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
    if (world.vault_places[p].vault != nowhere) count_vault(world, w, world.vault_places[p].vault);
  }
  CuratedVaultState& s = w.vaults.vaults[v];
  const double real = real_units(world, w, v);
  const bool grows = info.terms.management_fee > 0 || s.books.assets < real;
  if (real == s.real && !grows) return;
  s.fee_shares += accrue_vault(info.terms, s.books, real, w.now_s - s.counted_s);
  s.real = real;
  s.counted_s = w.now_s;
}

/// Room for what comes into a place, units.
double room_at(const Snapshot& world, const Workspace& w, std::uint32_t p) {
  const double own = w.vaults.places[p].cap - claim_units(world, w, p);
  const std::uint32_t r = world.vault_places[p].reserve;
  if (r == nowhere) return std::max(0.0, own);
  return std::max(0.0, std::min(own, supply_room(world, w, r)));
}

/// Takes up to whole `units` out of a place, as far as there is cash; nothing out of one that was
/// struck off. Gives what came.
double take_out(const Snapshot& world, Workspace& w, std::uint32_t p, double units, AccountId to) {
  const VaultPlace& place = world.vault_places[p];
  double& claim = w.vaults.places[p].claim;
  if (w.vaults.places[p].struck) return 0;
  if (place.vault != nowhere) return withdraw_from_vault(world, w, place.vault, units, claim, to);
  const double before = claim;
  const double paid = pay_out(world, w, place.reserve, units, claim, to);
  w.reserves[place.reserve].vault_scaled -= before - claim;
  return paid;
}

/// Lends whole `units` that lie idle.
void put_in(const Snapshot& world, Workspace& w, std::uint32_t v, std::uint32_t p, double units) {
  const VaultPlace& place = world.vault_places[p];
  double& claim = w.vaults.places[p].claim;
  const AccountId idle = world.vaults[v].idle;
  if (place.vault != nowhere) return deposit_into_vault(world, w, place.vault, units, claim, idle);
  const double before = claim;
  pay_in(world, w, place.reserve, units, claim, idle);
  w.reserves[place.reserve].vault_scaled += claim - before;
}

/// Lends up to `units` of what lies idle along the supply queue, past places its curator wants out
/// of. Gives what found no room.
double place_idle(const Snapshot& world, Workspace& w, std::uint32_t v, double units) {
  const CuratedVaultInfo& info = world.vaults[v];
  const Quantum& q = quantum_of(world, info);
  for (const std::uint32_t p : info.supply_queue) {
    if (w.vaults.places[p].wanted_since_s >= 0 || w.vaults.places[p].struck) continue;
    const double part = q.down(std::min(units, room_at(world, w, p)));
    if (!(part > 0)) continue;
    put_in(world, w, v, p, part);
    units -= part;
  }
  return units;
}

}  // namespace

double vault_owed(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  return assets_for(world.vaults[v].terms, w.vaults.vaults[v].books,
                    w.vaults.vaults[v].books.shares);
}

double vault_payable(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  double units = w.ledger.balance(info.idle);
  for (const std::uint32_t p : info.withdraw_queue) {
    const VaultPlace& place = world.vault_places[p];
    const double cash = place.vault == nowhere ? payable(world, w, place.reserve)
                                               : vault_payable(world, w, place.vault);
    units += std::min(claim_units(world, w, p), cash);
  }
  return units;
}

double draw_from_vault(const Snapshot& world, const Workspace& w, std::uint32_t v, double most,
                       CashDrawn& drawn) {
  const CuratedVaultInfo& info = world.vaults[v];
  const Quantum& q = quantum_of(world, info);
  const double idle = std::max(0.0, w.ledger.balance(info.idle) - drawn.idle[v]);
  double units = std::min(q.down(most), idle);
  drawn.idle[v] += units;
  for (const std::uint32_t p : info.withdraw_queue) {
    const VaultPlace& place = world.vault_places[p];
    constexpr double uncounted = 1e-6;  // what another vault's fees may take before it pays
    const double claim = claim_units(world, w, p) * (place.vault == nowhere ? 1 : 1 - uncounted);
    const double left = q.down(std::min(most - units, claim));
    if (!(left > 0)) continue;
    if (place.vault != nowhere) {
      units += draw_from_vault(world, w, place.vault, left, drawn);
      continue;
    }
    double& spoken_for = drawn.reserves[world.reserves[place.reserve].pot];
    const double cash = std::max(0.0, payable(world, w, place.reserve) - spoken_for);
    const double part = q.down(std::min(left, cash));
    spoken_for += part;
    units += part;
  }
  return units;
}

double behind_claim(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  const Market& market = world.markets[reserve.market.value];
  const double deficit = w.reserves[r].deficit;
  if (market.absorbs < 0 && w.hole_usd[reserve.market.value] == 0 && deficit == 0) return 1;
  double owed = 0, all = 0, held = 0;  // by debtors under water: of this asset, and of all
  for (std::uint32_t i = market.first_reserve; i < market.first_reserve + market.reserve_count;
       ++i) {
    const std::uint32_t debt = world.reserves[i].debt_factor;
    const std::uint32_t collateral = world.reserves[i].collateral_factor;
    const double usd = w.hollow.units[debt] * w.market_factors[debt];
    all += usd;
    held += w.hollow.units[collateral] * w.market_factors[collateral];
    if (i == r) owed = usd;
  }
  constexpr double noise = 1e-13;  // of the sums
  const double hole_usd = all - held - market.legacy_usd;
  double missing = deficit;
  if (hole_usd > noise * all)
    missing += hole_usd * (owed / all) / w.market.spot[reserve.asset.value];
  const double claims = supply_units(w, r);
  double own = reserve_cash(world, w, r) + debt_units(w, r) + deficit - claims;
  if (market.absorbs >= 0) {  // what it has not sold is behind its lenders, too
    own += inventory_units(world, w, world.absorbing[static_cast<std::size_t>(market.absorbs)]);
  } else {
    own = std::max(0.0, own);
  }
  if (!(missing > own)) return 1;
  return missing - own < claims ? 1 - (missing - own) / claims : 0;
}

double vault_worth(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  double units = w.ledger.balance(info.idle);
  for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
    const VaultPlace& place = world.vault_places[p];
    if (place.vault == nowhere) {
      const double owed = w.vaults.places[p].claim * w.market.supply_index[place.reserve];
      units += owed * behind_claim(world, w, place.reserve);
    } else if (const double shares = w.vaults.vaults[place.vault].books.shares; shares > 0) {
      units += w.vaults.places[p].claim * (vault_worth(world, w, place.vault) / shares);
    }
  }
  return units;
}

double share_price(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  return price_of(world.vaults[v], w.vaults.vaults[v]);
}

double vault_room(const Snapshot& world, const Workspace& w, std::uint32_t v) {
  if (!(share_price(world, w, v) > 0)) return 0;
  if (world.opening.balances[world.vaults[v].idle.value] > 0) return never_full;
  double units = 0;
  for (const std::uint32_t p : world.vaults[v].supply_queue) {
    const VaultPlaceState& place = w.vaults.places[p];
    if (place.wanted_since_s < 0 && !place.struck) units += room_at(world, w, p);
  }
  return units;
}

namespace {

/// Pays up to whole `units` out of what lies idle and along the withdraw queue.
double pay_along(const Snapshot& world, Workspace& w, std::uint32_t v, double units, AccountId to) {
  const CuratedVaultInfo& info = world.vaults[v];
  double paid = std::min(units, w.ledger.balance(info.idle));
  if (paid > 0) w.ledger.post(info.idle, to, paid);
  for (const std::uint32_t p : info.withdraw_queue) {
    if (paid < units) paid += take_out(world, w, p, units - paid, to);
  }
  return paid;
}

/// Shares are no more, and their holders were paid.
void book_paid(const Snapshot& world, Workspace& w, std::uint32_t v, double burned, double paid) {
  const CuratedVaultInfo& info = world.vaults[v];
  CuratedVaultState& s = w.vaults.vaults[v];
  constexpr double residue = 1e-13;  // of shares: what rounding leaves of none
  const double rest = s.books.shares - burned;
  s.books.shares = rest > residue * s.books.shares ? rest : 0;
  s.books.assets = std::max(0.0, s.books.assets - paid);
  s.out_units += paid;
  s.unplaced = std::min(s.unplaced, w.ledger.balance(info.idle));
  w.outcome.vaults[v].withdrawn_usd += paid * spot_of(w, info);
  w.quiet = false;
}

}  // namespace

double withdraw_from_vault(const Snapshot& world, Workspace& w, std::uint32_t v, double units,
                           double& shares, AccountId to) {
  count_vault(world, w, v);
  const CuratedVaultInfo& info = world.vaults[v];
  const Quantum& q = quantum_of(world, info);
  const double price = price_of(info, w.vaults.vaults[v]);
  const double owed = q.down(shares * price);
  const double left = q.down(std::min(units, owed));
  if (!(left > 0)) return 0;
  const double paid = pay_along(world, w, v, left, to);
  if (!(paid > 0)) return 0;
  const double burned = paid >= owed ? shares : std::min(shares, paid / price);
  shares -= burned;
  book_paid(world, w, v, burned, paid);
  return paid;
}

double redeem_shares(const Snapshot& world, Workspace& w, std::uint32_t v, double shares,
                     double units, AccountId to) {
  count_vault(world, w, v);
  const double paid = pay_along(world, w, v, units, to);
  book_paid(world, w, v, shares, paid);
  return paid;
}

void deposit_into_vault(const Snapshot& world, Workspace& w, std::uint32_t v, double units,
                        double& shares, AccountId from) {
  count_vault(world, w, v);
  const CuratedVaultInfo& info = world.vaults[v];
  CuratedVaultState& s = w.vaults.vaults[v];
  const double minted = units / price_of(info, s);
  w.ledger.post(from, info.idle, units);
  place_idle(world, w, v, units);
  shares += minted;
  s.books.shares += minted;
  s.books.assets += units;
  s.in_units += units;
  w.quiet = false;
}

namespace {

/// What a share is to pay by contract: in direct runs no loss is passed on.
double told_price(const Workspace& w, const CuratedVaultInfo& v, const CuratedVaultState& s) {
  const double price = price_of(v, s);
  return w.transmission ? price : std::max(price, s.said);
}

void push_share_factors(const Snapshot& world, AssetId share, std::vector<std::uint32_t>& factors) {
  const auto add = [&](AssetId a) {
    for (const std::uint32_t r : world.reserves_of_asset[a.value]) {
      factors.push_back(world.reserves[r].collateral_factor);
    }
  };
  add(share);
  for (const AssetId claim : world.claims_on[share.value]) add(claim);
}

}  // namespace

bool re_rate_shares(const Snapshot& world, Workspace& w, bool rebuilt) {
  bool moved = false;
  for (std::size_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultInfo& info = world.vaults[v];
    if (!info.issued.valid()) continue;
    CuratedVaultState& s = w.vaults.vaults[v];
    double& rate = w.market.contract_rate[info.issued.value];
    if (rebuilt) s.rate = rate;
    const double price = told_price(w, info, s);
    if (!rebuilt && price == s.said) continue;
    if (price != s.said) {
      moved = true;
      if (s.worth >= s.said) s.worth = price;
      push_share_factors(world, info.issued, w.changed_market_factors);
    }
    s.said = price;
    rate = s.rate * (price / s.price0);
  }
  return moved;
}

void restart_shares(const Snapshot& world, Workspace& w) {
  if (!w.transmission) return;
  w.shares_before.clear();
  for (std::size_t v = 0; v < world.vaults.size(); ++v) {
    CuratedVaultState& s = w.vaults.vaults[v];
    w.shares_before.push_back(s.worth);
    const double par = price_of(world.vaults[v], s);
    if (par == s.worth) continue;
    s.worth = par;
    if (world.vaults[v].issued.valid()) {
      push_share_factors(world, world.vaults[v].issued, w.changed_market_factors);
    }
  }
}

namespace {

/// Lets shares be worth what is behind them; whether one that is an asset became worth less. What
/// it may be collateral of is left in `share_factors`.
bool lower_shares(const Snapshot& world, Workspace& w) {
  constexpr double close = 1e-13;  // relative: nearer to the fixed point than the search can see
  bool lower = false;
  w.share_factors.clear();
  for (const std::uint32_t v : world.vault_order) {
    CuratedVaultState& s = w.vaults.vaults[v];
    if (!(s.books.shares > 0)) continue;
    const double worth = vault_worth(world, w, v) / s.books.shares;
    if (!(worth < s.worth)) continue;
    if (world.vaults[v].issued.valid()) {
      if (!(s.worth - worth > close * s.worth)) continue;
      push_share_factors(world, world.vaults[v].issued, w.share_factors);
      lower = true;
    }
    s.worth = worth;
  }
  return lower;
}

constexpr double told_step = 0.01;

}  // namespace

bool back_shares(const Snapshot& world, Workspace& w) {
  if (world.vaults.empty() || !w.transmission) return true;
  constexpr int most_steps = 10000;
  for (int i = 0; i < most_steps && lower_shares(world, w); ++i) {
    w.changed_market_factors.clear();
    std::sort(w.share_factors.begin(), w.share_factors.end());
    for (const std::uint32_t f : w.share_factors) {
      const double value = market_factor(world, w, f);
      if (value == w.market_factors[f]) continue;
      w.market_factors[f] = value;
      w.changed_market_factors.push_back(f);
    }
    if (!measure_holes(world, w)) return false;
  }
  for (std::size_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultState& s = w.vaults.vaults[v];
    const CuratedVaultInfo& info = world.vaults[v];
    if (s.worth == w.shares_before[v]) continue;
    if (info.issued.valid()) backing_changed(world, w, info.issued);
    if (!w.record) continue;
    const double now = s.worth / s.price0, before = w.shares_before[v] / s.price0;
    if (std::floor(now / told_step) < std::floor(before / told_step)) {
      tell(w, "backing", info.name,
           fmt::format("{:.1f}% of what its depositors put in is behind their shares", 100 * now));
    }
  }
  return true;
}

namespace {

/// What is asked for in vain, and for how long; kept so that rounds in which nothing changes add
/// nothing.
void note_trapped(const Snapshot& world, Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  CuratedVaultState& s = w.vaults.vaults[v];
  VaultOutcome& out = w.outcome.vaults[v];
  const double usd = s.waiting * price_of(info, s) * spot_of(w, info);
  if (usd == s.trapped_usd) return;
  out.trapped_usd_s += s.trapped_usd * (w.now_s - s.trapped_since_s);
  out.trapped_peak_usd = std::max(out.trapped_peak_usd, usd);
  s.trapped_usd = usd;
  s.trapped_since_s = w.now_s;
  if (usd > 0 && s.unpaid_since_s < 0) {
    s.unpaid_since_s = w.now_s;
    if (!w.record) return;
    tell(w, "liquidity", info.name, "stops paying: {} asked for find no cash in its markets",
         {usd});
  }
  if (usd == 0 && s.unpaid_since_s >= 0) {
    out.trapped_s += w.now_s - s.unpaid_since_s;
    s.unpaid_since_s = -1;
    if (!w.record) return;
    tell(w, "liquidity", info.name, "everybody who asked is paid");
  }
}

/// How far an asset has come off what it is a claim on, or off its opening price.
double come_off(const Snapshot& world, const Workspace& w, AssetId a) {
  const std::vector<double>& opening = world.opening.market.spot;
  AssetId root = a;
  while (world.assets[root.value].base.valid()) root = world.assets[root.value].base;
  const double held = worth(world, w, a) / opening[a.value];
  const double base = w.market.spot[root.value] / opening[root.value];
  return 1 - (root == a ? held : held / base);
}

/// Whether a curator has a reason to leave a place.
bool unwanted(const Snapshot& world, const Workspace& w, const CuratorRule& rule,
              const VaultPlace& place) {
  const std::uint32_t r = place.reserve;
  if (r == nowhere) return false;
  if (rule.out_of_bad && behind_claim(world, w, r) < 1) return true;
  const double debt = debt_units(w, r);
  if (rule.out_of_full && debt > 0 && utilisation(reserve_cash(world, w, r), debt) >= rule.full) {
    return true;
  }
  for (const AssetId a : rule.out_of) {
    const bool held =
        std::find(place.collateral.begin(), place.collateral.end(), a) != place.collateral.end();
    if (held && come_off(world, w, a) > rule.off) return true;
  }
  return false;
}

/// Asks for room at the first place that lacks it.
void ask_for_room(const Snapshot& world, Workspace& w, const CuratedVaultInfo& info, double units) {
  for (const std::uint32_t p : info.supply_queue) {
    if (w.vaults.places[p].pending.waiting) return;
  }
  for (const std::uint32_t p : info.supply_queue) {
    VaultPlaceState& place = w.vaults.places[p];
    if (place.wanted_since_s >= 0 || !std::isfinite(place.cap)) continue;
    VaultMarket market{.cap = place.cap};
    submit_cap(info.terms, market, place.pending, claim_units(world, w, p) + units);
    place.cap = market.cap;
    return;
  }
}

/// Takes a market with a hole off the books; whether it was one, and is off.
bool strike_off(const Snapshot& world, Workspace& w, std::uint32_t v, std::uint32_t p) {
  VaultPlaceState& place = w.vaults.places[p];
  const std::uint32_t r = world.vault_places[p].reserve;
  if (place.struck || r == nowhere || !(behind_claim(world, w, r) < 1)) return place.struck;
  const CuratedVaultInfo& info = world.vaults[v];
  const double usd = claim_units(world, w, p) * spot_of(w, info);
  place.struck = true;
  place.pending.waiting = false;
  w.quiet = false;
  if (w.record) {
    tell(w, "curator", info.name,
         "strikes " + world.vault_places[p].name + " off its books: {} counts for nothing", {usd});
  }
  return true;
}

/// Moves what cash allows out of markets its curator has wanted out of for long enough.
void curate(const Snapshot& world, Workspace& w, std::uint32_t v) {
  const CuratedVaultInfo& info = world.vaults[v];
  CuratedVaultState& s = w.vaults.vaults[v];
  const Quantum& q = quantum_of(world, info);
  double moved = 0;
  for (const std::uint32_t p : info.withdraw_queue) {
    VaultPlaceState& place = w.vaults.places[p];
    if (place.pending.waiting) {
      VaultMarket market{.cap = place.cap};
      pass_timelock(market, place.pending, world.round_s);
      place.cap = market.cap;
    }
    if (!unwanted(world, w, info.rule, world.vault_places[p])) {
      place.wanted_since_s = -1;
      continue;
    }
    if (place.wanted_since_s < 0) place.wanted_since_s = w.now_s;
    const double wanted_s = w.now_s - place.wanted_since_s;
    if (wanted_s >= info.rule.gives_up_s && strike_off(world, w, v, p)) continue;
    if (wanted_s < info.rule.after_s) continue;
    const double units = q.down(claim_units(world, w, p));
    if (!(units > 0)) continue;
    const double taken = take_out(world, w, p, units, info.idle);
    moved += taken;
    if (!w.record || place.told || !(taken > 0)) continue;
    place.told = true;
    tell(w, "curator", info.name,
         "takes what cash allows out of " + world.vault_places[p].name + ": {}",
         {taken * spot_of(w, info)});
  }
  w.outcome.vaults[v].reallocated_usd += moved * spot_of(w, info);
  s.unplaced += moved;
  if (s.unplaced > 0) s.unplaced = place_idle(world, w, v, s.unplaced);
  if (s.unplaced > 0 && info.rule.raises_caps) ask_for_room(world, w, info, s.unplaced);
}

}  // namespace

void settle_vaults(const Snapshot& world, Workspace& w) {
  if (world.vaults.empty()) return;
  for (const std::uint32_t v : world.vault_order) count_vault(world, w, v);
  for (const std::uint32_t v : world.vault_order) {
    if (world.vaults[v].rule.acts && w.transmission) curate(world, w, v);
  }
  for (const std::uint32_t v : world.vault_order) {
    count_vault(world, w, v);
    note_trapped(world, w, v);
  }
}

bool vaults_pending(const Snapshot& world, const Workspace& w) {
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultInfo& info = world.vaults[v];
    const CuratedVaultState& s = w.vaults.vaults[v];
    if (info.issued.valid() && told_price(w, info, s) != s.said) return true;
    const bool capped = std::isfinite(info.terms.max_rate) && s.books.assets < s.real;
    if (s.books.shares > 0 && (info.terms.management_fee > 0 || capped)) return true;
    if (!info.rule.acts || !w.transmission) continue;
    for (std::uint32_t p = info.first_place; p < info.first_place + info.places; ++p) {
      const VaultPlaceState& place = w.vaults.places[p];
      const double wanted_s = w.now_s - place.wanted_since_s;
      const bool gives_up =
          !place.struck && std::isfinite(info.rule.gives_up_s) && wanted_s < info.rule.gives_up_s;
      const bool bides = place.wanted_since_s >= 0 && place.claim > 0 &&
                         (wanted_s < info.rule.after_s || gives_up);
      if (bides || place.pending.waiting) return true;
    }
  }
  return false;
}

void open_vault_outcomes(const Snapshot& world, Workspace& w) {
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultState& s = w.vaults.vaults[v];
    w.outcome.vaults[v].deposits_usd = s.opening_units * spot_of(w, world.vaults[v]);
    w.outcome.vaults[v].price_start = price_of(world.vaults[v], s);
  }
}

void close_vault_outcomes(const Snapshot& world, Workspace& w) {
  // Where nothing is pending any more, states count to the horizon.
  const double until_s = counted_until_s(w);
  for (std::uint32_t v = 0; v < world.vaults.size(); ++v) {
    const CuratedVaultInfo& info = world.vaults[v];
    const CuratedVaultState& s = w.vaults.vaults[v];
    VaultOutcome& out = w.outcome.vaults[v];
    const double usd = spot_of(w, info);
    out.trapped_usd = s.trapped_usd;
    out.trapped_usd_s += s.trapped_usd * (until_s - s.trapped_since_s);
    if (s.unpaid_since_s >= 0) out.trapped_s += until_s - s.unpaid_since_s;
    out.price_end = price_of(info, s);
    const double fees = s.books.shares > 0 ? s.fee_shares / s.books.shares : 0;
    const double left = vault_worth(world, w, v) * (1 - fees);
    const double each = s.books.shares > 0 ? vault_worth(world, w, v) / s.books.shares : s.worth;
    out.stayer_loss = 1 - each / s.price0;
    out.loss_usd = (s.opening_units + s.in_units - s.out_units - left) * usd;
    out.recognised_usd = (out.price_start - out.price_end) * s.books.shares * usd;
    out.locked_usd = std::max(0.0, vault_owed(world, w, v) - vault_payable(world, w, v)) * usd;
  }
}

std::string vaults_balance(const Snapshot& world, const Workspace& w) {
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    double claims = 0;
    for (std::size_t p = 0; p < world.vault_places.size(); ++p) {
      if (world.vault_places[p].reserve == r) claims += w.vaults.places[p].claim;
    }
    const ReserveState& s = w.reserves[r];
    if (claims == s.vault_scaled && claims <= s.lender_scaled) continue;
    return fmt::format("claims of vaults on {} sum to {:.17g}, of {:.17g} it has from them",
                       world.factor_text(2 * r), claims, s.vault_scaled);
  }
  return {};
}

}  // namespace faultline
