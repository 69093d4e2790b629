// A stablecoin redeemed at face value out of its borrowers' collateral, Liquity v1 and v2
// [liquity_v1_code, liquity_v2_code]. The borrower loses no worth, only the position.
//   order  v1: lowest collateral ratio first, among those at MCR or above; v2: lowest interest
//          first, those under 100% left out
//   base   b <- b decay^(whole minutes since the last fee), then b <- b + redeemed / supply / beta
//   fee    min(100%, floor + b) of the collateral drawn: v1 takes b after the redemption and pays
//          stakers, v2 takes b as if all asked were redeemed and leaves the fee in the loan
//   v2     asked is split over branches by debt beyond their stability pool, at most all of that
//   urgent a branch that is shut down pays (1 + 2%) / price, as far as each loan's collateral goes
// Borrowing (v1) costs once min(5%, 0.5% + b); nothing in recovery mode.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocols/liquidation/trove_liquidation.hpp"

namespace faultline {

/// Terms of fee and order. Defaults: Liquity v1.
struct RedemptionTerms {
  double fee_floor = 0.005;
  double beta = 2;
  double minute_decay = 0.999037758833783;  // half-life 12 h
  double borrow_floor = 0.005;
  double borrow_most = 0.05;
  double gas_debt = 200;  // part of each debt that is paid from elsewhere at its end
  double least_net_debt =
      1800;                  // a part redemption that leaves less (beside gas_debt) is called off
  double least_ratio = 1.1;  // loans below are left out
  bool by_interest = false;  // order; else by collateral ratio
  bool fee_stays = false;    // with the redeemed loans
};

/// v2: fees halve in 6 h, one to one with what is redeemed, loans may be emptied.
inline RedemptionTerms liquity_v2_redemption() {
  return {.fee_floor = 0.005,
          .beta = 1,
          .minute_decay = 0.9980764435756288,
          .borrow_floor = 0,
          .borrow_most = 0,
          .gas_debt = 0,
          .least_net_debt = 0,
          .least_ratio = 1,
          .by_interest = true,
          .fee_stays = true};
}

/// Fee state of a coin.
struct BaseRate {
  double rate = 0;
  double elapsed_s = 0;  // since the last fee, less whole minutes it accounted for
};

/// The base after `elapsed_s` without a fee: it decays in whole minutes.
double decayed_base(const RedemptionTerms& terms, double base, double elapsed_s);

/// The base after a redemption now: decayed, then raised by redeemed / supply / beta, at most 1.
double raised_base(const RedemptionTerms& terms, const BaseRate& base, double redeemed,
                   double supply);

/// Books a fee: the base is now `rate`; whole minutes passed are accounted for.
void set_base(BaseRate& base, double rate);

/// Share of the collateral drawn that a redemption at this base costs.
double redemption_rate(const RedemptionTerms& terms, double base);

/// Share of the loan that borrowing costs; 0 in recovery mode.
double borrowing_rate(const RedemptionTerms& terms, double base, bool recovery);

/// A loan that may be redeemed.
struct RedeemableLoan {
  Trove trove;
  double interest = 0;  // per year
  std::uint32_t id = 0;
};

/// Indices of loans in the order they are redeemed, those left out not among them; ties by id.
std::vector<std::uint32_t> redemption_order(const RedemptionTerms& terms,
                                            std::span<const RedeemableLoan> loans, double price);

/// What was drawn from one loan.
struct RedeemedPart {
  std::uint32_t loan = 0;     // index
  double debt = 0;            // cancelled
  double collateral = 0;      // the loan loses this
  double owner_returned = 0;  // v1: rest of a loan redeemed whole, claimable by its owner
  bool closed = false;
};

struct CoinRedemption {
  double redeemed = 0;     // coins burned, sum of debts cancelled
  double to_redeemer = 0;  // collateral
  double fee = 0;          // collateral: v1 paid to stakers; v2 kept by the loans (not drawn)
  double rate = 0;
  std::vector<RedeemedPart> parts;
};

/// Redeems up to `amount` at `price` from the loans in order and moves the base. supply: of the
/// coin before. Callers check that redemptions are open (v1: TCR >= MCR, after 14 days).
CoinRedemption redeem(const RedemptionTerms& terms, std::span<const RedeemableLoan> loans,
                      double amount, double price, double supply, BaseRate& base);

/// A branch of v2 in a redemption.
struct RedemptionBranch {
  double debt = 0;
  double pool = 0;         // its stability pool's deposits
  bool redeemable = true;  // TCR >= SCR and not shut down
};

/// How much of `amount` is asked of each branch: by unbacked debt, at most all of it; by debt where
/// none is unbacked.
std::vector<double> split_over_branches(std::span<const RedemptionBranch> branches, double amount);

/// What one loan of a branch that was shut down pays for at most `amount` coins.
struct UrgentRedemption {
  double debt = 0;        // cancelled
  double collateral = 0;  // to the redeemer
};
UrgentRedemption urgent_redemption(const Trove& trove, double amount, double price,
                                   double bonus = 0.02);

}  // namespace faultline
