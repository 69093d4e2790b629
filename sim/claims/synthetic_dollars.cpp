#include "sim/claims/synthetic_dollars.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/readings.hpp"

namespace faultline {

namespace {

/// A row of the position book at market values, USD; below zero where it owes more than it has.
double row_worth(const Snapshot& world, const Workspace& w, std::uint32_t row) {
  double usd = 0;
  for (std::uint32_t leg = 0; leg < world.book->legs(row); ++leg) {
    const std::uint32_t f = world.book->factor(row, leg);
    const double value = w.positions.amount(row, leg) * w.market_factors[f];
    usd += f % 2 == 0 ? value : -value;
  }
  return usd;
}

/// Whether an issuer reports in this round.
bool reports_now(const Snapshot& world, const Workspace& w, const DollarIssuer& issuer) {
  if (!issuer.admits) return false;
  if (issuer.report_s <= world.round_s) return true;
  const double before = w.now_s - world.round_s;
  return std::floor(w.now_s / issuer.report_s) > std::floor(before / issuer.report_s);
}

constexpr double least_behind = 1e-6;  // nothing left: a rate must stay above zero
constexpr double told_step = 0.01;

}  // namespace

double issuer_worth(const Snapshot& world, const Workspace& w, const DollarIssuer& issuer) {
  double usd = 0;
  for (const std::uint32_t i : issuer.agents) {
    const FlowAgentInfo& a = world.flow_agents[i];
    const double index = w.market.published[a.hedge.index.value];
    const double price = index > 0 ? index : w.market.spot[a.asset.value];
    usd += w.ledger.balance(a.units) * price +
           w.ledger.balance(a.cash) * w.market.spot[a.money.value] +
           row_worth(world, w, a.hedge.row);
  }
  for (const AccountId held : issuer.reserve) {
    usd += w.ledger.balance(held) * w.market.spot[world.accounts[held.value].asset.value];
  }
  return usd;
}

bool back_dollars(const Snapshot& world, Workspace& w) {
  if (!w.transmission) return false;  // no loss is passed on
  bool changed = false;
  for (std::size_t i = 0; i < world.dollars.size(); ++i) {
    const DollarIssuer& issuer = world.dollars[i];
    DollarState& d = w.dollars[i];
    const AssetInfo& asset = world.assets[issuer.issued.value];
    const double owes = asset.supply * d.rate * w.market.spot[asset.base.value];
    const double behind = std::clamp(issuer_worth(world, w, issuer) / owes, least_behind, 1.0);
    if (behind == d.behind) continue;
    d.behind = behind;
    changed = true;
    backing_changed(world, w, issuer.issued);
    if (std::fabs(behind - d.told) < told_step && (behind < 1 || d.told == 1)) continue;
    d.told = behind;
    tell(w, "backing", issuer.name,
         fmt::format("{:.1f}% of what {} owes is behind it: {{}}", 100 * behind, asset.name),
         {behind * owes});
  }
  return changed;
}

bool admit_losses(const Snapshot& world, Workspace& w, bool rebuilt) {
  bool moved = false;
  for (std::size_t i = 0; i < world.dollars.size(); ++i) {
    const DollarIssuer& issuer = world.dollars[i];
    DollarState& d = w.dollars[i];
    double& rate = w.market.contract_rate[issuer.issued.value];
    if (rebuilt) d.rate = rate;
    const double share = reports_now(world, w, issuer) ? d.behind : d.admitted;
    if (!rebuilt && share == d.admitted) continue;
    moved = moved || share != d.admitted;
    d.admitted = share;
    rate = d.rate * share;
  }
  return moved;
}

bool reports_pending(const Snapshot& world, const Workspace& w) {
  for (std::size_t i = 0; i < world.dollars.size(); ++i) {
    if (world.dollars[i].admits && w.dollars[i].behind != w.dollars[i].admitted) return true;
  }
  return false;
}

}  // namespace faultline
