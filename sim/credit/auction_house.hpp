// Where vaults in breach are sold, as compiled: one house per market for a coin minted against
// vaults (protocols/margin/cdp_market.hpp), and the system whose books its losses meet.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "protocols/liquidation/dutch_auction.hpp"
#include "protocols/liquidation/english_auction.hpp"
#include "protocols/losses/surplus_and_debt_auctions.hpp"

namespace faultline {

struct AuctionHouse {
  MarketId market;
  std::uint32_t system = 0;
  std::uint32_t coin = 0, collateral = 0;  // reserves
  bool english = false;
  DutchAuctionTerms dutch;  // of it chop, dust and hole hold for both kinds
  BiteTerms bite;
  BidTerms bids;
  std::uint32_t bidders = 1;
  double pays_usd = std::numeric_limits<double>::infinity();  // most all but one pay for gas
  AccountId lots, owners;  // being sold; handed back to the owners of vaults
};

/// Markets of one family that mint one coin share their room for auctions and their books.
struct CoinSystem {
  std::string name;
  AssetId coin;
  std::vector<std::uint32_t> houses;
  double hole = std::numeric_limits<double>::infinity();
  bool mints = false;  // tokens, against losses beyond the surplus
  bool sells = false;  // surplus beyond the buffer, for tokens
  SystemBookTerms books;
  AssetId token;
};

}  // namespace faultline
