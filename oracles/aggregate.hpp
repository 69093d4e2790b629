// Stage 2: one price of several. Sources that are missing drop out and the weights of the others
// stand for the whole.
//
//   median    x(k), the first sorted value at which the weights so far pass half of all; where they
//             meet half exactly: the next value (Chainlink) or the mean of the two
//   mean      sum of w_i x_i / sum of w_i, x_i first clipped to, or dropped outside, the median's
//             band m (1 +- outlier)
//   votes     each source casts p - c, p, p + c; price = median, c = its distance to the farther
//             of the inner quartiles (Pyth)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/source.hpp"

namespace faultline {

/// A price and the half-width of the interval around it.
struct PricedInterval {
  double price = no_price;
  double confidence = 0;
};

/// Median of the values whose weight is above zero; NaN of none. `weights` empty: equal ones.
/// `mean_of_middle`: where half of the weight lies on each side. At most Source::most_sources.
double weighted_median(std::span<const double> values, std::span<const double> weights,
                       bool mean_of_middle);

/// Weighted mean of the values, each at most `outlier` (a share; infinite: no limit) away from
/// `centre`: those beyond are moved to the limit, or, with `drop`, left out. NaN of none.
double weighted_mean(std::span<const double> values, std::span<const double> weights, double centre,
                     double outlier, bool drop);

/// Pyth's aggregate of quotes p_i +- c_i, at most Source::most_sources of them. `unit` above zero:
/// prices are whole multiples of it and the mean of the middle two is rounded down (pyth-client).
PricedInterval aggregate_votes(std::span<const PricedInterval> quotes, double unit);

struct Aggregate {
  static constexpr const char* name = "aggregate";

  struct Spec {
    std::map<std::string, Ratio> weights;
    std::string median_rule = "upper";
    std::optional<Ratio> outlier;
    std::string outliers = "clip";
    long quorum = 1;
    Ratio confidence{0.0005};

    template <class V>
    void fields(V& v) {
      v("weights", weights,
        Field{.help = "of the sources in the list, by name; those not named weigh 100%",
              .lo = 0,
              .refers = Refers::price});
      v("median_rule", median_rule,
        Field{
            .help = "with half of the weight on each side: the upper of the middle two, or their "
                    "mean",
            .source = "Chainlink OCR: element n/2 of the sorted observations (chainlink_ocr_2021)",
            .choices = "upper mean"});
      v("outlier", outlier,
        Field{.help = "distance from the median beyond which a source is an outlier", .lo = 0});
      v("outliers", outliers,
        Field{.help = "what a mean does with outliers: clip them to the limit or drop them",
              .source = "Binance price index: components beyond 5% of the median are set to the "
                        "limit (binance_index)",
              .choices = "clip drop"});
      v("quorum", quorum,
        Field{.help = "sources below which there is no price and the answer stays",
              .lo = 1,
              .hi = Source::most_sources});
      v("confidence", confidence,
        Field{.help = "for votes: each source's own interval, over its price",
              .lo = 0,
              .hi = 1,
              .source = "assumed: the order of a liquid coin's spread across exchanges"});
    }
  };
  struct Params {
    double outlier = never_s;
    double source_confidence = 0;
    std::uint32_t quorum = 1;
    bool mean_of_middle = false;
    bool drop_outliers = false;
  };
  struct State {};

  static Params compile(const Spec& s, bool live);
  static void start(const Params&, State&, double, double) {}
  static void apply(const Params& p, State&, FeedSignal& signal);
  static double due(const Params&, const State&, double) { return never_s; }
};
static_assert(FeedStage<Aggregate>);

}  // namespace faultline
