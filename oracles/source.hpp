// Stage 1: where a price comes from. The reference, one venue, one feed, a contract rate times the
// feed below it, a fixed price, or several venues and feeds that the next stage makes one of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

enum class SourceKind : std::uint8_t { reference, listed, fixed, rate, backing, reserves };

struct Source {
  static constexpr const char* name = "source";
  static constexpr std::size_t most_sources = 32;

  struct Spec {
    std::string reads;  // "" = rate for an asset with a rate, else reference
    std::optional<Name> venue;
    std::optional<Name> feed;
    std::vector<Name> median, mean, votes;
    std::optional<Amount> fixed;
    std::optional<Name> below;
    std::optional<Name> in;
    std::optional<bool> live;

    template <class V>
    void fields(V& v) {
      v("reads", reads,
        Field{.help = "what it follows if no venue, feed, list or fixed price is given: the "
                      "reference price; the contract rate times the feed below, as the issuer's "
                      "books have it; that times the share of it that is backed; or, of a pool's "
                      "share, the pool's reserves as they stand at its coins' feeds (its rate is "
                      "their fair value at the same feeds)",
              .choices = "reference rate backing reserves"});
      v("venue", venue, Field{.help = "the one venue it reads", .refers = Refers::venue});
      v("feed", feed, Field{.help = "the one feed it reads", .refers = Refers::oracle});
      v("median", median,
        Field{.help = "venues and feeds whose median it takes", .refers = Refers::price});
      v("mean", mean,
        Field{.help = "venues and feeds whose weighted mean it takes", .refers = Refers::price});
      v("votes", votes,
        Field{.help = "venues and feeds that each vote price - c, price, price + c",
              .source = "Pyth aggregate price (pyth_client_code)",
              .refers = Refers::price});
      v("fixed", fixed,
        Field{.help = "a price in $ written into its code", .lo = 0, .scales = Scales::no});
      v("below", below,
        Field{.help = "for rate and backing: the feed of the asset the rate is in, if not its own",
              .refers = Refers::oracle});
      v("in", in,
        Field{.help = "the asset it is quoted in, for feeds that read it; absent = $",
              .refers = Refers::asset});
      v("live", live,
        Field{.help = "read from code at the moment of use: no deviation, heartbeat or latency; "
                      "absent = on for rates, fixed prices and a single feed"});
    }
    /// How many sources are stated; more than one is a mistake to report.
    int stated() const {
      const auto one = [](bool is) { return is ? 1 : 0; };
      return one(venue.has_value()) + one(feed.has_value()) + one(!median.empty()) +
             one(!mean.empty()) + one(!votes.empty()) + one(fixed.has_value()) +
             one(!reads.empty());
    }
  };
  struct Params {
    double fixed_usd = no_price;
    SourceKind source = SourceKind::reference;
    Aggregation aggregation = Aggregation::none;
    bool live = false;
  };
  struct State {};

  /// The kind a spec means; `asset_has_rate` decides where the spec is silent.
  static SourceKind kind_of(const Spec& s, bool asset_has_rate) {
    if (s.fixed) return SourceKind::fixed;
    if (s.venue || s.feed || !s.median.empty() || !s.mean.empty() || !s.votes.empty()) {
      return SourceKind::listed;
    }
    if (s.reads.empty()) return asset_has_rate ? SourceKind::rate : SourceKind::reference;
    return s.reads == "rate"       ? SourceKind::rate
           : s.reads == "backing"  ? SourceKind::backing
           : s.reads == "reserves" ? SourceKind::reserves
                                   : SourceKind::reference;
  }
  static bool is_live(const Spec& s, SourceKind kind) {
    if (s.live) return *s.live;
    return s.feed || (kind != SourceKind::reference && kind != SourceKind::listed);
  }
  /// Where the spec is silent, a live feed reads a rate.
  static Params compile(const Spec& s, bool live) {
    return {.fixed_usd = s.fixed ? s.fixed->value : no_price,
            .source = kind_of(s, live),
            .aggregation = !s.mean.empty()    ? Aggregation::mean
                           : !s.votes.empty() ? Aggregation::votes
                                              : Aggregation::median,
            .live = live};
  }
  static void start(const Params&, State&, double, double) {}

  static void apply(const Params& p, State&, FeedSignal& signal) {
    const std::span<const double> in = signal.in.sources;
    signal.live = p.live;
    switch (p.source) {
      case SourceKind::fixed:
        signal.value = p.fixed_usd;
        break;
      case SourceKind::reference:
        signal.value = in.empty() ? no_price : in[0];
        break;
      case SourceKind::rate:
      case SourceKind::backing:
      case SourceKind::reserves:
        signal.value = in.size() < 2 ? no_price : in[0];
        signal.times = in.size() < 2 ? no_price : in[1];
        break;
      case SourceKind::listed:
        signal.aggregation = p.aggregation;
        break;
    }
  }
  static double due(const Params&, const State&, double) { return never_s; }
};
static_assert(FeedStage<Source>);

}  // namespace faultline
