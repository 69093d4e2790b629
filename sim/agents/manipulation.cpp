#include "sim/agents/manipulation.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/math.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// The trade that brings a venue's price of `asset` to `factor` times the market's.
struct PushTrade {
  Side side = Side::sell;
  double in = 0, out = 0;
};

PushTrade push_trade(const Snapshot& world, const VenueStates& venues, const MarketState& market,
                     const VenuePush& push) {
  const VenueInfo& venue = world.venues[push.venue.value];
  const double fair = market.reference[venue.base.value] / market.reference[venue.quote.value];
  const double factor = venue.base == push.asset ? push.factor : 1 / push.factor;
  const double price = fair * factor, now = venue_marginal(world, venues, push.venue);
  PushTrade t{price > now ? Side::buy : Side::sell, 0, 0};
  if (std::fabs(price - now) <= 0x1p-40 * now || std::isnan(price)) return t;
  const Quantum& given = world.assets[asset_given(venue, t.side).value].quantum;
  const Quantum& taken = world.assets[asset_taken(venue, t.side).value].quantum;
  t.in = given.down(std::min(venue_in_to_price(world, venues, push.venue, t.side, price),
                             venue_most_in(world, venues, push.venue, t.side)));
  if (t.in > 0) t.out = taken.down(venue_fill(world, venues, push.venue, t.side, t.in).out);
  return t;
}

double given_usd(const Snapshot& world, const MarketState& market, VenueId v, const PushTrade& t) {
  return t.in * market.reference[asset_given(world.venues[v.value], t.side).value];
}
double taken_usd(const Snapshot& world, const MarketState& market, VenueId v, const PushTrade& t) {
  return t.out * market.reference[asset_taken(world.venues[v.value], t.side).value];
}

/// Finds what must be moved for one feed, going down through the feeds it reads.
class Planner {
 public:
  Planner(const Snapshot& world, double rounds) : world_(world), rounds_(rounds) {}

  ManipulationPlan plan(OracleId feed, double target) {
    ManipulationPlan out = move_feed(feed, target);
    out.rounds = rounds_;
    price(out);
    out.cost_usd *= rounds_;
    return out;
  }

 private:
  static ManipulationPlan impossible(std::string why) {
    ManipulationPlan out;
    out.problem = std::move(why);
    return out;
  }
  /// What one round of a plan costs and takes.
  void price(ManipulationPlan& plan) const {
    const MarketState& market = world_.opening.market;
    plan.cost_usd = plan.capital_usd = 0;
    for (const VenuePush& push : plan.pushes) {
      const PushTrade t = push_trade(world_, world_.opening.venues, market, push);
      plan.capital_usd += given_usd(world_, market, push.venue, t);
      plan.cost_usd +=
          given_usd(world_, market, push.venue, t) - taken_usd(world_, market, push.venue, t);
    }
  }

  /// The factor in force before the average; NaN: no price is high or low enough.
  double before_average(const FeedParams& p, double target) const {
    const double held_s = rounds_ * world_.round_s;
    const double w = std::max(1.0, p.smooth_s / held_s);
    switch (p.smoothing) {
      case Smoothing::none:
        return target;
      case Smoothing::ema:
        return 1 + (target - 1) / (1 - math::exp(-held_s / p.smooth_s));
      case Smoothing::geometric:
        return math::pow(target, w);
      case Smoothing::arithmetic:
        return 1 + (target - 1) * w;
      case Smoothing::harmonic:
        return 1 / (1 + (1 / target - 1) * w);
    }
    return target;
  }

  ManipulationPlan move_feed(OracleId id, double target) {
    const OracleInfo& feed = world_.oracles[id.value];
    const FeedParams& p = feed.params;
    const double answer = world_.opening.market.published[id.value] * target;
    if (answer < p.min_usd || answer > p.max_usd) {
      return impossible(fmt::format("the bounds of {} stop it", feed.name));
    }
    if (std::isfinite(p.max_jump) && std::fabs(target - 1) > p.max_jump &&
        p.smoothing == Smoothing::none) {
      return impossible(fmt::format("{} refuses such a jump", feed.name));
    }
    const double m = before_average(p, target);
    if (!(m > 0) || std::isinf(m)) {
      return impossible(
          fmt::format("no price moves the average of {} so far in the time", feed.name));
    }
    if (m > 1 && std::isfinite(p.growth_per_s)) {
      return impossible(fmt::format("the growth cap of {} stops it", feed.name));
    }
    switch (p.source) {
      case SourceKind::fixed:
      case SourceKind::reference:
        return impossible(fmt::format("{} reads no venue", feed.name));
      case SourceKind::reserves:
        return move_reserves(feed, m);
      case SourceKind::rate:
      case SourceKind::backing:
        if (feed.pool_base.valid()) {
          return impossible(fmt::format("{} reads the fair value of a pool's share", feed.name));
        }
        if (feed.below.valid()) return move_feed(feed.below, m);
        return impossible(fmt::format("{} reads no venue", feed.name));
      case SourceKind::listed:
        break;
    }
    return p.aggregation == Aggregation::mean ? move_mean(feed, m) : move_median(feed, m);
  }

