// Markets whose failing loans a pool of coins pays (protocols/margin/trove_market.hpp): their two
// reserves and their pool.
#include <limits>

#include <fmt/format.h>

#include "core/math.hpp"
#include "sim/compile/context.hpp"

namespace faultline {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();

TroveTerms trove_terms(CompileContext& c, const TroveMarket::Spec& spec, AssetId collateral,
                       const std::string& path) {
  TroveTerms t;
  t.mcr = spec.mcr.value;
  t.ccr = spec.ccr.value;
  t.recovery = spec.recovery_mode;
  t.gas_share = spec.caller_share.value;
  t.gas_cap =
      spec.caller_most ? c.units(*spec.caller_most, collateral, path + ".caller_most") : no_limit;
  t.gas_on_offset_only = spec.caller_of_pool_only;
  t.pool_penalty = spec.pool_penalty ? spec.pool_penalty->value : no_limit;
  t.others_penalty = spec.others_penalty ? spec.others_penalty->value : no_limit;
  return t;
}

}  // namespace

void add_troves(CompileContext& c, Market& market, MarketId id, const TroveMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  TroveSystem s;
  s.market = id;
  s.coin = static_cast<std::uint32_t>(c.world.reserves.size());
  s.collateral = s.coin + 1;
  const MintedPair pair{spec.lends, spec.collateral, spec.coin_oracle, spec.oracle,
                        spec.fee,   spec.line,       spec.borrowed,    1 / spec.mcr.value};
  if (!add_minted_pair(c, id, path, pair)) return;
  if (spec.recovery_mode && spec.ccr.value < spec.mcr.value) {
    c.diagnostics.error("E0566", c.at(path + ".ccr"),
                        "recovery mode would begin where all loans have failed already",
                        "state a `ccr` above `mcr`, or `recovery_mode: no`");
    return;
  }
  const AssetId coin = c.world.reserves[s.coin].asset;
  const AssetId collateral = c.world.reserves[s.collateral].asset;
  s.terms = trove_terms(c, spec, collateral, path);
  s.pool_terms.least = c.units(spec.pool_keeps, coin, path + ".pool_keeps");
  if (spec.pool) s.pool_coins = c.units(*spec.pool, coin, path + ".pool") * c.eco.book_scale;
  if (spec.redemption) {
    s.redeems = true;
    s.redemption = {.fee_floor = spec.redemption->fee.value,
                    .beta = spec.redemption->beta,
                    .minute_decay = math::pow(0.5, 60 / spec.redemption->half_life.value),
                    .gas_debt = 0,
                    .least_net_debt = 0,
                    .least_ratio = spec.mcr.value};
  }
  s.fees = c.account(Bearer::fund, s.coin, collateral);
  s.gained = c.account(Bearer::depositor, s.coin, collateral);
  s.owners = c.account(Bearer::borrower, s.coin, collateral);
  market.troves = static_cast<std::int32_t>(c.world.troves.size());
  c.world.troves.push_back(s);
}

void open_trove_pools(CompileContext& c) {
  Snapshot& world = c.world;
  for (TroveSystem& s : world.troves) {
    const AssetId coin = world.reserves[s.coin].asset;
    const Quantum& q = world.assets[coin.value].quantum;
    const double out = world.opening.reserves[s.coin].lender_scaled;
    if (s.pool_coins > out * (1 + 1e-9)) {
      const std::string& name = world.markets[s.market.value].name;
      c.diagnostics.error("E0567", c.at("markets." + name + ".pool"),
                          fmt::format("{:.6g} {} in the pool of '{}', whose loans minted {:.6g}",
                                      s.pool_coins, world.assets[coin.value].name, name, out),
                          "state less `pool`, or more loans");
    }
    s.pool_coins = std::min(q.down(s.pool_coins), out);
    s.pool_terms.least = q.up(s.pool_terms.least);
    bool any = false;
    for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
      if (world.positions[p].market != s.market) continue;
      if (!any) s.first_position = p;
      any = true;
      s.loans = p + 1 - s.first_position;
    }
  }
}

}  // namespace faultline
