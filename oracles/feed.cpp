#include "oracles/feed.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

template <class... Stages>
void compile_stages(TypeList<Stages...>, const FeedSpec& spec, bool live, FeedParams& params) {
  ((static_cast<typename Stages::Params&>(params) = Stages::compile(spec, live)), ...);
}

template <class... Stages>
void start_stages(TypeList<Stages...>, const FeedParams& p, FeedState& s, double usd,
                  double now_s) {
  (Stages::start(p, s, usd, now_s), ...);
}

template <class... Stages>
void run_stages(TypeList<Stages...>, const FeedParams& p, FeedState& s, FeedSignal& signal) {
  (Stages::apply(p, s, signal), ...);
}

template <class... Stages>
double earliest_due(TypeList<Stages...>, const FeedParams& p, const FeedState& s, double after_s) {
  return std::min({Stages::due(p, s, after_s)...});
}

}  // namespace

FeedParams compile_feed(const FeedSpec& spec, bool asset_has_rate) {
  const SourceKind kind = Source::kind_of(spec, asset_has_rate);
  const bool live = kind == SourceKind::rate || kind == SourceKind::fixed;
  FeedParams params;
  compile_stages(FeedStages{}, spec, live, params);
  return params;
}

FeedState start_feed(const FeedParams& params, double usd, double now_s) {
  FeedState state;
  start_stages(FeedStages{}, params, state, usd, now_s);
  state.published = usd;
  state.stepped_s = now_s;
  state.usable = usable(params, state, now_s);
  return state;
}

StepResult step(const FeedParams& params, FeedState& state, double now_s,
                std::span<const double> source_usd) {
  FeedSignal signal{.now_s = now_s, .sources = source_usd, .faults = state.faults};
  for (const double usd : source_usd) signal.not_finite = signal.not_finite || std::isinf(usd);
  run_stages(FeedStages{}, params, state, signal);
  const bool was_usable = state.usable;
  const bool moved = !(signal.value == state.published) && !std::isnan(signal.value);
  state.published = signal.value;
  state.stepped_s = now_s;
  state.usable = usable(params, state, now_s);
  return {.changed = moved || state.usable != was_usable,
          .capacity_exceeded = signal.capacity_exceeded,
          .not_finite = signal.not_finite || std::isinf(signal.value)};
}

bool usable(const FeedParams&, const FeedState& state, double now_s) {
  return std::isfinite(state.published) && now_s <= state.stale_after_s;
}

double next_due(const FeedParams& params, const FeedState& state) {
  return earliest_due(FeedStages{}, params, state, state.stepped_s);
}

}  // namespace faultline
