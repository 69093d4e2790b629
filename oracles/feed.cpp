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

FeedSignal signal_of(const FeedState& state, double now_s, const FeedInputs& in,
                     PriceHistory* history) {
  FeedSignal signal;
  signal.now_s = now_s;
  signal.in = in;
  signal.faults = state.faults;
  signal.history = history;
  for (const double usd : in.sources) signal.not_finite = signal.not_finite || std::isinf(usd);
  return signal;
}

}  // namespace

FeedParams compile_feed(const FeedSpec& spec, bool asset_has_rate) {
  const SourceKind kind = Source::kind_of(spec, asset_has_rate);
  FeedParams params;
  compile_stages(FeedStages{}, spec, Source::is_live(spec, kind), params);
  params.source = kind;
  return params;
}

FeedState start_feed(const FeedParams& params, double usd, double now_s) {
  FeedState state;
  start_stages(FeedStages{}, params, state, usd, now_s);
  state.published = usd;
  state.updated_s = params.live ? never_s : now_s;
  state.stepped_s = now_s;
  state.usable = usable(params, state, now_s);
  return state;
}

FeedState open_feed(const FeedParams& params, const FeedInputs& in, double now_s) {
  FeedState state = start_feed(params, no_price, now_s);
  FeedSignal signal = signal_of(state, now_s, in, nullptr);
  run_stages(SensingStages{}, params, state, signal);
  start_stages(AnsweringStages{}, params, state, signal.value, now_s);
  state.delivered_confidence = state.confidence = signal.confidence;
  state.published = signal.value;
  state.usable = usable(params, state, now_s);
  return state;
}

StepResult step(const FeedParams& params, FeedState& state, double now_s, const FeedInputs& in,
                PriceHistory* history) {
  FeedSignal signal = signal_of(state, now_s, in, history);
  run_stages(FeedStages{}, params, state, signal);
  const bool was_usable = state.usable;
  const bool moved = !(signal.value == state.published) && !std::isnan(signal.value);
  state.published = signal.value;
  state.confidence = signal.confidence;
  state.updated_s = signal.updated_s;
  state.stepped_s = now_s;
  state.usable = usable(params, state, now_s);
  return {.changed = moved || state.usable != was_usable,
          .capacity_exceeded = signal.capacity_exceeded,
          .not_finite = signal.not_finite || std::isinf(signal.value)};
}

bool usable(const FeedParams& params, const FeedState& state, double now_s) {
  if (!std::isfinite(state.published)) return false;
  if (params.on_failure != OnFailure::refuse) return true;
  return !state.refused && now_s <= state.stale_after_s;
}

double next_due(const FeedParams& params, const FeedState& state) {
  return earliest_due(FeedStages{}, params, state, state.stepped_s);
}

}  // namespace faultline
