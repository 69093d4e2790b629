// Every number of an outcome under a name, with its node and how it scales: what the laws compare.
// A field added to an outcome must be listed here; the sizes below notice.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/fields.hpp"
#include "core/fingerprint.hpp"
#include "graph/dependency_graph.hpp"
#include "sim/outcome.hpp"
#include "sim/snapshot.hpp"

namespace faultline::laws {

struct Number {
  std::string name;
  double value = 0;
  Scales scales = Scales::no;
  NodeKind kind = NodeKind::asset;  // of the node it belongs to
  std::string node;                 // empty: the run as a whole
};

static_assert(sizeof(MarketOutcome) == 23 * sizeof(double));
static_assert(sizeof(ReserveOutcome) == 11 * sizeof(double));
static_assert(sizeof(AssetOutcome) == 6 * sizeof(double));
static_assert(sizeof(VenueOutcome) == 3 * sizeof(double));
static_assert(sizeof(OracleOutcome) == 2 * sizeof(double));
static_assert(sizeof(PerpOutcome) == 9 * sizeof(double));
static_assert(sizeof(BandOutcome) == 5 * sizeof(double));
static_assert(sizeof(BackstopOutcome) == 2 * sizeof(double));
static_assert(sizeof(AuctionOutcome) == 11 * sizeof(double));
static_assert(sizeof(TroveOutcome) == 13 * sizeof(double));
static_assert(sizeof(AbsorbingOutcome) == 11 * sizeof(double));
static_assert(sizeof(ClusterVaultOutcome) == 11 * sizeof(double));
static_assert(sizeof(SystemOutcome) == 8 * sizeof(double));
static_assert(sizeof(AgentOutcome) == 4 * sizeof(double));
static_assert(sizeof(CoinOutcome) == 5 * sizeof(double));
static_assert(sizeof(CheapBuyersOutcome) == 4 * sizeof(double));
static_assert(sizeof(DeskOutcome) == 12 * sizeof(double));
static_assert(sizeof(VaultOutcome) == 13 * sizeof(double));
static_assert(sizeof(Counters) == 6 * sizeof(std::uint64_t));

class NumberList {
 public:
  explicit NumberList(const Snapshot& world) : world_(world) {}

