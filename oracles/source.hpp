// Stage 1: where a price comes from. One value, the median of several, a contract rate times the
// feed below it, or a fixed price.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

enum class SourceKind : std::uint8_t { reference, venues, fixed, rate };

struct Source {
  static constexpr const char* name = "source";
  static constexpr std::size_t most_sources = 32;

  struct Spec {
    std::string reads;  // "" = rate for an asset with a rate, else reference
    std::optional<Name> venue;
    std::vector<Name> median;
    std::optional<Amount> fixed;
    std::optional<Name> below;
    std::string median_rule = "upper";

    template <class V>
    void fields(V& v) {
      v("reads", reads,
        Field{.help = "what it follows if no venue, median or fixed price is given: the reference "
                      "price, or the contract rate times the feed below",
              .choices = "reference rate"});
      v("venue", venue, Field{.help = "the one venue it reads", .refers = Refers::venue});
      v("median", median, Field{.help = "venues whose median it takes", .refers = Refers::venue});
      v("fixed", fixed,
        Field{.help = "a price in $ written into its code", .lo = 0, .scales = Scales::no});
      v("below", below,
        Field{.help = "for `reads: rate`: the feed of the asset the rate is in",
              .refers = Refers::oracle});
      v("median_rule", median_rule,
        Field{
            .help = "of an even count: the upper of the middle two, or their mean",
            .source = "Chainlink OCR: element n/2 of the sorted observations (chainlink_ocr_2021)",
            .choices = "upper mean"});
    }
    /// How many of venue, median, fixed and reads are stated; more than one is a mistake to report.
    int stated() const {
      return (venue ? 1 : 0) + (median.empty() ? 0 : 1) + (fixed ? 1 : 0) + (reads.empty() ? 0 : 1);
    }
  };
  struct Params {
    double fixed_usd = no_price;
    SourceKind source = SourceKind::reference;
    bool mean_of_middle = false;
  };
  struct State {};

  /// The kind a spec means; `asset_has_rate` decides where the spec is silent.
  static SourceKind kind_of(const Spec& s, bool asset_has_rate) {
    if (s.fixed) return SourceKind::fixed;
    if (s.venue || !s.median.empty()) return SourceKind::venues;
    if (s.reads.empty()) return asset_has_rate ? SourceKind::rate : SourceKind::reference;
    return s.reads == "rate" ? SourceKind::rate : SourceKind::reference;
  }
  static Params compile(const Spec& s, bool live) {
    return {.fixed_usd = s.fixed ? s.fixed->value : no_price,
            .source = kind_of(s, live),
            .mean_of_middle = s.median_rule == "mean"};
  }
  static void start(const Params&, State&, double, double) {}

  // median = x[n/2] of the n values present, sorted upwards from x[0] [chainlink_ocr_2021]; or the
  // mean of x[n/2 - 1] and x[n/2] for even n. Missing values (NaN) are dropped first.
  static double median_of(std::span<const double> values, bool mean_of_middle, bool& too_many) {
    std::array<double, most_sources> x;
    std::size_t n = 0;
    for (const double v : values) {
      if (std::isnan(v)) continue;
      if (n == most_sources) {
        too_many = true;
        return no_price;
      }
      x[n++] = v;
    }
    if (n == 0) return no_price;
    std::sort(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n));
    const double upper = x[n / 2];
    return mean_of_middle && n % 2 == 0 ? (x[n / 2 - 1] + upper) / 2 : upper;
  }

  static void apply(const Params& p, State&, FeedSignal& signal) {
    const std::span<const double> in = signal.sources;
    double v = no_price;
    switch (p.source) {
      case SourceKind::fixed:
        v = p.fixed_usd;
        break;
      case SourceKind::reference:
        v = in.empty() ? no_price : in[0];
        break;
      case SourceKind::rate:
        v = in.size() < 2 ? no_price : in[0] * in[1];
        break;
      case SourceKind::venues:
        v = median_of(in, p.mean_of_middle, signal.capacity_exceeded);
        break;
    }
    signal.value = v * signal.faults.offset;
  }
  static double due(const Params&, const State&, double) { return never_s; }
};
static_assert(FeedStage<Source>);

}  // namespace faultline
