// Feeds of random worlds: one generator per stage of the pipeline.

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

template <class Stage>
struct StageGenerator;

/// Another feed of the asset, for feeds that read feeds.
std::string raw_feed(Sketch& s, const std::string& asset) {
  FeedSpec raw;
  raw.latency.value = s.draw.chance(0.5) ? 0 : 36;
  const std::string name = s.prefix + "raw." + asset;
  s.eco.oracles.push_back({name, {}, s.prefix + "raw", {}, raw});
  return name;
}

template <>
struct StageGenerator<Source> {
  static void vary_stage(Sketch& s, const std::string& asset, FeedSpec& spec) {
    vary(static_cast<Source::Spec&>(spec), s.draw);
    spec.reads.clear();
    std::vector<std::string> trades;
    for (const auto& v : s.eco.venues) {
      std::visit(
          [&]<class Spec>(const Spec& venue) {
            if constexpr (requires { venue.oracle; }) return;  // its price is an oracle's itself
            if (venue.pair.base == asset || venue.pair.quote == asset) trades.push_back(v.name);
          },
          v.spec.spec);
    }
    spec.live.reset();
    if (s.draw.chance(0.1)) spec.live = true;
    const double u = s.draw.uniform();
    if (u < 0.3 && !trades.empty()) {
      spec.venue = Name{s.draw.pick(trades)};
    } else if (u < 0.5 && !trades.empty()) {
      std::vector<Name>& list = s.draw.chance(0.4)   ? spec.mean
                                : s.draw.chance(0.3) ? spec.votes
                                                     : spec.median;
      for (const std::string& t : trades) list.push_back({t});
      if (s.draw.chance(0.3)) list.push_back({raw_feed(s, asset)});
    } else if (u < 0.55) {
      spec.feed = Name{raw_feed(s, asset)};
    } else if (u < 0.6) {
      spec.fixed = Amount{s.usd.at(asset), "$"};
    } else if (u < 0.75) {
      spec.reads = "reference";
    } else if (u < 0.85) {
      for (const auto& a : s.eco.assets) {
        if (a.name == asset && a.spec.rate) spec.reads = s.draw.chance(0.5) ? "backing" : "rate";
      }
    }
  }
};

template <>
struct StageGenerator<Aggregate> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Aggregate::Spec&>(spec), s.draw);
    spec.quorum = 1;
    if (s.draw.chance(0.3)) spec.outlier = Ratio{s.draw.between(0.001, 0.1)};
    for (const auto* list : {&spec.median, &spec.mean}) {
      if (!list->empty() && s.draw.chance(0.4)) {
        spec.weights[list->front().text] = {s.draw.between(0.2, 3)};
      }
    }
  }
};

template <>
struct StageGenerator<Premium> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Premium::Spec&>(spec), s.draw);
    if (spec.venue && s.draw.chance(0.4)) spec.premium = spec.venue;
  }
};

template <>
struct StageGenerator<Growth> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Growth::Spec&>(spec), s.draw);
    if (s.draw.chance(0.2)) spec.growth = PerYear{s.draw.between(0, 0.3)};
  }
};

template <>
struct StageGenerator<FeedRatio> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    if (!spec.feed || !s.draw.chance(0.5)) return;
    spec.times = spec.over = spec.feed;  // multiplied by a feed and divided by it again
  }
};

template <>
struct StageGenerator<Bounds> {
  static void vary_stage(Sketch& s, const std::string& asset, FeedSpec& spec) {
    vary(static_cast<Bounds::Spec&>(spec), s.draw);
    if (s.draw.chance(0.3)) spec.min = Amount{s.usd.at(asset) * s.draw.between(0.3, 0.9), "$"};
    if (s.draw.chance(0.3)) spec.max = Amount{s.usd.at(asset) * s.draw.between(1.1, 3), "$"};
  }
};

template <>
struct StageGenerator<Publish> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Publish::Spec&>(spec), s.draw);
    if (s.draw.chance(0.3)) spec.latency.value = 0;
    if (s.draw.chance(0.3)) spec.deviation.value = 0;
    if (s.draw.chance(0.3)) spec.heartbeat.reset();
    spec.pays.reset();
    if (s.draw.chance(0.2)) spec.pays = Amount{s.draw.between(20, 200), "$"};
  }
};

template <>
struct StageGenerator<Smooth> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Smooth::Spec&>(spec), s.draw);
    const double u = s.draw.uniform();
    if (u < 0.1) spec.ema = Seconds{s.draw.log_between(12, 3600)};
    if (u >= 0.1 && u < 0.15) spec.half_life = Seconds{s.draw.log_between(12, 3600)};
    if (u >= 0.15 && u < 0.3) spec.twap = Seconds{s.draw.log_between(12, 3600)};
  }
};

template <>
struct StageGenerator<Delay> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Delay::Spec&>(spec), s.draw);
    if (s.draw.chance(0.1)) spec.delay = Seconds{s.draw.log_between(60, 3600)};
  }
};

template <>
struct StageGenerator<Guard> {
  static void vary_stage(Sketch& s, const std::string&, FeedSpec& spec) {
    vary(static_cast<Guard::Spec&>(spec), s.draw);
    if (s.options.still) {  // an answer kept fresh by its heartbeat, or never asked for its age
      const double below_s = 8000;  // what it rests on may be as old as that
      if (spec.heartbeat)
        spec.max_age = Seconds{spec.heartbeat->value + spec.latency.value + 600 + below_s};
    } else if (s.draw.chance(0.3)) {
      spec.max_age = Seconds{s.draw.log_between(60, 2e4)};
      if (s.draw.chance(0.4)) spec.max_jump = Ratio{s.draw.between(0.001, 0.2)};
      if (s.draw.chance(0.4)) spec.max_confidence = Ratio{s.draw.between(0.0001, 0.01)};
    }
    if (spec.feed && s.draw.chance(0.5)) spec.fallback = spec.feed;
    if (!spec.fallback && spec.on_failure == "fallback") spec.on_failure = "refuse";
  }
};

template <class... Stages>
void vary_stages(TypeList<Stages...>, Sketch& s, const std::string& asset, FeedSpec& spec) {
  (StageGenerator<Stages>::vary_stage(s, asset, spec), ...);
}

}  // namespace

void add_oracles(Sketch& s) {
  for (const std::string& a : s.holdings()) {
    if (s.draw.chance(0.3)) continue;  // the default feed
    FeedSpec spec;
    vary_stages(FeedStages{}, s, a, spec);
    s.eco.oracles.push_back({a, {}, {}, {}, spec});
  }
}

}  // namespace faultline::laws