  std::vector<Number> of(const Outcome& o) {
    numbers_.clear();
    for (std::size_t m = 0; m < o.markets.size(); ++m) market(o.markets[m], world_.markets[m].name);
    for (std::size_t r = 0; r < o.reserves.size(); ++r) {
      reserve(o.reserves[r], world_.markets[world_.reserves[r].market.value].name);
    }
    for (std::size_t a = 0; a < o.assets.size(); ++a) asset(o.assets[a], world_.assets[a].name);
    for (std::size_t v = 0; v < o.venues.size(); ++v) {
      const VenueId at{static_cast<std::uint32_t>(v)};  // a way out of a pool is the pool's
      venue(o.venues[v], world_.venues[world_.pool_of(at).value].name);
    }
    for (std::size_t s = 0; s < o.pool_shares.size(); ++s) {
      share(o.pool_shares[s], world_.venues[world_.shares[s].pool.value].name);
    }
    for (std::size_t i = 0; i < o.oracles.size(); ++i) oracle(o.oracles[i], world_.oracles[i].name);
    for (const PerpVenue& v : world_.perps) {
      for (const PerpContract& c : v.contracts) {  // traded in its own book, or at the market
        if (v.pool) at(NodeKind::market, world_.markets[v.market.value].name);
        if (!v.pool) at(NodeKind::venue, c.name);
        contract(o.perps[c.number]);
      }
      for (const Backstop& b : v.backstops) {
        backstop(o.backstops[b.number], b.takes_over ? NodeKind::vault : NodeKind::fund, b.name);
      }
      if (v.pool) {
        backstop(o.backstops[v.pool->number], NodeKind::venue,
                 world_.venues[v.pool->venue.value].name);
      }
    }
    for (std::size_t b = 0; b < o.bands.size(); ++b) {
      bands(o.bands[b], world_.venues[world_.band_books[b].venue.value].name);
    }
    for (const DollarIssuer& d : world_.dollars) {
      backstop(o.backstops[d.number], NodeKind::vault, d.name);
    }
    for (std::size_t v = 0; v < o.vaults.size(); ++v) vault(o.vaults[v], world_.vaults[v].name);
    for (std::size_t h = 0; h < o.auctions.size(); ++h) {
      const AuctionHouse& house = world_.houses[h];
      at(NodeKind::market, world_.markets[house.market.value].name);
      auctions(o.auctions[h]);
      system(o.systems[house.system]);
    }
    for (std::size_t i = 0; i < o.troves.size(); ++i) {
      at(NodeKind::market, world_.markets[world_.troves[i].market.value].name);
      troves(o.troves[i]);
    }
    for (std::size_t i = 0; i < o.absorbing.size(); ++i) {
      at(NodeKind::market, world_.markets[world_.absorbing[i].market.value].name);
      absorbing(o.absorbing[i]);
    }
    for (const ClusterInfo& cluster : world_.clusters) {
      at(NodeKind::market, world_.markets[cluster.market.value].name);
      for (std::size_t i = 0; i < cluster.vaults.size(); ++i)
        shares(o.cluster_vaults[cluster.first + i]);
    }
    for (const SafetyModuleInfo& m : world_.safety_modules) {
      backstop(o.backstops[m.number], NodeKind::fund, m.name);
    }
    for (std::size_t i = 0; i < o.agents.size(); ++i) {
      agent(o.agents[i], world_.flow_agents[i].name);
    }
    for (std::size_t i = 0; i < o.coins.size(); ++i) coin(o.coins[i], world_.coins[i].name);
    for (std::size_t i = 0; i < o.cheap_buyers.size(); ++i) {
      buyers(o.cheap_buyers[i], world_.cheap_buyers[i].name);
    }
    for (std::size_t i = 0; i < o.desks.size(); ++i) desk(o.desks[i], world_.desks[i].name);
    node_.clear();
    for (std::size_t b = 0; b < bearer_count; ++b) {
      usd(bearer_name(static_cast<Bearer>(b)), o.bearer_gain_usd[b]);
      usd("result", o.bearer_result_usd[b]);
    }
    usd("revaluation", o.revaluation_usd);
    usd("gas", o.gas_usd);
    usd("final debt", o.final_debt_usd);
    plain("wait p50", o.unserved_wait_p50_s);
    plain("wait p95", o.unserved_wait_p95_s);
    ManipulationOutcome all;  // a calm run has as many numbers
    for (const ManipulationOutcome& m : o.manipulations) {
      all.cost_usd += m.cost_usd;
      all.capital_usd += m.capital_usd;
      all.rounds += m.rounds;
    }
    usd("manipulations", all.cost_usd);
    usd("their capital", all.capital_usd);
    plain("manipulated rounds", all.rounds);
    plain("end", o.end_s);
    plain("stop", static_cast<double>(o.stop));
    const Counters& c = o.counters;
    for (const std::uint64_t n :
         {c.rounds, c.nodes_visited, c.posts, c.breaches, c.orders, c.cut}) {
      plain("counter", static_cast<double>(n));
    }
    return numbers_;
  }

