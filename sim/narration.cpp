#include "sim/narration.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/readings.hpp"

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
  const std::int32_t perp = world.markets[market].perp;
  const char* what = perp < 0 ? "{} of debt repaid by liquidators"
                     : world.perps[static_cast<std::size_t>(perp)].pool
                         ? "{} of positions closed against its pool"
                         : "{} of positions closed in its books";
  tell(w, "liquidation", world.markets[market].name, what, {w.round_liquidated_usd[market]});
}

void note_funding(const Snapshot&, Workspace& w, const PerpContract& contract, double rate) {
  tell(w, "funding", contract.name,
       fmt::format("{} pay {:.3f}% per {:.0f} h", rate < 0 ? "shorts" : "longs",
                   100 * std::fabs(rate), contract.funding.per_s / 3600));
}

void note_recovery(Workspace& w, const PerpContract& contract, double basis) {
  BasisStory& story = w.perps.stories[contract.number];
  const VenueOutcome& book = w.outcome.venues[contract.book.value];
  const double traded = book.volume_usd - book.forced_usd;
  if (std::fabs(basis) > std::fabs(story.furthest)) story.furthest = basis;
  if (story.away_s < 0 && std::fabs(basis) > 0.02) {
    story = {w.now_s, basis, traded};
  } else if (story.away_s >= 0 && std::fabs(basis) < 0.005) {
    tell(w, "recovery", contract.name,
         fmt::format("its mark, {:+.1f}% off its index at the worst, is back after {:.0f} s; "
                     "arbitrage traded {{}} in its book meanwhile",
                     100 * story.furthest, w.now_s - story.away_s),
         {traded - story.traded_usd});
    story = {};
  } else if (story.away_s < 0) {
    story.furthest = 0;
  }
}

void note_backstops(const Snapshot& world, Workspace& w, std::uint32_t market) {
  const std::string& name = world.markets[market].name;
  if (w.perps.round_takeover_usd[market] > 0) {
    tell(w, "takeover", name, "its backstop takes over positions of {}",
         {w.perps.round_takeover_usd[market]});
  }
  if (w.perps.round_fund_usd[market] > 0) {
    tell(w, "insurance", name, "its fund pays {}", {w.perps.round_fund_usd[market]});
  }
  if (w.perps.round_deleveraged_usd[market] > 0) {
    const bool pool =
        world.perps[static_cast<std::size_t>(world.markets[market].perp)].pool.has_value();
    tell(w, "adl", name,
         pool ? "{} of winning positions closed: its pool owes them too much"
              : "{} of winning positions closed against accounts that cannot pay",
         {w.perps.round_deleveraged_usd[market]});
  }
}

void note_insolvency(const Snapshot& world, Workspace& w, std::uint32_t market, double hole_usd,
                     double funds_usd) {
  tell(w, "insolvency", world.markets[market].name,
       "its debtors owe {} more than they hold; its reserves cover {}",
       {hole_usd, funds_usd < 1 ? 0 : funds_usd});
}

void note_depth(Workspace& w, const std::string& node, DepthStory& story, double stands,
                double widened) {
  if (!story.away && stands < 0.5) {
    story = {true, stands};
    tell(w, "depth", node,
         fmt::format("makers leave: {:.3g}% of their depth stands, at {:.3g} times the spread",
                     100 * stands, widened));
  } else if (story.away && stands > 0.9) {
    tell(w, "depth", node,
         fmt::format("makers are back; at the worst {:.2g}% of their depth stood",
                     100 * story.lowest));
    story = {};
  }
  story.lowest = std::min(story.lowest, stands);
}

}  // namespace faultline
