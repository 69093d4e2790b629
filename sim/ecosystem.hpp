// The editable Spec: what a YAML ecosystem says, after presets, `each`, includes and overlays are
// resolved, before anything is compiled. Names are text here and become ids in
// sim/compile/compile.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/feed.hpp"
#include "protocols/agents/specs.hpp"
#include "protocols/claims/algorithmic_coin.hpp"
#include "protocols/claims/curated_vault.hpp"
#include "protocols/claims/pool_share.hpp"
#include "protocols/claims/redemption_desk.hpp"
#include "protocols/claims/synthetic_dollar.hpp"
#include "protocols/losses/backstops.hpp"
#include "protocols/losses/safety_module.hpp"
#include "protocols/margin/defences.hpp"
#include "protocols/margin/registry.hpp"
#include "protocols/venues/registry.hpp"
#include "sim/events.hpp"
#include "sim/perpetuals/reported_shape.hpp"

namespace faultline {

struct ClockSpec {
  Seconds round{12};
  Seconds horizon{86400};
  long seed = 1;
  std::string execution = "batch";
  std::optional<std::string> starts;

  template <class V>
  void fields(V& v) {
    v("round", round,
      Field{.help = "length of a round", .lo = 0.1, .hi = 86400, .source = "one Ethereum slot"});
    v("horizon", horizon, Field{.help = "when a run ends at the latest", .lo = 1, .hi = 3.2e8});
    v("seed", seed, Field{.help = "seed of every draw", .lo = 0, .hi = 9e15});
    v("execution", execution,
      Field{.help = "how orders of one round share a venue", .choices = "batch sequential"});
    v("starts", starts,
      Field{.help = "when a run starts, in UTC, as `2023-03-10 21:00`: for whoever keeps hours"});
  }
};

struct AssetSpec {
  static constexpr std::string_view shorthand = "price";
  std::optional<Amount> price;
  std::optional<Rate> rate;
  std::optional<Ratio> discount;
  std::optional<Amount> supply, max_supply;
  std::optional<Flow> redeem;
  bool illiquid = false;
  bool contract = false;  // not written: a perpetual contract on the asset its rate is in
  std::string beside;     // not written: of a pool's share, whose rate is in its quote: its base
  std::optional<std::string> origin;

  template <class V>
  void fields(V& v) {
    v("price", price,
      Field{.help = "reference price in $", .lo = 1e-15, .hi = 1e12, .scales = Scales::no});
    v("rate", rate,
      Field{.help = "what one unit pays by contract, in another asset",
            .lo = 0,
            .hi = 1e12,
            .scales = Scales::no});
    v("discount", discount, Field{.help = "market value below contract value", .lo = 0, .hi = 1});
    v("supply", supply, Field{.help = "units in existence"});
    v("max_supply", max_supply, Field{.help = "units there may ever be; sets the quantum"});
    v("redeem", redeem,
      Field{.help =
                "what its issuer pays out for it, as `57600 ETH/d`: a venue `redeem.NAME` at the "
                "contract rate, one way",
            .lo = 0});
    v("illiquid", illiquid, Field{.help = "nobody can sell it, and that is meant"});
    v("origin", origin, Field{.help = "where the price comes from: measured, assumed, rescaled"});
  }
};

struct ChainSpec {
  Amount gas{15, "$"};
  std::vector<Name> hosts;

  template <class V>
  void fields(V& v) {
    v("gas", gas,
      Field{.help = "cost of one liquidation or arbitrage transaction",
            .lo = 0,
            .source = "300k gas at 30 gwei and ETH at $1,800"});
    v("hosts", hosts,
      Field{.help = "venues, markets and families on this chain; left out: what no other hosts",
            .refers = Refers::any});
  }
};

template <class Spec>
struct Named {
  std::string name;
  std::string origin;   // preset it came from, if any
  std::string cluster;  // family in `family.member`, or the name
  Span at;
  Spec spec;
};

/// Accounts of lending markets as compact columns: one entry per leg, accounts contiguous.
struct PositionRows {
  struct Leg {
    std::uint16_t asset = 0;  // index into `assets`
    std::uint8_t side = 0;    // 0 collateral, 1 debt, 2 plain supply
    std::uint8_t marked = 0;  // inferred rather than measured
  };
  std::vector<std::string> assets;
  std::vector<std::string> accounts;     // empty where accounts are generated or unnamed
  std::vector<std::uint32_t> first_leg;  // per account, and one past the end
  std::vector<Leg> legs;
  std::vector<double> amounts;          // units of the leg's asset
  std::vector<std::string> emodes;      // of the market that some account is in
  std::vector<std::uint16_t> emode_of;  // [account] place in `emodes`, plus 1; empty: none is
  struct Bands {
    long first = 0, last = -1;
    bool stated() const { return last >= first; }
  };
  std::vector<Bands>
      bands;  // per account, of loans on bands; not stated, or empty: as a new loan's

