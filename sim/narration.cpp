#include "sim/narration.hpp"

#include "sim/phases.hpp"

namespace faultline {

void fail(Workspace& w, Stop stop, std::string detail) {
  if (stop_is_failure(w.outcome.stop)) return;
  w.outcome.stop = stop;
  w.outcome.stop_detail = std::move(detail);
}

void tell(Workspace& w, const char* kind, std::string node, std::string text,
          std::vector<double> usd) {
  if (!w.record) return;
  w.outcome.timeline.push_back({w.now_s, kind, std::move(node), std::move(text), std::move(usd)});
}

void note_liquidations(const Snapshot& world, Workspace& w, std::uint32_t market) {
  tell(w, "liquidation", world.markets[market].name, "{} of debt repaid by liquidators",
       {w.round_liquidated_usd[market]});
}

void note_insolvency(const Snapshot& world, Workspace& w, std::uint32_t market, double hole_usd,
                     double funds_usd) {
  tell(w, "insolvency", world.markets[market].name,
       "its debtors owe {} more than they hold; its reserves cover {}",
       {hole_usd, funds_usd < 1 ? 0 : funds_usd});
}

}  // namespace faultline
