// Agents as compiled: where each acts, with what purse, and under which budgets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/market_state.hpp"
#include "core/registry.hpp"
#include "protocols/agents/registry.hpp"
#include "protocols/venues/curve.hpp"
#include "protocols/venues/retreat.hpp"
#include "sim/ledger.hpp"

namespace faultline {

struct ArbitrageurInfo {
  std::string name;
  double capital_usd = 0;  // infinite: unlimited
  double turnover_s = 0;   // until what was committed is free again
  double latency_s = 0;
  double gas_usd = 0;  // NaN: that of the venue's chain
  std::vector<VenueId> venues;
  std::vector<std::uint32_t> trips;  // through issuers of algorithmic coins
  std::vector<std::uint32_t> desk_trips;
  std::vector<AccountId> purse;  // [asset]
};

struct LiquidatorInfo {
  std::string name;
  double capital_usd = 0;  // infinite: flash-funded
  double turnover_s = 0;   // until what was committed is free again
  double gas_usd = 0;      // NaN: that of the market's chain
  std::vector<MarketId> markets;
  std::vector<AccountId> purse;  // [asset]
};

/// A book a group of makers quotes.
struct QuotedBook {
  VenueId venue;
  double share = 1;   // of its depth that is theirs
  double weight = 1;  // of all dollars of depth the group quotes at the opening
};

struct MakersInfo {
  std::string name, cluster;
  double capital_usd = 0;  // infinite: losses do not count
  RetreatParams retreat;
  std::vector<QuotedBook> books;
};

/// Who quotes part of a book.
struct BookMaker {
  std::uint32_t group = 0;
  double share = 1;
};

/// Of a run's story: whether quotes have left, and how few stood at the worst.
struct DepthStory {
  bool away = false;
  double lowest = 1;
};

struct MakersState {
  struct Watched {
    Gauge gauge;
    double mid = 1;  // when last looked at
  };
  std::vector<Watched> books;
  Stance stance;                   // for volatility
  double left = 1;                 // share of quotes the scenario leaves
  double quotes = 1, widened = 1;  // what they do now
  DepthStory story;
};

/// The short of a carry trader: one leg of its row in the position book.
struct Hedge {
  static constexpr std::uint32_t none = 0xffffffffu;
  std::uint32_t row = none, leg = 0;
  OracleId index;       // feed of what the contract follows
  double rounding = 0;  // by which a contract's quantum may differ from its asset's, units
};

/// Who trades one asset towards what its kind wants to hold (protocols/agents/flow_agent.hpp).
struct FlowAgentInfo {
  std::string name;
  Slot slot;
  AssetId asset, money;  // the venue's pair: what it holds, and what it pays and is paid in
  VenueId venue;
  Side sells = Side::sell;  // the side of the venue on which the asset is given
  std::uint32_t sell_lane = 0, buy_lane = 0;
  AccountId units, cash;             // its purse
  double capital_usd = 0, band = 0;  // infinite: unlimited; units
  double gas_usd = 0;                // NaN: that of the venue's chain
  double every_s = 0, latency_s = 0;
  double size = 1;  // what `size` opens at, where its kind has one
  bool on_credit = false;
  Hedge hedge;  // of a carry trader
};

/// The agents that trade one asset at one venue: they clear together.
struct FlowDesk {
  VenueId venue;
  AssetId asset;
  std::vector<std::uint32_t> agents;  // ascending
};

/// Who holds puts of a dealer.
struct PutHolderInfo {
  std::string name;
  std::uint32_t writer = 0;  // flow agent
  AccountId cash;            // in the writer's money
};

/// An option that pays at expiry, from one purse to the other.
struct OptionContract {
  std::uint32_t writer = 0;  // flow agent whose book it is in; its size scales what is paid
  double expiry_s = 0;
  OptionKind kind = OptionKind::call;
  double strike = 0, units = 0;  // USD; above zero
  AccountId payer, payee;        // in the writer's money
};

}  // namespace faultline
