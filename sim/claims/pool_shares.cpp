#include "sim/claims/pool_shares.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

double shares_now(const Snapshot& world, const Workspace& w, const PoolShare& share) {
  return venue_shares(world, w.venues, share.pool);
}

/// Burns or, below zero, issues shares of providers who hold them themselves.
void change_holders(const Snapshot& world, Workspace& w, const PoolShare& share, double burnt) {
  if (burnt > 0) w.ledger.burn(share.holders, burnt);
  if (burnt < 0) w.ledger.mint(share.holders, -burnt);
  w.minted[share.asset.value] -= burnt;
  set_venue_shares(world, w.venues, share.pool, shares_now(world, w, share) - burnt);
}

}  // namespace

const PoolShare* share_of_pool(const Snapshot& world, VenueId pool) {
  for (const PoolShare& s : world.shares) {
    if (s.pool == pool) return &s;
  }
  return nullptr;
}

double fair_rate(const Snapshot& world, const KindStates<VenueKinds>& venues,
                 const std::vector<double>& reference, const PoolShare& share) {
  const double base = reference[share.base.value], quote = reference[share.quote.value];
  return venue_lp_value(world, venues, share.pool, base, quote) /
         venue_shares(world, venues, share.pool) / quote;
}

void open_share_run(const Snapshot& world, Workspace& w) {
  w.shares.assign(world.shares.size(), {});
  w.outcome.pool_shares.assign(world.shares.size(), {});
  for (std::size_t s = 0; s < world.shares.size(); ++s) {
    const PoolShare& share = world.shares[s];
    PoolShareOutcome& o = w.outcome.pool_shares[s];
    o.supply_start = world.total_supply[share.asset.value];
    o.fair_start = w.market.reference[share.asset.value];
  }
}

bool shares_moved(const Snapshot& world, const Workspace& w) {
  for (std::size_t s = 0; s < world.shares.size(); ++s) {
    const PoolShare& share = world.shares[s];
    const PoolShareState& seen = w.shares[s];
    const auto [base, quote] = venue_holds(world, w.venues, share.pool);
    if (world.venues[share.pool.value].relaxes || base != seen.base || quote != seen.quote ||
        shares_now(world, w, share) != seen.shares) {
      return true;
    }
  }
  return false;
}

double rate_share(const Snapshot& world, Workspace& w, std::uint32_t s) {
  const PoolShare& share = world.shares[s];
  PoolShareState& seen = w.shares[s];
  std::tie(seen.base, seen.quote) = venue_holds(world, w.venues, share.pool);
  seen.shares = shares_now(world, w, share);
  const std::vector<double>& reference = w.market.reference;
  const double rate = fair_rate(world, w.venues, reference, share);
  const double quote = reference[share.quote.value];
  const double stands = venue_lp_value(world, w.venues, share.pool, reference[share.base.value],
                                       quote, ShareReading::reserves) /
                        seen.shares / quote;
  double& most = w.outcome.pool_shares[s].reserves_most;
  most = std::max(most, stands / rate);
  return rate;
}

double burn_in_proportion(const Snapshot& world, Workspace& w, const PoolShare& share,
                          double part) {
  const double all = shares_now(world, w, share);
  const Quantum& quantum = world.assets[share.asset.value].quantum;
  const double burnt = part > 0
                           ? std::min(quantum.down(part * all), w.ledger.balance(share.holders))
                           : -quantum.down(-part * all);
  if (burnt == 0) return 0;
  change_holders(world, w, share, burnt);
  return burnt / all;
}

void count_minted_shares(const Snapshot& world, Workspace& w, AssetId asset, double units) {
  const std::int32_t s = world.assets[asset.value].share;
  if (s < 0) return;
  const PoolShare& share = world.shares[static_cast<std::size_t>(s)];
  set_venue_shares(world, w.venues, share.pool, shares_now(world, w, share) + units);
  w.moved_venues.add(share.pool.value);
}

void burn_given(const Snapshot& world, Workspace& w, VenueId v, double given, double taken) {
  const VenueInfo& venue = world.venues[v.value];
  if (!venue.leaves()) return;
  w.ledger.burn(venue.base_account, given);
  w.minted[venue.base.value] -= given;
  const auto s = static_cast<std::size_t>(venue.share);
  w.moved_venues.add(world.shares[s].pool.value);
  PoolShareOutcome& o = w.outcome.pool_shares[s];
  o.burnt += given;
  o.paid_usd += taken * w.market.spot[venue.quote.value];
  o.fair_usd += given * w.market.reference[venue.base.value];
}

void follow_pools(const Snapshot& world, Workspace& w, bool post) {
  for (const PoolShare& s : world.shares) {
    const VenueId kin[] = {s.pool, s.out_in_base, s.out_in_quote};
    const auto moved = [&](VenueId v) { return w.moved_venues.has(v.value); };
    if (std::none_of(std::begin(kin), std::end(kin), moved)) continue;
    for (const VenueId v : kin) {
      w.moved_venues.add(v.value);
      if (post) post_price(world, w.venues, v, w.market);
    }
  }
}

double share_worth(const Snapshot& world, const Workspace& w, const PoolShare& share) {
  const auto [base, quote] = venue_holds(world, w.venues, share.pool);
  const double spot_b = w.market.spot[share.base.value], spot_q = w.market.spot[share.quote.value];
  const double worth_b = worth(world, w, share.base), worth_q = worth(world, w, share.quote);
  const double spot = w.market.spot[share.asset.value];
  if (worth_b == spot_b && worth_q == spot_q) return spot;
  return spot * ((base * worth_b + quote * worth_q) / (base * spot_b + quote * spot_q));
}

void note_shares(const Snapshot& world, Workspace& w) {
  if (!w.record) return;
  for (std::size_t s = 0; s < world.shares.size(); ++s) {
    const PoolShareOutcome& o = w.outcome.pool_shares[s];
    PoolShareState& state = w.shares[s];
    if (!(o.burnt > 0) || o.burnt < 2 * state.told) continue;  // first, and as it doubles
    state.told = o.burnt;
    const PoolShare& share = world.shares[s];
    const AssetInfo& asset = world.assets[share.asset.value];
    tell(
        w, "exit", world.venues[share.pool.value].name,
        fmt::format("{:.2g}% of all {} so far burnt for one coin: {{}} paid for {{}} of fair value",
                    100 * o.burnt / o.supply_start, asset.name),
        {o.paid_usd, o.fair_usd});
  }
}

void close_shares(const Snapshot& world, Workspace& w) {
  for (std::size_t s = 0; s < world.shares.size(); ++s) {
    const PoolShare& share = world.shares[s];
    PoolShareOutcome& o = w.outcome.pool_shares[s];
    const std::vector<double>& reference = w.market.reference;
    o.supply_end = world.total_supply[share.asset.value] + w.minted[share.asset.value];
    o.fair_end = fair_rate(world, w.venues, reference, share) * reference[share.quote.value];
    o.market_end = w.market.spot[share.asset.value];
    // Coins that went out with burnt shares are no loss of those who stay, but for the difference.
    w.outcome.venues[share.pool.value].lp_loss_usd -= o.burnt * o.market_end;
  }
}

}  // namespace faultline
