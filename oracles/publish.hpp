// Stage 7: a report is made when the price has moved enough or the answer is old, if its reporters
// pay what the chain asks for it, and arrives after a latency. What readers see is the last report
// that arrived.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "oracles/signal.hpp"

namespace faultline {

struct Publish {
  static constexpr const char* name = "publish";
  static constexpr std::uint32_t most_pending =
      128;  // 15 min of latency at a report every 12 s: 75

  struct Spec {
    Ratio deviation{0.005};
    std::optional<Seconds> heartbeat{Seconds{3600}};
    Seconds latency{24};
    std::optional<Amount> pays;

    template <class V>
    void fields(V& v) {
      constexpr auto source = "Chainlink ETH/USD on Ethereum: 0.5%, 3600 s; two blocks to land";
      v("deviation", deviation,
        Field{.help =
                  "relative move that makes a report, inclusive; unused by rate and fixed feeds, "
                  "which are read live",
              .lo = 0,
              .hi = 1,
              .source = source});
      v("heartbeat", heartbeat,
        Field{.help = "age of the answer that makes a report; off = none; unused by live feeds",
              .lo = 1,
              .source = source});
      v("latency", latency,
        Field{.help = "from report to readers; unused by live feeds", .lo = 0, .source = source});
      v("pays", pays,
        Field{.help = "most the gas of a report may cost, in $: while its chain asks for more none "
                      "is made; left out: any price",
              .lo = 0});
    }
  };
  struct Params {
    double deviation = 0;
    double heartbeat_s = never_s;
    double latency_s = 0;
    double pays_usd = never_s;  // infinite: any price
  };
  struct Report {
    double usd = 0;
    double due_s = 0;
    double confidence = 0;  // over the price
  };
  /// Open at `start`; `pending` is a ring, oldest at `first`, arrival times strictly rising.
  struct State {
    double delivered_usd = no_price;  // last report that arrived
    double delivered_s = 0;           // when it arrived
    double delivered_confidence = 0;
    double reported_usd = no_price;  // last report made
    double heartbeat_due_s = never_s;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool overdue = false;  // the heartbeat came due while there was nothing to report
    std::array<Report, most_pending> pending{};
  };

  static Params compile(const Spec& s, bool live);
  static void start(const Params& p, State& s, double usd, double now_s);
  static void apply(const Params& p, State& s, FeedSignal& signal);
  static double due(const Params& p, const State& s, double after_s);
};
static_assert(FeedStage<Publish>);

}  // namespace faultline
