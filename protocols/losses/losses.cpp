#include "protocols/losses/losses.hpp"

#include <algorithm>

namespace faultline {

LossPolicy compile_losses(const LossSpec& s) {
  LossPolicy p;
  p.recognition = s.recognise == "collateral_gone"       ? Recognition::collateral_gone
                  : s.recognise == "all_collateral_gone" ? Recognition::all_collateral_gone
                  : s.recognise == "at_once"             ? Recognition::at_once
                                                         : Recognition::never;
  const std::size_t n = std::min(s.bearers.size(), p.order.size());
  for (std::size_t i = 0; i < n; ++i) {
    p.order[i] = s.bearers[i] == "reserve"   ? Absorber::reserve
                 : s.bearers[i] == "stakers" ? Absorber::stakers
                 : s.bearers[i] == "haircut" ? Absorber::haircut
                                             : Absorber::carry;
  }
  return p;
}

// Morpho Blue: collateral == 0 -> the rest of the debt leaves total borrow and total supply
// [morpho_blue_code]. Aave v3.3: total collateral value == 0 -> the debt of every reserve is burned
// into its deficit [aave_v3_3_features]. At once: max(0, debt - collateral value).
double recognised_loss(Recognition rule, const DebtorLeft& left) {
  switch (rule) {
    case Recognition::never:
      return 0;
    case Recognition::collateral_gone:
      return left.collateral == 0 ? left.debt : 0;
    case Recognition::all_collateral_gone:
      return left.all_collateral_usd == 0 ? left.debt : 0;
    case Recognition::at_once:
      return std::max(0.0, left.debt - left.collateral_value);
  }
  return 0;
}

Absorbed absorb(double deficit, double reserve_balance, double supply_claims,
                const LossPolicy& policy, double staked) {
  Absorbed a;
  double left = deficit;
  for (const Absorber bearer : policy.order) {
    if (bearer == Absorber::carry) break;
    double& part = bearer == Absorber::reserve   ? a.from_reserve
                   : bearer == Absorber::stakers ? a.from_stakers
                                                 : a.haircut;
    const double room = (bearer == Absorber::reserve   ? reserve_balance
                         : bearer == Absorber::stakers ? staked
                                                       : supply_claims) -
                        part;
    const double taken = std::clamp(left, 0.0, std::max(room, 0.0));
    part += taken;
    left -= taken;
  }
  a.carried = left;
  return a;
}

double claim_factor(double supply_claims, double haircut) {
  return supply_claims > 0 ? (supply_claims - haircut) / supply_claims : 1;
}

// (S - L - h) / (S - L): first L leave at par, the hole falls on the rest. [accounting identity]
double stayers_recover(double supply_claims, double cash, double hole) {
  const double stay = supply_claims - cash;
  return stay > 0 ? std::max(0.0, stay - hole) / stay : 1;
}

}  // namespace faultline
