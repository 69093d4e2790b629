// Who bears a hole, and when the books admit it. Amounts are whole quanta of the lent asset: every
// result is a minimum or a difference of them, so the parts add up to the whole exactly.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// When a borrower's unpaid debt becomes a loss on the books.
enum class Recognition : std::uint8_t {
  never,                // Aave before v3.3, Compound v2: the debt stays and keeps accruing
  collateral_gone,      // Morpho: the position's collateral in this market is exactly zero
  all_collateral_gone,  // Aave v3.3: the account's collateral value over all reserves is zero
  at_once,              // as soon as the debt exceeds the collateral's value
};

/// Who pays next.
enum class Absorber : std::uint8_t {
  reserve,  // the protocol's own reserve of the asset, down to zero
  stakers,  // those of the safety module that covers the reserve, where there is one
  haircut,  // suppliers: every claim is worth less at once
  carry,    // suppliers: claims stay at par, the hole waits (a deficit; first out is paid in full)
};

/// A market's rule and its bearers in order. What nobody took is carried.
struct LossPolicy {
  Recognition recognition = Recognition::never;
  std::array<Absorber, 4> order{Absorber::carry, Absorber::carry, Absorber::carry, Absorber::carry};

  bool pays(Absorber who) const {
    return std::find(order.begin(), order.end(), who) != order.end();
  }
};

/// Losses as YAML says them.
struct LossSpec {
  std::string recognise = "never";
  std::vector<std::string> bearers{"carry"};

  template <class V>
  void fields(V& v) {
    v("recognise", recognise,
      Field{.help = "when unpaid debt is written off",
            .source =
                "Aave v3.3 features; Morpho Blue liquidate (aave_v3_3_features, morpho_blue_code)",
            .choices = "never collateral_gone all_collateral_gone at_once"});
    v("bearers", bearers,
      Field{.help = "who pays, in this order; the last may be the suppliers, by haircut or carry",
            .source = "mechanics of the named protocols (aave_v3_3_features, morpho_blue_code)",
            .choices = "reserve stakers haircut carry"});
  }
};

/// The policy a checked spec describes; bearers beyond the fourth are ignored (there are four
/// kinds).
LossPolicy compile_losses(const LossSpec& spec);

/// A borrower after a liquidation, in one market.
struct DebtorLeft {
  double debt = 0;                // still owed in this market, units, whole quanta
  double collateral = 0;          // still posted in this market, units of the collateral asset
  double collateral_value = 0;    // its worth in debt units (used by `at_once`)
  double all_collateral_usd = 0;  // worth of all the account's collateral, over all reserves
};

/// Debt to write off now, units, whole quanta where `debt` and (for at_once) the covered part are.
double recognised_loss(Recognition rule, const DebtorLeft& left);

/// Where one hole went. from_reserve + from_stakers + haircut + carried == deficit exactly.
struct Absorbed {
  double from_reserve = 0;
  double from_stakers = 0;
  double haircut = 0;  // taken off the suppliers' claims
  double carried = 0;  // kept as a deficit
};

/// Runs `deficit` down the policy's order. All amounts in units, >= 0 and whole quanta below 2^53
/// of them; a haircut takes at most `supply_claims`; `staked`: what a safety module can cover.
Absorbed absorb(double deficit, double reserve_balance, double supply_claims,
                const LossPolicy& policy, double staked = 0);

/// What a claim is worth after a haircut, as a share of before: (claims - haircut) / claims.
double claim_factor(double supply_claims, double haircut);

/// What those who stay recover per claim, a carried hole h, once L of cash has left at par:
/// (S - L - h) / (S - L), at least 0; S claims, L < S.
double stayers_recover(double supply_claims, double cash, double hole);

}  // namespace faultline
