#include "sim/agents/attacker.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/agents/purse_trade.hpp"
#include "sim/claims/pool_shares.hpp"
#include "sim/claims/redemption_desks.hpp"
#include "sim/credit/borrowing.hpp"
#include "sim/credit/pools.hpp"

namespace faultline {

namespace {

/// A reserve where the minted asset can be posted, a category's or the market's own, and what could
/// be borrowed against it there, USD.
struct Target {
  std::uint32_t market = 0, reserve = 0;
  double postable = 0, borrowable_usd = 0;
};

double price_of(const Snapshot& world, const Workspace& w, std::uint32_t r) {
  return w.market.published[world.reserves[r].oracle.value];
}

/// The attacker's account in a market for collateral of one reserve: that of its category.
std::uint32_t account_for(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  return world.attacker_row[reserve.market.value] + static_cast<std::uint32_t>(reserve.emode + 1);
}

Target target_at(const Snapshot& world, const Workspace& w, std::uint32_t rc, double amount) {
  Target t{world.reserves[rc].market.value, rc, 0, 0};
  const double weight = opening_weight(w, rc);
  if (!(weight > 0)) return t;
  t.postable = std::min(amount, supply_room(world, w, rc));
  if (!(t.postable > 0)) return t;
  const Market& market = world.markets[t.market];
  double cash_usd = 0, silo_usd = 0;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    if (!may_owe(world, w, account_for(world, rc), rc, r)) continue;
    const double usd = borrowable_units(world, w, r) * price_of(world, w, r);
    if (world.reserves[r].isolation.siloed) {
      silo_usd = std::max(silo_usd, usd);
    } else {
      cash_usd += usd;
    }
  }
  cash_usd = std::min(std::max(cash_usd, silo_usd), ceiling_room(world, w, rc));
  t.borrowable_usd = std::min(t.postable * price_of(world, w, rc) * weight, cash_usd);
  return t;
}

std::string category_text(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  if (reserve.emode < 0) return {};
  const auto& emodes = world.markets[reserve.market.value].emodes;
  return " in e-mode " + emodes[static_cast<std::size_t>(reserve.emode)].name;
}

/// Posts what it can in one market and borrows the most saleable assets against it.
void borrow_out(const Snapshot& world, Workspace& w, const Target& t, AssetId asset) {
  const double posted = world.assets[asset.value].quantum.down(t.postable);
  const std::uint32_t p = account_for(world, t.reserve);
  post_collateral(world, w, p, t.reserve, world.attacker[asset.value], posted);
  const auto all = [&](std::uint32_t r, double units) {
    tell(w, "exploit", world.markets[t.market].name,
         fmt::format("{:.0f} {} posted{}, {:.0f} {} borrowed", posted,
                     world.assets[asset.value].name, category_text(world, t.reserve), units,
                     world.assets[world.reserves[r].asset.value].name));
    return true;
  };
  borrow_against(world, w, p, t.reserve, posted, world.attacker, std::ref(all));
}

/// Where most can be borrowed, a market or a category of it at a time, each an account of its own.
void borrow_wherever(const Snapshot& world, Workspace& w, AssetId asset) {
  const std::vector<std::uint32_t>& reserves = world.reserves_of_asset[asset.value];
  for (std::size_t done = 0; done < std::max(world.markets.size(), reserves.size()); ++done) {
    const double left = w.ledger.balance(world.attacker[asset.value]);
    Target best;
    for (const std::uint32_t r : reserves) {
      if (world.attacker_row[world.reserves[r].market.value] == 0xffffffffu) continue;
      const Target t = target_at(world, w, r, left);
      if (t.borrowable_usd > best.borrowable_usd) best = t;
    }
    if (!(best.borrowable_usd > 0)) return;
    borrow_out(world, w, best, asset);
  }
}

/// Units appear from nothing with the attacker; false where they cannot be counted.
bool mint_units(const Snapshot& world, const Exploit& exploit, Workspace& w) {
  const AssetInfo& info = world.assets[exploit.asset.value];
  const double amount = info.quantum.down(exploit.amount);
  w.ledger.mint(world.attacker[exploit.asset.value], amount);
  w.minted[exploit.asset.value] += amount;
  if (!countable(world, w, exploit.asset)) return false;
  count_minted_shares(world, w, exploit.asset, amount);
  tell(w, "exploit", info.name, fmt::format("{:.0f} {} appear from nothing", amount, info.name));
  backing_changed(world, w, exploit.asset);
  return true;
}

/// An escrow is opened.
void take_escrow(const Snapshot& world, const Exploit& exploit, Workspace& w) {
  const RedemptionDesk& desk = world.desks[exploit.desk];
  const double wanted =
      exploit.amount > 0 ? exploit.amount : exploit.share * w.ledger.balance(desk.cash);
  tell(w, "exploit", desk.name,
       fmt::format("{:.0f} {} are taken out of its escrow",
                   std::min(wanted, w.ledger.balance(desk.cash)),
                   world.assets[exploit.asset.value].name));
  drain_escrow(world, w, exploit.desk, wanted);
}

}  // namespace

void launch_exploit(const Snapshot& world, const Exploit& exploit, Workspace& w) {
  w.quiet = false;
  if (exploit.desk != Exploit::nobody) {
    take_escrow(world, exploit, w);
  } else if (!mint_units(world, exploit, w)) {
    return;
  }
  if (exploit.then == ExploitThen::borrow_out) borrow_wherever(world, w, exploit.asset);
  if (exploit.then == ExploitThen::sell && w.transmission)
    sell_purse(world, w, world.attacker, exploit.asset);
}

}  // namespace faultline
