// Issuers of synthetic dollars: which carry books are theirs, and what they hold besides.
#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

/// The carry traders a dollar rests on; reports names that are none.
std::vector<std::uint32_t> books_of(CompileContext& c, const std::vector<Name>& names,
                                    const std::string& path) {
  std::vector<std::uint32_t> out;
  for (const Name& name : names) {
    bool found = false;
    for (std::uint32_t i = 0; i < c.world.flow_agents.size() && !found; ++i) {
      const FlowAgentInfo& a = c.world.flow_agents[i];
      found = a.name == name.text && a.slot.kind == kind_index<BasisTraders>(FlowKinds{});
      if (found) out.push_back(i);
    }
    if (!found) {
      c.diagnostics.error("E0495", c.at(path), "'" + name.text + "' are no basis traders",
                          "name agents of kind basis_traders");
    }
  }
  return out;
}

void compile_dollar(CompileContext& c, const Named<SyntheticDollarSpec>& node) {
  const std::string path = "vaults." + node.name;
  DollarIssuer d;
  d.name = node.name;
  d.issued = c.asset(node.spec.issues.text, path + ".issues");
  if (!d.issued.valid()) return;
  AssetInfo& asset = c.world.assets[d.issued.value];
  if (!asset.base.valid() || !(asset.supply > 0)) {
    c.diagnostics.error("E0496", c.at(path + ".issues"),
                        fmt::format("how much of {} is owed, and in what?", asset.name),
                        fmt::format("give it both: `{}: {{rate: 1 USDC, supply: 5bn {}}}`",
                                    asset.name, asset.name));
    return;
  }
  if (asset.issuer >= 0) {
    c.diagnostics.error("E0497", c.at(path + ".issues"),
                        fmt::format("{} is issued by '{}' already", asset.name,
                                    c.world.dollars[static_cast<std::size_t>(asset.issuer)].name),
                        "let one vault hold all that is behind it");
    return;
  }
  d.number = c.world.backstops++;
  d.agents = books_of(c, node.spec.rests_on, path + ".rests_on");
  d.admits = node.spec.admits == "reports";
  d.report_s = node.spec.reports.value;
  asset.issuer = static_cast<std::int32_t>(c.world.dollars.size());
  for (const auto& [name, amount] : node.spec.holds) {
    const std::string at = path + ".holds." + name;
    const AssetId held = c.asset(name, at);
    if (!held.valid()) continue;
    const auto owner = static_cast<std::uint32_t>(c.world.dollars.size());
    d.reserve.push_back(c.account(Bearer::vault, owner, held, c.units(amount, held, at)));
  }
  c.world.dollars.push_back(std::move(d));
}

}  // namespace

void compile_dollars(CompileContext& c) {
  for (const auto& node : c.nodes.dollars) compile_dollar(c, node);
}

}  // namespace faultline
