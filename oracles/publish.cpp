#include "oracles/publish.hpp"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

// |new - old| >= alpha |old|, inclusive; written without a division so that 2010 against 2000 is
// 0.5%. From zero any other price deviates; an absent old price always does. [chainlink_ocr_code,
// Deviates]
bool deviates(double now, double old, double alpha) {
  if (std::isnan(old)) return true;
  return now != old && std::fabs(now - old) >= alpha * std::fabs(old);
}

// Hands over every report that has arrived. While frozen the answer keeps its price, not its age;
// while stale it keeps both, and what arrives is lost.
void deliver(const Publish::Params& p, Publish::State& s, double now_s, const FeedFaults& faults) {
  while (s.count > 0 && s.pending[s.first].due_s <= now_s) {
    const Publish::Report& report = s.pending[s.first];
    if (!faults.stale) {
      if (!faults.frozen) {
        s.delivered_usd = report.usd;
        s.delivered_confidence = report.confidence;
      }
      s.delivered_s = report.due_s;
      s.heartbeat_due_s = report.due_s + p.heartbeat_s;
    }
    s.first = (s.first + 1) % Publish::most_pending;
    --s.count;
  }
}

// Sends a report. Older ones that would arrive no earlier are dropped: the aggregator rejects a
// report older than its latest ("stale report", chainlink_ocr_code), so no reader could ever see
// them.
bool send(Publish::State& s, Publish::Report report) {
  while (s.count > 0 &&
         s.pending[(s.first + s.count - 1) % Publish::most_pending].due_s >= report.due_s) {
    --s.count;
  }
  if (s.count == Publish::most_pending) return false;
  s.pending[(s.first + s.count) % Publish::most_pending] = report;
  ++s.count;
  s.reported_usd = report.usd;
  s.overdue = false;
  return true;
}

// The instant a report is decided. A heartbeat counts from when it fell due, not from the round
// that noticed it, so its rhythm does not depend on the length of a round; whole beats that a long
// round skipped are skipped. One that waited for a price, or behind a report in flight, counts from
// now.
double decided_at(const Publish::Params& p, const Publish::State& s, bool moved, double latency_s,
                  double now_s) {
  if (moved || s.overdue || s.count > 0) return now_s;
  const double beat_s = p.heartbeat_s + latency_s;
  return s.heartbeat_due_s + beat_s * std::floor((now_s - s.heartbeat_due_s) / beat_s);
}

}  // namespace

Publish::Params Publish::compile(const Spec& spec, bool live) {
  if (live) return {};
  return {.deviation = spec.deviation.value,
          .heartbeat_s = spec.heartbeat ? spec.heartbeat->value : never_s,
          .latency_s = spec.latency.value,
          .pays_usd = spec.pays ? spec.pays->value : never_s};
}

void Publish::start(const Params& p, State& s, double usd, double now_s) {
  s = State{};
  s.delivered_usd = usd;
  s.delivered_s = now_s;
  s.reported_usd = usd;
  s.heartbeat_due_s = now_s + p.heartbeat_s;
}

// Report iff (deviates from the answer on chain, or it is older than the heartbeat) and (deviates
// from the last report made, or none is in flight): shouldReport and shouldTransmit of Chainlink
// OCR 1 [chainlink_ocr_2021, chainlink_ocr_code].
void Publish::apply(const Params& p, State& s, FeedSignal& signal) {
  const FeedFaults& faults = signal.faults;
  deliver(p, s, signal.now_s, faults);
  const bool silent = faults.outage || faults.stale;
  const double price = silent ? no_price : faults.frozen ? s.delivered_usd : signal.value;
  const bool late = signal.now_s >= s.heartbeat_due_s;
  const bool too_dear = signal.in.gas_usd > p.pays_usd;
  if (std::isnan(price) || price < 0 || too_dear) {  // no report is made of a price below zero
    s.overdue = s.overdue || late;
  } else {
    const bool moved = deviates(price, s.delivered_usd, p.deviation);
    const bool news = s.count == 0 || deviates(price, s.reported_usd, p.deviation);
    if ((moved || late) && news) {
      const double latency =
          std::isnan(faults.latency_override_s) ? p.latency_s : faults.latency_override_s;
      const double due_s = decided_at(p, s, moved, latency, signal.now_s) + latency;
      if (!send(s, {price, due_s, signal.confidence})) signal.capacity_exceeded = true;
      deliver(p, s, signal.now_s, faults);
    }
  }
  signal.value = s.delivered_usd;
  if (signal.live) {
    signal.updated_s = std::isnan(signal.in.updated_s) ? never_s : signal.in.updated_s;
    return;
  }
  signal.confidence = s.delivered_confidence;
  signal.updated_s = s.delivered_s;
}

double Publish::due(const Params&, const State& s, double after_s) {
  const double heartbeat = s.heartbeat_due_s > after_s ? s.heartbeat_due_s : never_s;
  const double arrival = s.count > 0 ? s.pending[s.first].due_s : never_s;
  return std::min(heartbeat, arrival);
}

}  // namespace faultline
