#include "protocols/claims/redemption_fee.hpp"

#include <algorithm>
#include <cmath>

#include "core/math.hpp"

namespace faultline {

// TroveManager.sol: _calcDecayedBaseRate, _minutesPassedSinceLastFeeOp [liquity_v1_code]
double decayed_base(const RedemptionTerms& t, double base, double elapsed_s) {
  const double minutes = std::floor(elapsed_s / 60);
  return minutes > 0 ? base * math::pow(t.minute_decay, minutes) : base;
}

double raised_base(const RedemptionTerms& t, const BaseRate& base, double redeemed, double supply) {
  const double decayed = decayed_base(t, base.rate, base.elapsed_s);
  return std::min(1.0, supply > 0 ? decayed + redeemed / supply / t.beta : decayed);
}

void set_base(BaseRate& base, double rate) {
  base.rate = rate;
  base.elapsed_s = std::fmod(base.elapsed_s, 60);
}

double redemption_rate(const RedemptionTerms& t, double base) {
  return std::min(1.0, t.fee_floor + base);
}

double borrowing_rate(const RedemptionTerms& t, double base, bool recovery) {
  return recovery ? 0 : std::min(t.borrow_most, t.borrow_floor + base);
}

std::vector<std::uint32_t> redemption_order(const RedemptionTerms& t,
                                            std::span<const RedeemableLoan> loans, double price) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < loans.size(); ++i) {
    const Trove& trove = loans[i].trove;
    if (trove.debt > 0 && collateral_ratio(trove, price) >= t.least_ratio) order.push_back(i);
  }
  const auto key = [&](std::uint32_t i) {
    return t.by_interest ? loans[i].interest : collateral_ratio(loans[i].trove, price);
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double ka = key(a), kb = key(b);
    return ka < kb || (ka == kb && loans[a].id < loans[b].id);
  });
  return order;
}

// TroveManager.sol: redeemCollateral, _redeemCollateralFromTrove [liquity_v1_code];
// CollateralRegistry.sol: redeemCollateral [liquity_v2_code]
CoinRedemption redeem(const RedemptionTerms& t, std::span<const RedeemableLoan> loans,
                      double amount, double price, double supply, BaseRate& base) {
  CoinRedemption r;
  double drawn = 0;  // coins' worth in collateral
  for (const std::uint32_t i : redemption_order(t, loans, price)) {
    const double left = amount - r.redeemed;
    if (!(left > 0)) break;
    const Trove& trove = loans[i].trove;
    const double net = std::max(0.0, trove.debt - t.gas_debt);
    RedeemedPart p{.loan = i, .debt = std::min(left, net)};
    if (!(p.debt > 0)) continue;
    p.closed = p.debt == net;
    if (!p.closed && net - p.debt < t.least_net_debt) break;  // the contract stops here
    p.collateral = p.debt / price;
    if (p.closed && t.gas_debt > 0) p.owner_returned = trove.collateral - p.collateral;
    drawn += p.collateral;
    r.redeemed += p.debt;
    r.parts.push_back(p);
  }
  const double asked = t.fee_stays ? amount : r.redeemed;
  r.rate = redemption_rate(t, raised_base(t, base, asked, supply));
  set_base(base, raised_base(t, base, r.redeemed, supply));
  r.fee = r.rate * drawn;
  r.to_redeemer = drawn - r.fee;
  if (t.fee_stays) {
    for (RedeemedPart& p : r.parts) p.collateral -= r.rate * p.collateral;
  }
  return r;
}

std::vector<double> split_over_branches(std::span<const RedemptionBranch> branches, double amount) {
  std::vector<double> weights;
  double all = 0;
  for (const RedemptionBranch& b : branches) {
    weights.push_back(b.redeemable ? std::max(0.0, b.debt - b.pool) : 0);
    all += weights.back();
  }
  if (all > 0) {
    amount = std::min(amount, all);
  } else {
    for (std::size_t i = 0; i < branches.size(); ++i) {
      weights[i] = branches[i].redeemable ? branches[i].debt : 0;
      all += weights[i];
    }
  }
  for (double& w : weights) {  // in turn, so that the parts add up to the whole
    const double part = w > 0 ? amount * (w / all) : 0;
    all -= w;
    amount -= part;
    w = part;
  }
  return weights;
}

// TroveManager.sol: _urgentRedeemCollateralFromTrove [liquity_v2_code]
UrgentRedemption urgent_redemption(const Trove& trove, double amount, double price, double bonus) {
  UrgentRedemption u{std::min(amount, trove.debt), 0};
  u.collateral = u.debt * (1 + bonus) / price;
  if (u.collateral > trove.collateral) {
    u.collateral = trove.collateral;
    u.debt = trove.collateral * price / (1 + bonus);
  }
  return u;
}

}  // namespace faultline