 private:
  void market(const MarketOutcome& m, const std::string& name) {
    at(NodeKind::market, name);
    usd("deposits", m.deposits_usd);
    usd("bad debt", m.bad_debt_usd);
    usd("bad debt at the end", m.bad_debt_end_usd);
    usd("bad debt after exit", m.bad_debt_exit_usd);
    usd("recognised", m.recognised_usd);
    usd("legacy", m.legacy_usd);
    usd("liquidated", m.liquidated_usd);
    usd("unserved", m.unserved_usd);
    plain("liquidations", m.liquidations);
    plain("forced accounts", m.forced_accounts);
    usd("forced", m.forced_usd);
    plain("first liquidation", m.first_liquidation_s);
    plain("insolvent", m.insolvent_s);
    plain("utilisation", m.utilisation_peak);
    usd("withdrawn in all", m.withdrawn_usd);
    usd("trapped in all", m.trapped_usd);
    usd("trapped over time in all", m.trapped_usd_s);
    plain("longest trapped of all", m.trapped_longest_s);
    plain("toxic liquidations", m.toxic_liquidations);
    usd("liquidated toxically", m.toxic_usd);
    plain("scaled into breach", m.scaled_accounts);
    usd("their debt", m.scaled_usd);
    usd("drained", m.drained_usd);
  }
  void reserve(const ReserveOutcome& r, const std::string& market) {
    at(NodeKind::market, market);
    usd("withdrawn", r.withdrawn_usd);
    usd("trapped", r.trapped_usd);
    usd("trapped over time", r.trapped_usd_s);
    plain("longest trapped", r.trapped_longest_s);
    plain("first full", r.full_at_s);
    plain("nearly full for", r.nearly_full_s);
    usd("deficit", r.deficit_usd);
    usd("covered by stakers", r.covered_usd);
    usd("repaid by borrowers", r.repaid_usd);
    plain("rate when full", r.full_rate);
    plain("rate at the end", r.rate_end);
  }
  void asset(const AssetOutcome& a, const std::string& name) {
    at(NodeKind::asset, name);
    plain("price at the start", a.price_start);
    plain("lowest price", a.price_min);
    plain("price at the end", a.price_end);
    usd("supply at the start", a.supply_start);
    usd("supply at most", a.supply_most);
    usd("supply at the end", a.supply_end);
  }
  void venue(const VenueOutcome& v, const std::string& name) {
    at(NodeKind::venue, name);
    usd("volume", v.volume_usd);
    usd("forced", v.forced_usd);
    usd("lp loss", v.lp_loss_usd);
  }
  void oracle(const OracleOutcome& o, const std::string& name) {
    at(NodeKind::oracle, name);
    plain("largest gap", o.largest_gap);
    plain("reports", o.reports);
  }
  void contract(const PerpOutcome& c) {
    usd("closed in the book", c.liquidated_usd);
    usd("taken over", c.takeover_usd);
    usd("deleveraged", c.deleveraged_usd);
    usd("given up", c.given_up_usd);
    plain("first deleveraged", c.first_deleveraged_s);
    plain("least funding", c.funding_least);
    plain("most funding", c.funding_most);
    plain("least basis", c.basis_least);
    plain("most basis", c.basis_most);
  }
  void bands(const BandOutcome& b, const std::string& pool) {
    at(NodeKind::venue, pool);
    usd("converted", b.converted_usd);
    usd("bought back", b.returned_usd);
    usd("soft loss", b.soft_loss_usd);
    plain("most in coins", b.coins_most);
    plain("in coins at the end", b.coins_end);
  }
  void backstop(const BackstopOutcome& b, NodeKind kind, const std::string& name) {
    at(kind, name);
    usd("held at the start", b.start_usd);
    usd("held at the end", b.end_usd);
  }
  void vault(const VaultOutcome& v, const std::string& name) {
    at(NodeKind::vault, name);
    usd("deposits", v.deposits_usd);
    usd("withdrawn", v.withdrawn_usd);
    usd("trapped", v.trapped_usd);
    usd("trapped at most", v.trapped_peak_usd);
    usd("trapped over time", v.trapped_usd_s);
    plain("trapped for", v.trapped_s);
    usd("held locked at the end", v.locked_usd);
    usd("loss", v.loss_usd);
    usd("loss in the price", v.recognised_usd);
    usd("reallocated", v.reallocated_usd);
    plain("price of a share at the start", v.price_start);
    plain("price of a share at the end", v.price_end);
    plain("what who stays loses", v.stayer_loss);
  }
  void auctions(const AuctionOutcome& a) {
    plain("auctions started", a.started);
    plain("reset", a.resets);
    plain("ended", a.ended);
    plain("failed", a.failed);
    plain("for nothing", a.nothing);
    usd("lots for nothing", a.nothing_usd);
    usd("raised", a.raised_usd);
    usd("unraised", a.unraised_usd);
    usd("returned", a.returned_usd);
    usd("in auction", a.in_auction_usd);
    usd("most in auction", a.in_auction_most_usd);
  }
  void troves(const TroveOutcome& t) {
    plain("loans liquidated", t.liquidations);
    usd("offset", t.offset_usd);
    usd("gained", t.gained_usd);
    usd("handed on", t.handed_usd);
    usd("handed collateral", t.handed_collateral_usd);
    usd("given back", t.returned_usd);
    usd("held in the pool at the start", t.pool_start_usd);
    usd("held in the pool at the end", t.pool_end_usd);
    usd("pool's collateral", t.pool_collateral_usd);
    plain("recovery mode for", t.recovery_s);
    plain("held over what is owed, at least", t.least_ratio);
    usd("redeemed", t.redeemed_usd);
    usd("fees of redemptions", t.fees_usd);
  }
  void absorbing(const AbsorbingOutcome& a) {
    plain("accounts absorbed", a.absorptions);
    usd("absorbed", a.absorbed_usd);
    usd("taken for it", a.seized_usd);
    usd("credited", a.credited_usd);
    usd("sold at the counter", a.sold_usd);
    usd("unsold", a.inventory_usd);
    usd("unsold at most", a.inventory_most_usd);
    usd("held in reserve at the start", a.reserves_start_usd);
    usd("held in reserve at the end", a.reserves_end_usd);
    usd("held in reserve at least", a.reserves_least_usd);
    plain("first negative", a.negative_s);
  }
  void shares(const ClusterVaultOutcome& v) {
    plain("debts taken over", v.takeovers);
    usd("taken over", v.taken_usd);
    usd("shares taken over", v.shares_usd);
    usd("paid in", v.repaid_usd);
    usd("unwound", v.unwound_usd);
    usd("owed by liquidators", v.held_debt_usd);
    usd("held by liquidators", v.held_usd);
    usd("erased", v.erased_usd);
    plain("a share lost", v.share_lost);
    plain("accounts failing by shares", v.second_accounts);
    usd("failing by shares", v.second_usd);
  }
  void system(const SystemOutcome& s) {
    usd("held as surplus at the start", s.surplus_start_usd);
    usd("held as surplus at the end", s.surplus_end_usd);
    usd("paid for tokens", s.token_usd);
    usd("tokens minted", s.tokens_minted);
    plain("diluted", s.diluted);
    usd("surplus sold", s.sold_usd);
    usd("tokens burned", s.tokens_burned);
    usd("deficit", s.deficit_usd);
  }
  void agent(const AgentOutcome& a, const std::string& name) {
    at(NodeKind::agent, name);
    usd("bought", a.bought_usd);
    usd("sold", a.sold_usd);
    usd("paid", a.paid_usd);
    usd("unfilled", a.unfilled_usd);
  }
  void coin(const CoinOutcome& c, const std::string& name) {
    at(NodeKind::vault, name);
    usd("redeemed", c.redeemed_usd);
    usd("issued", c.issued_usd);
    usd("spread kept", c.spread_usd);
    plain("widest spread", c.widest_spread);
    plain("first halted", c.halted_s);
  }
  void desk(const DeskOutcome& d, const std::string& name) {
    at(NodeKind::vault, name);
    usd("redeemed", d.redeemed_usd);
    usd("issued", d.issued_usd);
    usd("waiting", d.waiting_end_usd);
    usd("waiting at most", d.waiting_most_usd);
    plain("longest wait", d.longest_wait_s);
    usd("drained", d.drained_usd);
    plain("held behind at the start", d.behind_start);
    plain("held behind at least", d.behind_least);
    plain("held behind at the end", d.behind_end);
    usd("missing", d.missing_end_usd);
    plain("first stopped", d.paused_s);
    plain("first empty", d.emptied_s);
  }
  void share(const PoolShareOutcome& s, const std::string& pool) {
    at(NodeKind::venue, pool);
    usd("supply of shares at the start", s.supply_start);
    usd("supply of shares at the end", s.supply_end);
    usd("shares burnt", s.burnt);
    usd("paid for them", s.paid_usd);
    usd("their fair value", s.fair_usd);
    plain("held behind a share at the start", s.fair_start);
    plain("held behind a share", s.fair_end);
    plain("price of leaving", s.market_end);
    plain("held as reserves over fair value", s.reserves_most);
  }
  void buyers(const CheapBuyersOutcome& b, const std::string& name) {
    at(NodeKind::agent, name);
    usd("spent", b.spent_usd);
    usd("posted", b.posted_usd);
    usd("borrowed", b.borrowed_usd);
    plain("first bought", b.first_s);
  }
  void at(NodeKind kind, const std::string& name) {
    kind_ = kind;
    node_ = name;
  }
  void usd(const char* name, double value) { add(name, value, Scales::with_quantities); }
  void plain(const char* name, double value) { add(name, value, Scales::no); }
  void add(const char* name, double value, Scales scales) {
    numbers_.push_back({name, value, scales, kind_, node_});
  }

  const Snapshot& world_;
  std::vector<Number> numbers_;
  NodeKind kind_ = NodeKind::asset;
  std::string node_;
};

inline std::vector<Number> numbers(const Snapshot& world, const Outcome& outcome) {
  return NumberList(world).of(outcome);
}

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline std::uint64_t fingerprint(const Snapshot& world, const Outcome& outcome) {
  Fingerprint f;
  for (const Number& n : numbers(world, outcome)) f.add(n.value);
  f.add(outcome.stop_detail);
  return f.value();
}

/// Names what differs, bit for bit; `exponent`: b's quantities are 2^exponent times a's. Empty
/// where nothing differs.
inline std::string difference(const std::vector<Number>& a, const std::vector<Number>& b,
                              int exponent = 0) {
  if (a.size() != b.size()) return "other nodes";
  std::string out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double expected =
        a[i].scales == Scales::no ? a[i].value : std::ldexp(a[i].value, exponent);
    if (same_bits(expected, b[i].value)) continue;
    out +=
        fmt::format("{} of {}: {:.17g} and {:.17g}\n", a[i].name, a[i].node, expected, b[i].value);
  }
  return out;
}

}  // namespace faultline::laws
