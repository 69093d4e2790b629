// A price feed: the stages of registry.hpp side by side. Spec is what YAML says, Params are
// compiled once, State is what one run changes. Prices are USD per unit of the asset.
#pragma once

#include <span>
#include <type_traits>

#include "oracles/registry.hpp"

namespace faultline {

template <class List>
struct FeedPipeline;

/// Joins the stages' fields, numbers and memories; their member names are distinct.
template <class... Stages>
struct FeedPipeline<TypeList<Stages...>> {
  struct Spec : Stages::Spec... {
    template <class V>
    void fields(V& v) {
      (static_cast<typename Stages::Spec&>(*this).fields(v), ...);
    }
  };
  struct Params : Stages::Params... {};
  struct State : Stages::State... {};
};

/// A feed as YAML says it: all the stages' fields in one map.
struct FeedSpec : FeedPipeline<FeedStages>::Spec {};

struct FeedParams : FeedPipeline<FeedStages>::Params {};

/// A feed during one run. Scenarios write `faults`; the rest belongs to `step`.
struct FeedState : FeedPipeline<FeedStages>::State {
  /// Whether its answer moves with time itself: an average settles, a cap rises.
  bool settles() const { return settling || premium.moving() || capped; }

  FeedFaults faults;
  double published = no_price;  // what readers see, USD; NaN before the first report
  double confidence = 0;        // half-width of its interval, over it
  double updated_s = 0;         // when its answer was delivered; infinite: it has no age
  double stepped_s = 0;         // when it was last stepped
  bool usable = false;          // as of stepped_s
};
static_assert(std::is_trivially_copyable_v<FeedState> && std::is_trivially_copyable_v<FeedParams>);

/// What one step did.
struct StepResult {
  bool changed = false;  // readers see another price, or may use it where they might not
  bool capacity_exceeded =
      false;                // more reports in flight, or sources, than fit: stop the scenario
  bool not_finite = false;  // an infinite price came in: stop the scenario
};

/// Compiles a checked spec. `asset_has_rate`: the asset's price is a contract rate in another
/// asset; a feed that says nothing then reads rate x the feed below.
FeedParams compile_feed(const FeedSpec& spec, bool asset_has_rate);

/// Whether steps of the feed want a PriceHistory.
inline bool needs_history(const FeedParams& params) {
  return params.smoothing > Smoothing::ema;
}

/// Opens a feed at a price already published at `now_s`; NaN opens it with no answer.
FeedState start_feed(const FeedParams& params, double usd, double now_s);

/// Opens a feed at what its inputs say at `now_s`.
FeedState open_feed(const FeedParams& params, const FeedInputs& in, double now_s);

/// Brings the feed to `now_s` (never before the last step). Sources, in USD or the unit the feed is
/// quoted in: `reference` one value; `listed` those of the list; `rate` and `backing` {what the
/// claim pays, price of the feed below}; `fixed` nothing. A missing source is NaN; none left: no
/// report is made and the answer ages. `history` is the feed's own, where it needs one.
StepResult step(const FeedParams& params, FeedState& state, double now_s, const FeedInputs& in,
                PriceHistory* history = nullptr);

/// Whether readers may use the published price: there is one, and it passes the feed's checks.
bool usable(const FeedParams& params, const FeedState& state, double now_s);

/// The earliest time after the last step at which it must be stepped even if no source moves: a
/// heartbeat, a report's arrival, the answer going stale, the next poke, an average that still
/// moves. Infinite: never. A change of `faults` or of a source asks for a step of its own.
double next_due(const FeedParams& params, const FeedState& state);

}  // namespace faultline
