#include "cli/run_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "data/units.hpp"

namespace faultline {

namespace {

constexpr std::size_t shown_events = 10;

double net(const RunReport& r, double MarketOutcome::*field, std::size_t m) {
  return r.run.full.markets[m].*field - r.run.baseline.markets[m].*field;
}

std::string first_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  if (r.scenario.calm()) return "Nothing is shocked.";
  std::string out = fmt::format(
      "{} {} of bad debt",
      r.scenario.name == "command line" ? "This shock leaves" : r.scenario.name + " leaves",
      s.bad_debt_usd > 0 ? format_usd(s.bad_debt_usd) : "no new dollar");
  if (s.bad_debt_usd > 0)
    out += fmt::format(", {} of it on the books", format_usd(s.recognised_usd));
  return out + fmt::format(", and {} of debt is liquidated.", format_usd(s.liquidated_usd));
}

std::string second_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  std::vector<std::string> broken;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    if (o.insolvent_s >= 0 && r.run.baseline.markets[m].insolvent_s < 0) {
      broken.push_back(r.world.markets[m].name + " after " + format_duration_words(o.insolvent_s));
    }
  }
  std::string out = broken.empty() ? "No market becomes insolvent"
                                   : fmt::format("Insolvent: {}", fmt::join(broken, ", "));
  if (s.unserved_usd > 0) {
    out +=
        fmt::format("; nobody serves {} of debt in breach at the end", format_usd(s.unserved_usd));
  }
  return out + ".";
}

void print_table(const RunReport& r) {
  fmt::print("\n  {:<22} {:>10} {:>12} {:>10} {:>11} {:>10}   {}\n", "market", "deposits",
             "liquidated", "bad debt", "recognised", "unserved", "state");
  const std::vector<std::uint32_t> focus = focus_markets(r);
  MarketOutcome rest, rest_base;
  std::size_t others = 0;
  const auto line = [&](const std::string& name, double deposits, double liquidated, double bad,
                        double booked, double unserved, const char* state) {
    fmt::print("  {:<22} {:>10} {:>12} {:>10} {:>11} {:>10}   {}\n", name, format_usd(deposits),
               format_usd(liquidated), format_usd(bad), format_usd(booked), format_usd(unserved),
               state);
  };
  double sum[5] = {};
  for (std::uint32_t m = 0; m < r.world.markets.size(); ++m) {
    const double values[5] = {
        r.run.full.markets[m].deposits_usd, net(r, &MarketOutcome::liquidated_usd, m),
        net(r, &MarketOutcome::bad_debt_usd, m), net(r, &MarketOutcome::recognised_usd, m),
        net(r, &MarketOutcome::unserved_usd, m)};
    if (std::find(focus.begin(), focus.end(), m) == focus.end()) {
      for (int i = 0; i < 5; ++i) sum[i] += values[i];
      ++others;
      continue;
    }
    line(r.world.markets[m].name + (r.world.markets[m].stand_in ? " (stand-in)" : ""), values[0],
         values[1], values[2], values[3], values[4], market_state(r.run.full.markets[m]));
  }
  if (others > 0) {
    line(fmt::format("all else ({})", others), sum[0], sum[1], sum[2], sum[3], sum[4], "");
  }
}

/// The first events, and always those that tell of a failure.
void print_timeline(const RunReport& r, bool whole) {
  const std::vector<TimelineEvent>& events = r.run.full.timeline;
  if (events.empty()) return;
  fmt::print("\n");
  std::size_t shown = 0, left_out = 0;
  for (const TimelineEvent& e : events) {
    if (!whole && shown >= shown_events && e.kind != "insolvency") {
      ++left_out;
      continue;
    }
    fmt::print("  {:>11}  {:<12} {}: {}\n", format_duration_words(e.at_s), e.kind, e.node, e.text);
    ++shown;
  }
  if (left_out > 0) fmt::print("  {} more events: --timeline\n", left_out);
}

void print_prices(const RunReport& r) {
  std::vector<std::string> parts;
  for (std::size_t a = 0; a < r.world.assets.size(); ++a) {
    const AssetOutcome& o = r.run.full.assets[a];
    if (!(o.price_min < 0.999 * o.price_start)) continue;
    parts.push_back(fmt::format("{} {:.1f}% (low {:.1f}%)", r.world.assets[a].name,
                                100 * (o.price_end / o.price_start - 1),
                                100 * (o.price_min / o.price_start - 1)));
  }
  if (!parts.empty()) fmt::print("\n  prices: {}\n", fmt::join(parts, ", "));
}

void print_losses(const RunReport& r) {
  const Summary& s = r.run.summary;
  fmt::print("\n  direct loss {}, contagion {}", format_usd(s.direct_loss_usd),
             format_usd(s.contagion_loss_usd));
  if (s.amplification != 0) fmt::print(" ({:.2f}x)", s.amplification);
  fmt::print("; bad debt at exit depth {}\n", format_usd(s.bad_debt_exit_usd));
  std::vector<std::string> parts;
  for (std::size_t b = 0; b < bearer_count; ++b) {
    const double gain = r.run.full.bearer_gain_usd[b] - r.run.baseline.bearer_gain_usd[b];
    if (std::abs(gain) < 1) continue;
    parts.push_back(fmt::format("{} {}{}", bearer_name(static_cast<Bearer>(b)), gain > 0 ? "+" : "",
                                format_usd(gain)));
  }
  fmt::print("  wealth at market values: {}\n", fmt::join(parts, ", "));
  std::size_t assumed = 0;
  for (const Assumption& a : r.loaded.assumptions) assumed += a.path.empty() ? 0 : 1;
  std::string stand_ins;
  for (const Market& m : r.world.markets)
    stand_ins += m.stand_in ? (stand_ins.empty() ? "" : ", ") + m.name : "";
  if (!stand_ins.empty()) fmt::print("  stand-in for mechanisms not built yet: {}\n", stand_ins);
  fmt::print(
      "  net of the same world without the shock; legacy bad debt {} left out.   {} values "
      "assumed: --assumptions\n",
      format_usd(s.legacy_usd), assumed);
}

}  // namespace