  std::size_t size() const { return first_leg.empty() ? 0 : first_leg.size() - 1; }
};

/// One group of generated accounts: `loopers: {count, posts, owes, health}`.
struct AccountGroup {
  std::string name;
  long count = 0;
  std::map<std::string, double>
      posts;                           // asset to share of collateral value; empty: as the reserves
  std::map<std::string, Amount> owes;  // asset to total; empty: what is left of the reserves
  double health_median = 1.6, health_low = 1.05, health_low_quantile = 0.01;
  bool health_stated = false;  // else it may be less, where reserves hold too little for it
  double size_sd = 2.0;        // standard deviation of ln(debt)
  std::string emode;           // its accounts' category; empty: the only one that suits, "none"
  long bands = 0;              // of loans on bands; 0: as their market says
  Span at;
};

/// One group of generated traders: `longs: {count, leverage, posts}`.
struct TraderGroup {
  std::string name;
  long count = 0;
  bool is_long = true;
  std::map<std::string, double> posts;  // asset to share of traders; empty: the settlement asset
  double leverage_median = 5, leverage_high = 20, leverage_high_quantile = 0.99;
  double size_sd = 2;   // standard deviation of ln(notional)
  double entry_sd = 0;  // standard deviation of ln(entry price / mark)
  long contracts = 1;   // contracts each of them holds, at most
  Span at;
};

struct VenueNode {
  VenueKinds::Specs spec;
  std::vector<LiquidityRange> ranges;  // rows of its table, where it names one
};

struct MarketNode {
  MarketKinds::Specs spec;
  PositionRows rows;                 // listed or from CSV
  std::vector<AccountGroup> groups;  // generated at compile
  std::vector<TraderGroup> traders;  // likewise, of a perpetual venue
  double rescale = 1;                // collateral amounts times this (bringing sources to one date)
  std::string note;                  // what the file says of its source
};

struct Ecosystem {
  std::string name;
  std::string about;  // what is measured, assumed, rescaled
  ClockSpec clock;
  std::vector<std::string> focus;
  std::vector<Named<AssetSpec>> assets;
  std::vector<Named<VenueNode>> venues;
  std::vector<Named<FeedSpec>> oracles;
  std::vector<Named<MarketNode>> markets;
  std::vector<Named<VaultSpec>> vaults;
  std::vector<Named<SyntheticDollarSpec>> dollars;
  std::vector<Named<AlgorithmicCoinSpec>> coins;
  std::vector<Named<BridgeSpec>> bridges;
  std::vector<Named<FiatCoinSpec>> fiat_coins;
  std::vector<Named<CuratedVaultSpec>> curated;
  std::vector<Named<PoolShareSpec>> shares;
  std::vector<Named<FundSpec>> funds;
  std::vector<Named<SafetyModuleSpec>> safety_modules;
  std::vector<Named<GuardianSpec>> guardians;
  std::vector<Named<BreakerSpec>> breakers;
  std::vector<Named<AgentSpecs>> agents;
  std::vector<Named<ChainSpec>> chains;
  std::set<std::string> exploitable;  // assets some scenario mints from nothing or takes
  double book_scale = 1;              // all positions and lenders of all markets times this
  std::vector<ScenarioSpec> scenarios;
  std::string default_scenario;
  std::map<std::string, ReportedShape> reported;  // by scenario
};

}  // namespace faultline
