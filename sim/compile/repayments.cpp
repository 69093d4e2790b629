// Borrowers who repay when rates rise: whose debts, what each of them bears, and their money
// outside.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/rng.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/compile/context.hpp"
#include "sim/credit/repayments.hpp"

namespace faultline {

namespace {

bool repayable(const Snapshot& world, std::uint32_t r) {
  const Reserve& reserve = world.reserves[r];
  const Market& market = world.markets[reserve.market.value];
  return reserve.takes_debt && reserve.lent && !reserve.minted && !reserve.contract &&
         market.perp < 0 && market.bands < 0;
}

/// The lending markets a spec names; reports a name that has none.
std::set<std::uint32_t> markets_of(CompileContext& c, const std::string& agent,
                                   const RepayersSpec& spec) {
  std::set<std::uint32_t> out;
  std::vector<std::string_view> names;
  for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
    if (c.world.markets[m].perp >= 0) continue;
    names.push_back(c.world.markets[m].name);
    if (spec.in.empty()) out.insert(m);
  }
  for (const Name& n : spec.in) {
    bool any = false;
    for (std::uint32_t m = 0; m < c.world.markets.size(); ++m) {
      const Market& market = c.world.markets[m];
      if (market.perp >= 0 || (market.name != n.text && market.cluster != n.text)) continue;
      out.insert(m);
      any = true;
    }
    if (any) continue;
    const std::string near = nearest_name(n.text, names);
    c.diagnostics.error(
        "E0524", c.at("agents." + agent + ".in"), "no lending market '" + n.text + "'",
        near.empty() ? "name a market that lends, or a family" : "did you mean '" + near + "'?");
  }
  return out;
}

void add_repayers(CompileContext& c, const std::string& name, const RepayersSpec& spec) {
  Snapshot& world = c.world;
  RepayersInfo info;
  info.name = name;
  info.repays = spec.repays.value;
  const std::set<std::uint32_t> markets = markets_of(c, name, spec);
  for (const std::uint32_t m : markets) {
    for (const RepayersInfo& other : world.repayers) {
      const auto& theirs = other.markets;
      if (std::find(theirs.begin(), theirs.end(), MarketId{m}) == theirs.end()) continue;
      c.diagnostics.error("E0525", c.at("agents." + name + ".in"),
                          fmt::format("borrowers of '{}' are both '{}' and '{}'",
                                      world.markets[m].name, other.name, name),
                          "let the borrowers of each market be of one kind: `in: [...]`");
      return;
    }
    info.markets.push_back(MarketId{m});
  }
  std::vector<double> money(world.assets.size(), 0);
  for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
    if (!markets.contains(world.reserves[r].market.value) || !repayable(world, r)) continue;
    money[world.reserves[r].asset.value] += spec.holds.value * c.borrowed[r];
  }
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    info.wallet.push_back(c.account(Bearer::borrower, 0, AssetId{a}, money[a]));
  }
  world.repayers.push_back(std::move(info));
}

/// Adds the debts of one reserve, by what their owners bear.
void add_debts(CompileContext& c, const RepayersSpec& spec, std::uint32_t agent, std::uint32_t r,
               const std::vector<RepayingRow>& rows) {
  Snapshot& world = c.world;
  RepayingReserve debts;
  debts.reserve = r;
  debts.agent = agent;
  const std::uint32_t pot = world.reserves[r].pot;
  const ReserveState& state = world.opening.reserves[pot];
  debts.opening_rate = borrow_rate_of(world.reserves[pot].rate, state,
                                      world.opening.balances[world.reserves[pot].cash.value],
                                      state.debt_scaled, state.supply_scaled);
  debts.first = static_cast<std::uint32_t>(world.repaying_rows.size());
  debts.count = static_cast<std::uint32_t>(rows.size());
  const std::string& market = world.markets[world.reserves[r].market.value].name;
  const std::uint32_t purpose = name_key("repays");
  for (RepayingRow row : rows) {
    const std::string name = world.positions.name(row.row);
    const std::uint32_t account = world.positions[row.row].account;
    const std::uint32_t key =
        name_key((market + "/" + (name.empty() ? fmt::format("#{}", account) : name)).c_str());
    row.bears = tolerance_of(spec, standard_normal({world.seed, 0, key, purpose, 0}));
    row.delay_s = delay_of(spec, uniform({world.seed, 0, key, purpose, 1}));
    world.repaying_rows.push_back(row);
  }
  std::sort(world.repaying_rows.begin() + debts.first, world.repaying_rows.end(),
            [](const RepayingRow& a, const RepayingRow& b) {
              return a.bears != b.bears ? a.bears < b.bears : a.row < b.row;
            });
  world.repaying.push_back(debts);
}

}  // namespace

void compile_repayers(CompileContext& c) {
  for (const auto& node : c.nodes.agents) {
    if (const auto* spec = std::get_if<RepayersSpec>(&node.spec)) add_repayers(c, node.name, *spec);
  }
}

void find_repaying_rows(CompileContext& c) {
  Snapshot& world = c.world;
  if (world.repayers.empty()) return;
  std::vector<std::vector<RepayingRow>> rows(world.reserves.size());
  for (std::uint32_t row = 0; row < world.positions.size(); ++row) {
    if (world.of_attacker(row) || is_escape(world, row)) continue;
    for (std::uint32_t leg = world.book->collateral_legs(row); leg < world.book->legs(row); ++leg) {
      const std::uint32_t r = world.book->factor(row, leg) / 2;
      if (!(world.book->base_amount(row, leg) > 0) || !repayable(world, r)) continue;
      rows[r].push_back({row, leg, 0, 0});
    }
  }
  std::uint32_t agent = 0;
  for (const auto& node : c.nodes.agents) {
    const auto* spec = std::get_if<RepayersSpec>(&node.spec);
    if (spec == nullptr) continue;
    const RepayersInfo& who = world.repayers[agent];
    for (std::uint32_t r = 0; r < world.reserves.size(); ++r) {
      const MarketId m = world.reserves[r].market;
      const bool theirs = std::find(who.markets.begin(), who.markets.end(), m) != who.markets.end();
      if (theirs && !rows[r].empty()) add_debts(c, *spec, agent, r, rows[r]);
    }
    ++agent;
  }
}

}  // namespace faultline
