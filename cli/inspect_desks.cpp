// What `inspect vaults` shows of those who take claims back in their own time.
#include <cmath>

#include <fmt/format.h>

#include "cli/inspect_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/claims/redemption_desks.hpp"

namespace faultline {

using nlohmann::json;

namespace {

/// Where what it holds lies, and how fast it is cash.
struct Part {
  std::string name;
  double units = 0, within_s = 0;
};
std::vector<Part> parts_of(const Snapshot& world, const RedemptionDesk& desk) {
  std::vector<Part> out{
      {desk.bridge ? "escrow" : "cash", world.opening.balances[desk.cash.value], 0}};
  for (const std::uint32_t p : desk.parts) {
    const ReservePart& part = world.reserve_parts[p];
    const double units = world.opening.balances[part.account.value];
    out.push_back({part.name, units, std::isfinite(part.per_s) ? units / part.per_s : 0});
  }
  return out;
}

}  // namespace

void print_desk(const Snapshot& world, const Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  const std::string &claim = world.assets[desk.claim.value].name,
                    &asset = world.assets[desk.asset.value].name;
  fmt::print(
      "\n{}: {} of {} {} is there for {} {}; {}{}\n", desk.name,
      percent(share_behind(world, w, desk), 1),
      format_number(claims_owed(world, w, desk) * w.market.contract_rate[desk.claim.value], 6),
      asset, format_number(claims_owed(world, w, desk), 6), claim,
      desk.terms.pro_rata ? "each gets his share" : "first come, first served",
      std::isfinite(desk.terms.pauses_after_s)
          ? fmt::format("; stopped {} after a hole",
                        format_duration_words(desk.terms.pauses_after_s))
          : "");
  TextTable table({{"where", true}, {asset}, {"cash within"}});
  for (const Part& p : parts_of(world, desk)) {
    table.add({p.name, format_number(p.units, 6),
               p.within_s > 0 ? format_duration_words(p.within_s) : "at once"});
  }
  fmt::print("{}  who asks at the start is paid in {}; until then one {} is worth {} {}\n",
             table.text(), format_duration_words(wait_for_desk(world, w, d)), claim,
             format_number(carried_value(world, w, d), 6), asset);
}

json desk_json(const Snapshot& world, const Workspace& w, std::uint32_t d) {
  const RedemptionDesk& desk = world.desks[d];
  json out{{"kind", desk.bridge ? "bridge" : "fiat_coin"},
           {"issues", world.assets[desk.claim.value].name},
           {"pays_in", world.assets[desk.asset.value].name},
           {"claims", claims_owed(world, w, desk)},
           {"held", held_behind(world, w, desk)},
           {"behind", share_behind(world, w, desk)},
           {"wait_s", wait_for_desk(world, w, d)},
           {"carried_value", carried_value(world, w, d)},
           {"holds", json::object()}};
  for (const Part& p : parts_of(world, desk)) out["holds"][p.name] = p.units;
  return out;
}

}  // namespace faultline
