// The double-entry ledger: every account is an owner and an asset, every movement takes from one
// and gives to another, in whole quanta. Law 1 is the sum over an asset's accounts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/quantity.hpp"

namespace faultline {

/// Who stands behind an account: the bearers gains and losses are told by.
enum class Bearer : std::uint8_t {
  lp,         // liquidity providers of a pool
  maker,      // market makers of an order book
  outside,    // the world beyond the modelled venues
  depositor,  // lenders of a market (its cash is theirs, less what borrowers posted)
  borrower,   // accounts of lending markets, and their wallets
  liquidator,
  arbitrageur,
  attacker,
  chain,   // gas paid
  dust,    // rounding residue of one-to-many flows
  trader,  // accounts of perpetual venues; insurers, trend followers, holders of options
  vault,   // depositors of vaults: backstops, curated ones
  fund,    // insurance funds
  dealer,  // of options
  holder   // of coins an algorithm issues and the tokens behind them, and of claims on desks
};
inline constexpr std::size_t bearer_count = 15;
const char* bearer_name(Bearer b);

/// An account as fixed at compile.
struct AccountInfo {
  Bearer bearer = Bearer::dust;
  std::uint32_t owner = 0;  // venue, reserve, agent ... by bearer
  AssetId asset;
};

/// Balances of one run, in units of each account's asset (whole quanta). Accounts of the outside
/// world, makers, flash-funded agents and whoever manipulates a feed may go below zero: that is
/// their credit with the world.
class Ledger {
 public:
  /// Takes the opening balances; keeps the storage of earlier runs.
  void reset(const std::vector<double>& opening) {
    balances_ = opening;
    posts_ = 0;
  }
  double balance(AccountId a) const { return balances_[a.value]; }
  /// Moves `amount` (whole, >= 0) from one account to another of the same asset.
  void post(AccountId from, AccountId to, double amount) {
    balances_[from.value] -= amount;
    balances_[to.value] += amount;
    ++posts_;
  }
  /// Creates `amount` out of nothing (an exploit, an issue); the caller counts it as minted.
  void mint(AccountId to, double amount) { balances_[to.value] += amount; }
  /// Destroys `amount`; the caller counts it as minted less.
  void burn(AccountId from, double amount) { balances_[from.value] -= amount; }
  const std::vector<double>& balances() const { return balances_; }
  std::uint64_t posts() const { return posts_; }

 private:
  std::vector<double> balances_;
  std::uint64_t posts_ = 0;
};

}  // namespace faultline
