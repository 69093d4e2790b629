#include "sim/narration.hpp"

#include <fmt/format.h>

#include "sim/phases.hpp"

namespace faultline {

void fail(Workspace& w, Stop stop, std::string detail) {
  if (stop_is_failure(w.outcome.stop)) return;
  w.outcome.stop = stop;
  w.outcome.stop_detail = std::move(detail);
}

void tell(Workspace& w, const char* kind, std::string node, std::string text) {
  if (w.record) w.outcome.timeline.push_back({w.now_s, kind, std::move(node), std::move(text)});
}

void note_liquidations(const Snapshot& world, Workspace& w, std::uint32_t market) {
  tell(w, "liquidation", world.markets[market].name,
       fmt::format("${:.0f} of debt repaid by liquidators", w.round_liquidated_usd[market]));
}

void note_insolvency(const Snapshot& world, Workspace& w, std::uint32_t market, double hole_usd,
                     double funds_usd) {
  tell(w, "insolvency", world.markets[market].name,
       fmt::format(
           "owes ${:.0f} more than its debtors' collateral and its reserves of ${:.0f} cover",
           hole_usd - funds_usd, funds_usd));
}

}  // namespace faultline
