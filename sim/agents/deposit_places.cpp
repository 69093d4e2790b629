#include "sim/agents/deposit_places.hpp"

#include <limits>

#include "sim/agents/deposits.hpp"
#include "sim/claims/curated_vaults.hpp"
#include "sim/credit/pools.hpp"

namespace faultline {

AssetId asset_at(const Snapshot& world, const DepositPlace& place) {
  return is_vault(place) ? world.vaults[place.vault].asset : world.reserves[place.reserve].asset;
}

const std::string& node_of(const Snapshot& world, const DepositPlace& place) {
  return is_vault(place) ? world.vaults[place.vault].name
                         : world.markets[market_at(world, place).value].name;
}

MarketId market_at(const Snapshot& world, const DepositPlace& place) {
  return is_vault(place) ? MarketId::none() : world.reserves[place.reserve].market;
}

double opening_claims(const Snapshot& world, const DepositPlace& place) {
  if (is_vault(place)) return world.opening.vaults.vaults[place.vault].depositors;
  const ReserveState& opening = world.opening.reserves[place.reserve];
  return opening.lender_scaled - opening.vault_scaled - opening.staked_scaled;
}

double units_per_claim(const Snapshot& world, const Workspace& w, const DepositPlace& place) {
  return is_vault(place) ? share_price(world, w, place.vault)
                         : w.market.supply_index[place.reserve];
}

double whole_claim(const Snapshot& world, const DepositPlace& place, double claim) {
  return is_vault(place) ? claim : world.assets[asset_at(world, place).value].quantum.down(claim);
}

double pay_lenders(const Snapshot& world, Workspace& w, const DepositPlace& place, double& claim) {
  constexpr double all_of_it = std::numeric_limits<double>::infinity();
  return is_vault(place)
             ? withdraw_from_vault(world, w, place.vault, all_of_it, claim, place.wallet)
             : pay_out(world, w, place.reserve, all_of_it, claim, place.wallet);
}

void lend_at(const Snapshot& world, Workspace& w, const DepositPlace& place, double units,
             double& claim, AccountId from) {
  if (is_vault(place)) {
    deposit_into_vault(world, w, place.vault, units, claim, from);
  } else {
    pay_in(world, w, place.reserve, units, claim, from);
  }
}

double room_at(const Snapshot& world, const Workspace& w, const DepositPlace& place) {
  return is_vault(place) ? vault_room(world, w, place.vault) : supply_room(world, w, place.reserve);
}

ReserveOutcome* told_at(Workspace& w, const DepositPlace& place) {
  return is_vault(place) ? nullptr : &w.outcome.reserves[place.reserve];
}

}  // namespace faultline
