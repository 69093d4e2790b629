// What happens to the world from outside, compiled to ids and seconds: a pure value, made from the
// events of a file, the draws of a sweep, or a shock on the command line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "oracles/feed.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// When a change happens: it grows from start to end (a step where they are equal) and, if `undo_s`
/// is finite, is taken back there, over the time to `back_s`.
struct Timing {
  double start_s = 0, end_s = 0;
  double undo_s = 1e300, back_s = 1e300;

  /// Share of the change in force at `now_s`, from 0 to 1.
  double share(double now_s) const;
  /// Whether the share may still change after `now_s`.
  bool pending(double now_s) const { return now_s < end_s || (undo_s < 1e299 && now_s < back_s); }
};

/// The timing an event or a draw states: `at`, `over`, `for` (as `lasts`), `back_by`.
template <class Spec>
Timing timing_of(const Spec& s) {
  Timing t;
  t.start_s = s.at.value;
  t.end_s = t.start_s + (s.over ? s.over->value : 0);
  if (s.lasts) t.undo_s = t.back_s = t.start_s + s.lasts->value;
  if (s.back_by) {
    t.undo_s = std::min(t.undo_s, t.end_s);
    t.back_s = s.back_by->value;
  }
  return t;
}

enum class MoveKind : std::uint8_t {
  price,         // log change of the reference
  level,         // reference goes to `value` USD
  discount,      // market discount of a claim goes to `value`
  backing,       // share of the assets behind a claim that is lost
  rate,          // log change of what the claim's code pays
  makers,        // share of a group's quotes that leaves
  deposits,      // share of the lenders of a place who ask for their money
  sale,          // share of what holders of a coin hold that they sell
  gas,           // what a transaction on a chain costs goes to `value` times
  freeze,        // reserve: 1
  out_of_reach,  // part of a coin's reserves: 1
  hand_in,       // share of a claim's holders who ask a desk for its asset
  halt,          // venue: 1
  exit_base,     // share of a pool's claims burnt for its base asset alone, at once
  exit_quote,    // the same for its quote asset
  withdraw,      // share of a venue's depth that leaves
  latency,       // feed: seconds
  offset,        // feed: relative error
  frozen,        // feed: 1
  outage,        // feed: 1
  stale,         // feed: 1
  divergent,     // feed: relative error of one of its sources
  cap            // feed: relative error of its growth cap
};

/// One exogenous change of one thing: `target` is an asset, group of makers, place of lenders,
/// chain, reserve, part of reserves, desk, venue or oracle, by kind.
struct ExogenousMove {
  MoveKind kind = MoveKind::price;
  std::uint32_t target = 0;
  double value = 0;
  Timing when;
  std::uint32_t source = no_source;  // divergent: which of the feed's sources
};

/// A price path followed from time 0: per asset, USD prices at the same times.
struct FollowedPath {
  std::vector<AssetId> assets;
  std::vector<double> times_s;
  std::vector<double> prices;  // [time * assets + asset]
  bool observed = false;       // already contains its own forced selling
};

/// A venue's part in a manipulation: the price of `asset` there is brought to `factor` times the
/// market's.
struct VenuePush {
  VenueId venue;
  AssetId asset;
  double factor = 1;
};

/// Somebody trades what a feed reads, every round from start to end, until it says `target` times
/// its answer (sim/agents/manipulation.hpp).
struct Manipulation {
  OracleId feed;
  double target = 1;
  double start_s = 0, end_s = 0;
  std::vector<VenuePush> pushes;
};

enum class ExploitThen : std::uint8_t { borrow_out, sell, hold };

struct Exploit {
  static constexpr std::uint32_t nobody = 0xffffffffu;
  AssetId asset;
  double amount = 0;  // units minted from nothing, or taken
  double at_s = 0;
  ExploitThen then = ExploitThen::borrow_out;
  std::uint32_t desk = nobody;  // whose escrow they are taken from
  double share = 0;             // of it, where `amount` is 0
};

/// What may change about a venue that stands. NaN: nothing.
struct VenueTuning {
  double fee = std::numeric_limits<double>::quiet_NaN();
  double half_spread = std::numeric_limits<double>::quiet_NaN();
  double refill_s = std::numeric_limits<double>::quiet_NaN();
  double permanent = std::numeric_limits<double>::quiet_NaN();
};

/// One parameter of the world set to another value at a time.
struct SettingChange {
  enum class What : std::uint8_t {
    feed,
    reserve,
    venue,
    perp,
    depositors,
    liquidator_capital,
    liquidator_gas,
    arbitrageur_capital,
    arbitrageur_latency,
    arbitrageur_gas,
    coin,
    book_size  // of an option dealer
  };
  What what = What::feed;
  std::uint32_t target = 0;
  double value = 0;  // budgets
  // What differs between the two rests on the field that was set: as compiled with some other
  // value of it, and with this one.
  FeedParams feed_other{}, feed{};     // what == feed
  Reserve reserve_other{}, reserve{};  // what == reserve
  VenueTuning venue;                   // what == venue
  PerpRules perp_other{}, perp{};      // what == perp
  DepositorRules depositors_other{}, depositors{};
  CoinTerms coin_other{}, coin{};
  std::string text;  // as written, for people: "oracles.*.latency to 5min"
  double at_s = 0;
};

struct Scenario {
  std::uint64_t id = 0;
  std::string name;
  std::vector<ExogenousMove> moves;
  std::vector<Exploit> exploits;
  std::vector<Manipulation> manipulations;
  std::vector<SettingChange> settings;
  const FollowedPath* path = nullptr;  // owned by whoever made the scenario
  /// Permanent impact of the baseline on the same observed path (Outcome::permanent_log): only what
  /// the run adds to it moves references. Null on an observed path: model impact moves none.
  const std::vector<double>* baseline_permanent = nullptr;
  bool transmission = true;  // false: the direct run (venues infinitely deep at the reference)

  /// Whether nothing exogenous happens.
  bool calm() const {
    return moves.empty() && exploits.empty() && manipulations.empty() && settings.empty() && !path;
  }
};

}  // namespace faultline
