// Law 1: nothing is lost. After every round of every random world each asset's accounts sum to what
// was issued, every amount is whole, and scaled units equal the sum over their holders.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/accounting.hpp"
#include "sim/engine.hpp"
#include "sim/venue_ops.hpp"
#include "tests/laws/outcome_numbers.hpp"
#include "tests/laws/random_ecosystem.hpp"

using namespace faultline;
using namespace faultline::laws;

namespace {

/// Whether funding of contracts is paid in an asset: that costs who holds them.
bool settles(const Snapshot& world, AssetId asset) {
  return std::any_of(world.perps.begin(), world.perps.end(),
                     [&](const PerpVenue& v) { return world.reserves[v.settles].asset == asset; });
}

/// Whether an account is of liquidators who bid in English auctions: what a lot brings, they learn
/// after they won it.
bool bids(const Snapshot& world, const AccountInfo& account) {
  if (account.bearer != Bearer::liquidator) return false;
  return std::any_of(world.houses.begin(), world.houses.end(), [&](const AuctionHouse& h) {
    return h.english &&
           world.liquidator_of[h.market.value] == static_cast<std::int32_t>(account.owner);
  });
}

/// Whether an account is the money of arbitrageurs who carry claims until they are paid: what they
/// will have then, they do not know.
bool carries(const Snapshot& world, const AccountInfo& account) {
  if (account.bearer != Bearer::arbitrageur) return false;
  const std::vector<std::uint32_t>& trips = world.arbitrageurs[account.owner].desk_trips;
  return std::any_of(trips.begin(), trips.end(), [&](std::uint32_t t) {
    const DeskTrip& trip = world.desk_trips[t];
    return world.desk_routes[trip.route].money == account.asset ||
           world.desks[trip.desk].asset == account.asset;
  });
}

/// Whether an account is the money of liquidators who take debts of a cluster over: what they pay
/// in is in the row they hold.
bool takes_over(const Snapshot& world, const AccountInfo& account) {
  if (account.bearer != Bearer::liquidator) return false;
  return std::any_of(world.clusters.begin(), world.clusters.end(), [&](const ClusterInfo& cluster) {
    const std::int32_t who = world.liquidator_of[cluster.market.value];
    if (who != static_cast<std::int32_t>(account.owner)) return false;
    return std::any_of(cluster.vaults.begin(), cluster.vaults.end(), [&](const ClusterVault& v) {
      return v.held != ClusterVault::none && world.reserves[v.reserve].asset == account.asset;
    });
  });
}

/// A trade is taken only where it pays, so no purse of an arbitrageur or liquidator ends below what
/// rounding costs: a few quanta a trade.
std::string out_of_pocket(const Snapshot& world, const Workspace& w) {
  const double trades = static_cast<double>(w.ledger.posts());
  for (std::size_t i = 0; i < world.accounts.size(); ++i) {
    const AccountInfo& account = world.accounts[i];
    if (account.bearer != Bearer::arbitrageur && account.bearer != Bearer::liquidator) continue;
    const AssetInfo& asset = world.assets[account.asset.value];
    if (asset.contract || settles(world, account.asset)) continue;
    if (bids(world, account) || carries(world, account) || takes_over(world, account)) continue;
    double balance = w.ledger.balances()[i];
    for (std::size_t k = 0; k < world.accounts.size(); ++k) {  // what a contract held stands for it
      const AccountInfo& other = world.accounts[k];
      const AssetInfo& held = world.assets[other.asset.value];
      const bool same = other.bearer == account.bearer && other.owner == account.owner;
      if (same && held.contract && held.base == account.asset) balance += w.ledger.balances()[k];
    }
    if (balance >= -4 * trades * asset.quantum.step) continue;
    return fmt::format("{} are out of pocket by {:.17g} {}", bearer_name(account.bearer), -balance,
                       asset.name);
  }
  return {};
}

/// Where venues, markets and the residue of rounding would hold less than nothing.
std::string overdrawn(const Snapshot& world, const Scenario& scenario, const Workspace& w) {
  const auto held = [&](AccountId a) { return w.ledger.balance(a); };
  for (const VenueInfo& v : world.venues) {
    const bool pool = world.accounts[v.base_account.value].bearer == Bearer::lp;
    if (pool && (held(v.base_account) < 0 || held(v.quote_account) < 0)) return v.name;
  }
  for (const Reserve& r : world.reserves) {
    // What accounts of a perpetual venue owe, makers of its books are owed.
    if (world.markets[r.market.value].perp >= 0 && (r.contract || r.takes_debt)) continue;
    if (held(r.cash) < 0) return "cash of " + world.markets[r.market.value].name;
  }
  for (const FlowAgentInfo& a : world.flow_agents) {
    if (!a.on_credit && (held(a.units) < 0 || held(a.cash) < 0)) return a.name;
  }
  for (const PoolShare& s : world.shares) {
    const double there = world.total_supply[s.asset.value] + w.minted[s.asset.value];
    if (held(s.holders) < 0) return "providers of " + s.name;
    if (venue_shares(world, w.venues, s.pool) != there) return "the count of " + s.name;
  }
  for (const RedemptionDesk& d : world.desks) {
    bool short_of = held(d.cash) < 0 || held(d.holders) < 0;
    for (const std::uint32_t p : d.parts) {
      short_of = short_of || held(world.reserve_parts[p].account) < 0;
    }
    if (short_of) return d.name;
  }
  for (std::size_t a = 0; a < world.assets.size(); ++a) {
    if (held(world.dust[a]) < 0) return "dust of " + world.assets[a].name;
    // Whoever manipulates a feed trades on credit of the outside world.
    if (scenario.manipulations.empty() && held(world.attacker[a]) < 0)
      return "attacker's " + world.assets[a].name;
  }
  return {};
}

/// What is wrong with one world, in words; empty where nothing is.
std::string broken(const Options& options, bool transmission) {
  const Case c(options);
  Workspace w(c.world);
  w.audit_rounds = true;
  Scenario scenario = c.scenario;
  scenario.transmission = transmission;
  const Outcome& out = run(c.world, scenario, w);
  if (stop_is_failure(out.stop)) return out.stop_detail;
  const std::string last = audit(c.world, w, true);
  if (!last.empty()) return last;
  if (const std::string who = out_of_pocket(c.world, w); transmission && !who.empty()) return who;
  if (const std::string who = overdrawn(c.world, scenario, w); !who.empty())
    return who + " is overdrawn";
  double gains = 0, size = 0;
  for (const double g : out.bearer_gain_usd) {
    gains += g;
    size += std::fabs(g);
  }
  double held = 0;
  for (std::size_t a = 0; a < c.world.assets.size(); ++a) {
    const double spot = w.market.spot[a];
    if (spot > 0) held += (std::fabs(c.world.total_supply[a]) + w.minted[a]) * spot;
  }
  if (!(std::fabs(gains - out.revaluation_usd) <= 1e-9 * (size + held))) {
    return fmt::format("gains sum to {:.17g}, the revaluation is {:.17g}", gains,
                       out.revaluation_usd);
  }
  double results = 0, minted = 0;
  for (const double r : out.bearer_result_usd) results += r;
  for (std::size_t a = 0; a < c.world.assets.size(); ++a) {
    const bool owed = c.world.assets[a].owed_by_issuer();
    if (w.minted[a] != 0 && !owed) minted += w.minted[a] * w.market.spot[a];
  }
  if (!(std::fabs(results - minted) <= 1e-9 * (size + held))) {
    return fmt::format("results sum to {:.17g}, {:.17g} were minted", results, minted);
  }
  return {};
}

/// The smallest world of the seed that breaks, with what breaks in it.
std::string smallest_broken(std::uint64_t seed, bool transmission) {
  if (broken({.seed = seed}, transmission).empty()) return {};
  for (int size = 1; size <= 4; ++size) {
    const std::string why = broken({.seed = seed, .size = size}, transmission);
    if (!why.empty()) return fmt::format("seed {} size {}: {}", seed, size, why);
  }
  return {};
}

}  // namespace

TEST_CASE("a verb of a scenario has a generator") {
  CHECK(declared_verbs() == generated_verbs());
}

TEST_CASE("law 1: nothing is lost in random worlds") {
  for (std::uint64_t n = 1; n <= 402; ++n) {
    // The last two once broke: gas for a trade of nothing; two discounts that summed beyond 100%.
    const std::uint64_t seed = n <= 400 ? n : n == 401 ? 1197 : 2022;
    CHECK(smallest_broken(seed, true) == "");
    CHECK(smallest_broken(seed, false) == "");
  }
}
