// Looking before leaping: each account as it stands at the opening, and the static liquidation map:
// what would be liquidatable if prices fell at once and nobody traded. No round is run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/snapshot.hpp"

namespace faultline {

/// One account at the opening, valued at the prices its market believes. USD.
struct AccountView {
  std::uint32_t position = 0;
  double collateral_usd = 0;  // all it posted, at full value
  double weighted_usd = 0;    // the same times each reserve's liquidation threshold
  double debt_usd = 0;
  double same_usd = 0;             // of the debt: in assets it also posted
  double main_bonus = 0;           // of the reserve where most of its weighted collateral stands
  std::optional<double> to_bands;  // of a loan on bands: how far its collateral may fall to them

  /// weighted collateral / debt; infinite without debt. Liquidatable below 1.
  double health() const;
  /// debt / collateral.
  double ltv() const;
  /// By which share the assets it posted may fall together before health is 1, debt in them falling
  /// too; 1: never. Negative in breach. Of a loan on bands: how far they may fall before they begin
  /// to be sold.
  double distance() const;
  /// Debt so high that every liquidation worsens it: LTV above 1 / (1 + bonus).
  bool toxic() const;
};

AccountView view_account(const Snapshot& world, std::uint32_t position);

/// "12.4k ETH + 3m USDC": an account's legs of one side, largest first, at most `most` of them.
std::string legs_text(const Snapshot& world, std::uint32_t position, bool debt, std::size_t most);

/// Prices that changed at once, as factors on the opening.
struct StaticPrices {
  std::vector<double> market;    // [asset] on what it is worth
  std::vector<double> believed;  // [oracle] on what readers see
};

/// The assets in `falling` change by `factors`; claims move with their base unless they are named
/// themselves. Feeds that follow a rate see their base move and not the claim, fixed feeds see
/// nothing, bounds clamp or freeze; deviation and latency are taken as served.
StaticPrices static_prices(const Snapshot& world, std::span<const AssetId> falling,
                           std::span<const double> factors);

/// Assets a general fall takes along: those with a reference of their own that are no dollar. A
/// dollar is worth one within 8%, and trades against another where it trades.
std::vector<AssetId> falling_assets(const Snapshot& world);

/// One market at changed prices. USD at those prices.
struct StaticLoss {
  double debt_usd = 0;          // all debt of its accounts
  double liquidatable_usd = 0;  // debt of accounts in breach
  double bad_debt_usd = 0;  // debt above collateral at market value, nobody liquidating; no legacy
  std::uint64_t accounts = 0;  // in breach
};

/// The liquidation map at these prices, by market.
std::vector<StaticLoss> static_losses(const Snapshot& world, const StaticPrices& prices);

}  // namespace faultline
