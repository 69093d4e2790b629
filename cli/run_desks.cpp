#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

/// Whether anything happened at a desk, or to its claim.
bool stirred(const RunReport& r, std::size_t d) {
  const DeskOutcome& o = r.run.full.desks[d];
  const AssetOutcome& claim = r.run.full.assets[r.world.desks[d].claim.value];
  return o.redeemed_usd > 0 || o.issued_usd > 0 || o.drained_usd > 0 || o.waiting_most_usd > 0 ||
         o.behind_least < o.behind_start || claim.price_min < claim.price_start;
}

/// The claim's price every six hours while it moves, beside what one unit pays by contract.
void print_path(const RunReport& r, const RedemptionDesk& desk) {
  const std::string& claim = r.world.assets[desk.claim.value].name;
  TextTable table({{"after", true}, {claim + " at"}, {"there is"}});
  std::string last;
  for (const SupplyPoint& p : r.run.full.claim_path) {
    if (p.asset != desk.claim.value) continue;
    const std::string price = fmt::format("${:.4f}", p.price_usd),
                      units = format_number(p.units, 6);
    if (price + units == last) continue;
    last = price + units;
    table.add({p.at_s > 0 ? format_duration_words(p.at_s) : "the start", price, units});
  }
  fmt::print("\n{}", table.text());
}

}  // namespace

void print_desks(const RunReport& r) {
  for (std::size_t d = 0; d < r.world.desks.size(); ++d) {
    if (!stirred(r, d)) continue;
    const RedemptionDesk& desk = r.world.desks[d];
    const DeskOutcome& o = r.run.full.desks[d];
    const std::string& claim = r.world.assets[desk.claim.value].name;
    print_path(r, desk);
    fmt::print("  {}: {} of {} handed in and paid{}, {} issued; {} waited at most, {} at the end\n",
               desk.name, dollars(o.redeemed_usd), claim,
               o.longest_wait_s > 0
                   ? fmt::format(", after {} at most", format_duration_words(o.longest_wait_s))
                   : "",
               dollars(o.issued_usd), dollars(o.waiting_most_usd), dollars(o.waiting_end_usd));
    if (o.drained_usd > 0) {
      fmt::print(
          "  {} taken out of it{}{}\n", dollars(o.drained_usd),
          o.emptied_s >= 0 ? fmt::format("; empty after {}", format_duration_words(o.emptied_s))
                           : "",
          o.paused_s >= 0 ? fmt::format("; stopped after {}", format_duration_words(o.paused_s))
                          : "");
    }
    if (o.behind_least < o.behind_start) {
      fmt::print("  behind {}: {} at the start, {} at the least, {} at the end; holders lack {}\n",
                 claim, percent(o.behind_start, 1), percent(o.behind_least, 1),
                 percent(o.behind_end, 1), dollars(o.missing_end_usd));
    }
  }
}

void add_desks(const RunReport& r, nlohmann::json& out) {
  const auto when = [](double s) { return s < 0 ? nlohmann::json(nullptr) : nlohmann::json(s); };
  for (const SupplyPoint& p : r.run.full.claim_path) {
    out["assets"][r.world.assets[p.asset].name]["claim_path"].push_back(
        {{"at_s", p.at_s}, {"units", p.units}, {"price_usd", p.price_usd}});
  }
  for (std::size_t d = 0; d < r.world.desks.size(); ++d) {
    const RedemptionDesk& desk = r.world.desks[d];
    const DeskOutcome& o = r.run.full.desks[d];
    out["nodes"][desk.name] = {{"kind", "vault"},
                               {"issues", r.world.assets[desk.claim.value].name},
                               {"redeemed_usd", o.redeemed_usd},
                               {"issued_usd", o.issued_usd},
                               {"waiting_end_usd", o.waiting_end_usd},
                               {"waiting_most_usd", o.waiting_most_usd},
                               {"longest_wait_s", o.longest_wait_s},
                               {"drained_usd", o.drained_usd},
                               {"behind_start", o.behind_start},
                               {"behind_least", o.behind_least},
                               {"behind_end", o.behind_end},
                               {"missing_end_usd", o.missing_end_usd},
                               {"paused_s", when(o.paused_s)},
                               {"emptied_s", when(o.emptied_s)}};
  }
}

}  // namespace faultline