  /// Buys a pool's base until its reserves, at prices that stay, are worth `m` times their fair
  /// value. They cannot be pushed below that.
  ManipulationPlan move_reserves(const OracleInfo& feed, double m) const {
    const PoolShare& share =
        world_.shares[static_cast<std::size_t>(world_.assets[feed.asset.value].share)];
    const std::vector<double>& reference = world_.opening.market.reference;
    const double base = reference[share.base.value], quote = reference[share.quote.value];
    const auto read = [&](double factor) {
      VenueStates pushed = world_.opening.venues;
      const PushTrade t =
          push_trade(world_, pushed, world_.opening.market, {share.pool, share.base, factor});
      if (t.in > 0) venue_apply(world_, pushed, share.pool, t.side, t.in, t.out);
      return venue_lp_value(world_, pushed, share.pool, base, quote, ShareReading::reserves);
    };
    const double wanted = m * read(1);
    const auto short_of = [&](double more) { return wanted - read(1 + more); };
    constexpr double most = 0x1p20;
    if (!(m > 1)) return impossible(fmt::format("a push only raises what {} reads", feed.name));
    const double more = input_by_bracket(short_of, 0x1p-6, most);
    if (!(more > 0 && more < most)) {
      return impossible(fmt::format("no trade moves {} so far", feed.name));
    }
    ManipulationPlan out;
    out.pushes.push_back({share.pool, share.base, 1 + more});
    return out;
  }

  struct SourcePlan {
    double weight = 1;
    ManipulationPlan plan;
    double per_weight() const { return plan.cost_usd / weight; }
  };
  ManipulationPlan move_source(const OracleInfo& feed, std::size_t i, double m) {
    if (i >= feed.venues.size()) return move_feed(feed.feeds[i - feed.venues.size()], m);
    if (world_.venues[feed.venues[i].value].leaves()) {
      return impossible(
          fmt::format("nobody can buy shares at {}", world_.venues[feed.venues[i].value].name));
    }
    ManipulationPlan out;
    out.pushes.push_back({feed.venues[i], feed.asset, m});
    return out;
  }
  /// What moving each source by `m` would take; those that cannot be moved are left out.
  std::vector<SourcePlan> sources(const OracleInfo& feed, double m, double& total) {
    std::vector<SourcePlan> out;
    total = 0;
    for (std::size_t i = 0; i < feed.venues.size() + feed.feeds.size(); ++i) {
      SourcePlan s{feed.weights.empty() ? 1.0 : feed.weights[i], move_source(feed, i, m)};
      total += s.weight;
      if (!s.plan.problem.empty() || !(s.weight > 0)) continue;
      price(s.plan);
      out.push_back(std::move(s));
    }
    std::stable_sort(out.begin(), out.end(), [](const SourcePlan& a, const SourcePlan& b) {
      return a.per_weight() < b.per_weight();
    });
    return out;
  }

  /// Moved upwards, half of the weight is enough where the upper of the middle two counts.
  ManipulationPlan move_median(const OracleInfo& feed, double m) {
    double total = 0, moved = 0;
    ManipulationPlan out;
    for (SourcePlan& s : sources(feed, m, total)) {
      out.pushes.insert(out.pushes.end(), s.plan.pushes.begin(), s.plan.pushes.end());
      moved += s.weight;
      const bool half_will_do = m > 1 && !feed.params.mean_of_middle;
      if (2 * moved > total || (half_will_do && 2 * moved == total)) return out;
    }
    return impossible(fmt::format("too few sources of {} can be moved", feed.name));
  }

