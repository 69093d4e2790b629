#include "sim/parked_rows.hpp"

#include <algorithm>
#include <limits>

#include "sim/credit/band_loans.hpp"

namespace faultline {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double far_off = 1.3;  // rho beyond which a row waits for any lane, not for its own

bool by_needs(const ParkedRow& a, const ParkedRow& b) {
  return a.needs != b.needs ? a.needs > b.needs : a.position > b.position;
}

void note_values(const Workspace& w, ParkedUnder& under) {
  under.factor = w.factors;
  under.gap = w.spot_gap;
}

/// Follows the least of each value; whether one has risen by more than `drift` over it.
bool values_drifted(const std::vector<double>& now, double drift, std::vector<double>& least) {
  bool drifted = false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    drifted |= now[i] > drift * least[i];
    least[i] = now[i] < least[i] ? now[i] : least[i];
  }
  return drifted;
}

/// Whether values have drifted so far that rows waiting for any lane are looked at again: asked
/// whenever they have drifted a little, which they do first.
bool far_drifted(Workspace& w) {
  ParkedRows& parked = w.parked;
  const auto least_of_both = [](std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::min(a[i], b[i]);
  };
  least_of_both(parked.far.factor, parked.near.factor);
  least_of_both(parked.far.gap, parked.near.gap);
  bool drifted = values_drifted(w.factors, far_drift, parked.far.factor);
  drifted = values_drifted(w.spot_gap, far_drift, parked.far.gap) || drifted;
  if (drifted) note_values(w, parked.far);
  return drifted;
}

void wake(Workspace& w, const ParkedRow& row) {
  const ParkState* state = w.parked.states.find(row.position);
  if (!state->parked || state->stamp != row.stamp) return;
  w.set_parked(row.position, false);
  w.parked.woken.push_back(row.position);
}

/// Wakes what waits for no more than `rho`: the front rows one by one, or, where many do, in one
/// sweep over the heap.
void wake_up_to(Workspace& w, std::vector<ParkedRow>& heap, double rho) {
  for (std::size_t pops = heap.size() / 32 + 1; pops > 0; --pops) {
    if (heap.empty() || heap.front().needs > rho) return;
    std::pop_heap(heap.begin(), heap.end(), by_needs);
    wake(w, heap.back());
    heap.pop_back();
  }
  std::erase_if(heap, [&](const ParkedRow& row) {
    if (row.needs > rho) return false;
    wake(w, row);
    return true;
  });
  std::make_heap(heap.begin(), heap.end(), by_needs);
}

constexpr std::size_t lanes_at_once = 8;  // in which compilers keep to vectors

/// The best of all lanes; those without a price do not count.
double best_rho(const std::vector<double>& rho) {
  double best[lanes_at_once] = {};
  std::size_t l = 0;
  for (; l + lanes_at_once <= rho.size(); l += lanes_at_once) {
    for (std::size_t k = 0; k < lanes_at_once; ++k) {
      best[k] = rho[l + k] > best[k] ? rho[l + k] : best[k];
    }
  }
  for (; l < rho.size(); ++l) best[0] = std::max(best[0], rho[l]);
  return *std::max_element(best, best + lanes_at_once);
}

/// Wakes the rows of one lane that wait for no more than `rho`.
void wake_lane(Workspace& w, std::size_t lane, double rho) {
  std::vector<ParkedRow>& heap = w.parked.by_lane[lane];
  if (heap.empty() || heap.front().needs > rho) return;
  wake_up_to(w, heap, rho);
  w.parked.least[lane] = heap.empty() ? never : heap.front().needs;
  w.parked.heaps -= heap.empty() ? 1 : 0;
}

/// Brings back rows parked for a lane that might pay now.
void wake_lanes(Workspace& w) {
  ParkedRows& parked = w.parked;
  bool all = values_drifted(w.factors, near_drift, parked.near.factor);
  if (!w.moved_feeds.empty() || !w.moved_spots.empty()) {
    all = values_drifted(w.spot_gap, near_drift, parked.near.gap) || all;
  }
  if (!all && !parked.asks) return;
  const bool far = all && far_drifted(w);
  if (all) note_values(w, parked.near);
  parked.asks = false;
  parked.best_rho = best_rho(w.lane_rho);
  if (!parked.any.empty()) wake_up_to(w, parked.any, far ? never : parked.best_rho);
  const double *least = parked.least.data(), *rho = w.lane_rho.data();
  const std::size_t lanes = parked.least.size();
  for (std::size_t from = 0; from < lanes; from += lanes_at_once) {
    const std::size_t end = std::min(from + lanes_at_once, lanes);
    std::int64_t due = all ? -1 : 0;
    if (end - from == lanes_at_once) {
      for (std::size_t k = 0; k < lanes_at_once; ++k) {
        due |= least[from + k] > rho[from + k] ? 0 : -1;
      }
    } else {
      due = -1;
    }
    for (std::size_t l = from; due != 0 && l < end; ++l) wake_lane(w, l, all ? never : rho[l]);
  }
}

void push_parked(std::vector<ParkedRow>& heap, const ParkedRow& row) {
  heap.push_back(row);
  std::push_heap(heap.begin(), heap.end(), by_needs);
}

}  // namespace

void wake_parked(Workspace& w) {
  w.parked.woken.clear();
  if (!w.parked.empty()) wake_lanes(w);
  wake_band_loans(*w.world, w);
  std::sort(w.parked.woken.begin(), w.parked.woken.end());
}

void park(Workspace& w, const PlannedRows::Parking& row, std::span<const LaneNeeds> of_all) {
  ParkedRows& parked = w.parked;
  const std::uint32_t position = row.position;
  const auto needs = of_all.subspan(row.first_need, row.end_need - row.first_need);
  if (!needs.empty() && parked.empty()) {
    note_values(w, parked.near);
    note_values(w, parked.far);
  }
  const std::uint32_t stamp = w.set_parked(position, true).stamp;
  if (needs.empty()) return;
  double least = never;
  for (const LaneNeeds& n : needs) least = std::min(least, n.far);
  if (!(least < far_off)) {
    push_parked(parked.any, {position, stamp, least});
    parked.asks = parked.asks || least <= parked.best_rho;
    return;
  }
  for (const LaneNeeds& n : needs) {
    std::vector<ParkedRow>& heap = parked.by_lane[n.lane];
    parked.heaps += heap.empty() ? 1 : 0;
    push_parked(heap, {position, stamp, n.needs});
    parked.least[n.lane] = std::min(parked.least[n.lane], n.needs);
    parked.asks = parked.asks || n.needs <= w.lane_rho[n.lane];
  }
}

}  // namespace faultline