const char* market_state(const MarketOutcome& market) {
  if (market.insolvent_s >= 0) return "insolvent";
  if (market.utilisation_peak >= 1) return "illiquid";
  return market.liquidations > 0 ? "stressed" : "sound";
}

std::vector<std::uint32_t> focus_markets(const RunReport& r) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t m = 0; m < r.world.markets.size(); ++m) {
    const Market& market = r.world.markets[m];
    const auto& focus = r.loaded.eco.focus;
    if (focus.empty() || std::find(focus.begin(), focus.end(), market.name) != focus.end() ||
        std::find(focus.begin(), focus.end(), market.cluster) != focus.end()) {
      out.push_back(m);
    }
  }
  return out;
}

void print_assumptions(const std::vector<Assumption>& assumptions) {
  for (const Assumption& a : assumptions) {
    fmt::print("{:<60} {:<24} {}\n", a.path, a.text, a.source);
  }
  fmt::print("{} values assumed\n", assumptions.size());
}

void print_run(const RunReport& r, bool whole) {
  const Outcome& full = r.run.full;
  fmt::print("{}, {}: {} in {} rounds of {}, seed {}{:>24.2f} s\n", r.world.name, r.scenario.name,
             format_duration_words(full.end_s), full.counters.rounds,
             format_duration(r.world.round_s), r.world.seed, r.run.seconds);
  if (stop_is_failure(full.stop)) {
    fmt::print("\n  stopped: {}: {}\n", stop_text(full.stop), full.stop_detail);
  }
  fmt::print("\n  {} {}\n", first_sentence(r), second_sentence(r));
  print_table(r);
  print_timeline(r, whole);
  print_prices(r);
  print_losses(r);
}

nlohmann::json run_json(const RunReport& r) {
  using nlohmann::json;
  const Summary& s = r.run.summary;
  const auto summary = [&](const Summary& x) {
    return json{{"bad_debt_usd", x.bad_debt_usd},
                {"bad_debt_exit_usd", x.bad_debt_exit_usd},
                {"recognised_usd", x.recognised_usd},
                {"legacy_usd", x.legacy_usd},
                {"direct_loss_usd", x.direct_loss_usd},
                {"contagion_loss_usd", x.contagion_loss_usd},
                {"amplification", x.amplification == 0 ? json(nullptr) : json(x.amplification)},
                {"liquidated_usd", x.liquidated_usd},
                {"unserved_usd", x.unserved_usd},
                {"breadth", x.breadth},
                {"breadth_deposits", x.breadth_deposits},
                {"depth_rounds", x.depth_rounds},
                {"depth_hops", x.depth_hops},
                {"trapped_usd", x.trapped_usd}};
  };
  json out{{"schema", 1},
           {"name", r.world.name},
           {"scenario", r.scenario.name},
           {"stop", stop_text(r.run.full.stop)},
           {"rounds", r.run.full.counters.rounds},
           {"summary", summary(s)}};
  if (!r.run.full.stop_detail.empty()) out["stop_detail"] = r.run.full.stop_detail;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    out["nodes"][r.world.markets[m].name] = {
        {"kind", "market"},
        {"state", market_state(o)},
        {"bad_debt_usd", net(r, &MarketOutcome::bad_debt_usd, m)},
        {"loss_usd", net(r, &MarketOutcome::bad_debt_end_usd, m)},
        {"liquidated_usd", net(r, &MarketOutcome::liquidated_usd, m)},
        {"recognised_usd", net(r, &MarketOutcome::recognised_usd, m)},
        {"unserved_usd", net(r, &MarketOutcome::unserved_usd, m)},
        {"deposits_usd", o.deposits_usd},
        {"stand_in", r.world.markets[m].stand_in},
        {"time_to_insolvency_s", o.insolvent_s < 0 ? json(nullptr) : json(o.insolvent_s)},
        {"cause", o.insolvent_s < 0 ? "" : "debt above collateral and reserves"}};
  }
  for (std::size_t a = 0; a < r.world.assets.size(); ++a) {
    const AssetOutcome& o = r.run.full.assets[a];
    out["assets"][r.world.assets[a].name] = {
        {"price_start", o.price_start}, {"price_min", o.price_min}, {"price_end", o.price_end}};
  }
  for (std::size_t b = 0; b < bearer_count; ++b) {
    out["bearers"][bearer_name(static_cast<Bearer>(b))] =
        r.run.full.bearer_gain_usd[b] - r.run.baseline.bearer_gain_usd[b];
  }
  out["channels"] = {{"direct", s.direct_loss_usd}, {"contagion", s.contagion_loss_usd}};
  out["timeline"] = json::array();
  for (const TimelineEvent& e : r.run.full.timeline) {
    out["timeline"].push_back(
        {{"at_s", e.at_s}, {"kind", e.kind}, {"node", e.node}, {"text", e.text}});
  }
  return out;
}

}  // namespace faultline