  /// The cheapest of moving one source, two, and so on, each set together by what it must.
  ManipulationPlan move_mean(const OracleInfo& feed, double m) {
    double total = 0;
    ManipulationPlan best =
        impossible(fmt::format("too few sources of {} can be moved", feed.name));
    const std::size_t n = sources(feed, m, total).size();
    double share = 0;
    for (std::size_t count = 1; count <= n; ++count) {
      const std::vector<SourcePlan> order = sources(feed, m, total);
      share += order[count - 1].weight / total;
      const double factor = 1 + (m - 1) / share;
      if (!(factor > 0)) continue;
      if (std::fabs(factor - 1) > feed.params.outlier && share <= 0.5) continue;
      ManipulationPlan set;
      for (const SourcePlan& s : order) {  // the same sources, moved as far as this set must
        if (&s - order.data() == static_cast<std::ptrdiff_t>(count)) break;
        for (VenuePush push : s.plan.pushes) {
          push.factor = factor;
          set.pushes.push_back(push);
        }
      }
      price(set);
      if (!best.problem.empty() || set.cost_usd < best.cost_usd) best = set;
    }
    return best;
  }

  const Snapshot& world_;
  double rounds_;
};

}  // namespace

ManipulationPlan plan_manipulation(const Snapshot& world, OracleId feed, double target,
                                   double rounds) {
  return Planner(world, rounds).plan(feed, target);
}

ManipulationPlan cheapest_manipulation(const Snapshot& world, OracleId feed, double target) {
  // Cost over rounds bends where a window is full: those, and a grid between.
  std::vector<double> candidates{1};
  double longest = 1;
  for (const OracleInfo& o : world.oracles) {
    const bool ema = o.params.smoothing == Smoothing::ema;
    const double window = std::ceil((ema ? 5 : 1) * o.params.smooth_s / world.round_s);
    if (window > 1) candidates.push_back(window);
    longest = std::max(longest, window);
  }
  for (double rounds = 2; rounds < longest; rounds = std::ceil(1.25 * rounds)) {
    candidates.push_back(rounds);
  }
  std::sort(candidates.begin(), candidates.end());
  ManipulationPlan best;
  for (const double rounds : candidates) {
    ManipulationPlan next = plan_manipulation(world, feed, target, rounds);
    const bool first = rounds == candidates.front();
    const bool better = !best.problem.empty() || next.cost_usd < best.cost_usd;
    if (first || (next.problem.empty() && better)) best = std::move(next);
  }
  return best;
}

void recall_pushes(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  for (const Manipulation& m : scenario.manipulations) {
    if (!(w.now_s > m.start_s) || w.now_s - world.round_s >= m.end_s) continue;
    for (const VenuePush& push : m.pushes) w.moved_venues.add(push.venue.value);
  }
}

void push_venues(const Snapshot& world, const Scenario& scenario, Workspace& w) {
  for (std::size_t i = 0; i < scenario.manipulations.size(); ++i) {
    const Manipulation& m = scenario.manipulations[i];
    ManipulationOutcome& out = w.outcome.manipulations[i];
    const bool on = w.now_s >= m.start_s && w.now_s < m.end_s;
    if (!on) {
      if (out.rounds == 0 || out.ended) continue;
      out.ended = true;
      tell(w, "manipulation", world.oracles[m.feed.value].name,
           fmt::format("the push ends after {:.0f} rounds; it cost {{}}", out.rounds),
           {out.cost_usd});
      continue;
    }
    double given = 0;
    for (const VenuePush& push : m.pushes) {
      const VenueInfo& venue = world.venues[push.venue.value];
      const PushTrade t = push_trade(world, w.venues, w.market, push);
      if (!(t.in > 0)) continue;
      w.ledger.post(world.attacker[asset_given(venue, t.side).value], account_given(venue, t.side),
                    t.in);
      w.ledger.post(account_taken(venue, t.side), world.attacker[asset_taken(venue, t.side).value],
                    t.out);
      venue_apply(world, w.venues, push.venue, t.side, t.in, t.out);
      post_price(world, w.venues, push.venue, w.market);
      w.moved_venues.add(push.venue.value);
      w.quiet = false;
      const double in_usd = given_usd(world, w.market, push.venue, t);
      const double lost_usd = in_usd - taken_usd(world, w.market, push.venue, t);
      if (!std::isfinite(lost_usd)) {
        fail(w, Stop::not_finite, fmt::format("pushing {} costs no finite sum", venue.name));
        return;
      }
      given += in_usd;
      out.cost_usd += lost_usd;
      w.outcome.venues[push.venue.value].volume_usd += in_usd;
    }
    out.capital_usd = std::max(out.capital_usd, given);
    if (out.rounds == 0) {
      tell(w, "manipulation", world.oracles[m.feed.value].name,
           fmt::format("{} of {{}} a round push what it reads",
                       m.pushes.size() == 1 ? "a trade" : "trades"),
           {given});
    }
    out.rounds += 1;
  }
}

}  // namespace faultline
