#include "data/scenario_reader.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "data/csv.hpp"
#include "data/positions_file.hpp"

namespace faultline {

namespace {

int verbs_in(const EventSpec& e) {
  return !e.price.empty() + !e.rate.empty() + !e.discount.empty() + !e.backing.empty() +
         !e.withdraw.empty() + !e.gas.empty() + !e.halt.empty() + !e.freeze.empty() +
         !e.exit.empty() + !e.drain.empty() + !e.oracle.empty() + !e.set.empty() +
         e.exploit.has_value() + e.path.has_value();
}

void load_path(EventSpec& event, const std::string& at, const std::string& folder,
               ReadContext& context, std::vector<DataFile>& files) {
  const PathSpec& spec = *event.path;
  const Span span = context.at(at + ".path.file");
  const std::string path = data_path(spec.file, folder, span, context.reading);
  if (path.empty()) return;
  Diagnostics& d = context.reading.diagnostics;
  const CsvTable csv = read_csv(path, spec.file, span, d, context.reading.sources);
  files.push_back({spec.file, hash_file(path)});
  const auto time = csv.need(spec.time, "the time in seconds", d);
  if (!time) return;
  event.path_times_s = csv.numbers(*time, d);
  for (std::size_t i = 1; i < event.path_times_s.size(); ++i) {
    if (event.path_times_s[i] > event.path_times_s[i - 1]) continue;
    d.error("E0621", csv.span(i, *time), "times of a path must rise", "");
    return;
  }
  if (event.path_times_s.empty()) d.error("E0621", span, "the path has no rows", "");
  for (const auto& [asset, column] : spec.columns) {
    const auto at_column = csv.need(column, asset, d);
    if (!at_column) continue;
    std::vector<double> prices = csv.numbers(*at_column, d);
    for (std::size_t i = 0; i < prices.size(); ++i) {
      if (prices[i] > 0) continue;
      d.error("E0622", csv.span(i, *at_column), "a price is above zero", "");
      return;
    }
    event.path_prices[asset] = std::move(prices);
  }
}

EventSpec read_event(const Node& node, const std::string& path, const std::string& scenario,
                     const std::string& folder, ReadContext& context,
                     std::vector<DataFile>& files) {
  EventSpec event;
  event.written = node.span;
  read_fields(node, event, path, {"event", "", "'" + scenario + "'"}, context);
  const int verbs = verbs_in(event);
  if (verbs != 1 && !context.reading.diagnostics.failed()) {
    context.reading.error(
        "E0212", node.span,
        verbs == 0 ? "this event says nothing that happens"
                   : "an event has one verb, this one has several",
        "write one of price, discount, backing, rate, path, exploit, withdraw, gas, halt, "
        "freeze, exit, drain, oracle, set");
  }
  if (event.path) load_path(event, path, folder, context, files);
  return event;
}

/// What a bridge's escrow holds may come to be an attacker's.
void note_drained(Ecosystem& eco, const std::string& bridge) {
  for (const Named<BridgeSpec>& node : eco.bridges) {
    if (node.name != bridge) continue;
    for (const Named<AssetSpec>& asset : eco.assets) {
      if (asset.name != node.spec.issues.text || !asset.spec.rate) continue;
      eco.exploitable.insert(asset.spec.rate->unit);
    }
  }
}

}  // namespace

void read_scenarios(const Node& node, const std::string& folder, ReadContext& context,
                    Ecosystem& eco, std::vector<DataFile>& files) {
  for (const Entry& entry : node.entries) {
    ScenarioSpec scenario;
    scenario.name = entry.key;
    const std::string path = "scenarios." + entry.key;
    if (!entry.value.is_list()) {
      context.reading.error("E0213", entry.value.span, "a scenario is a list of events",
                            "write `- {at: 1h, price: {ETH: -30%}}`");
      continue;
    }
    for (std::size_t i = 0; i < entry.value.items.size(); ++i) {
      scenario.events.push_back(read_event(entry.value.items[i], fmt::format("{}.{}", path, i + 1),
                                           entry.key, folder, context, files));
      const EventSpec& event = scenario.events.back();
      if (event.exploit) eco.exploitable.insert(event.exploit->mint.unit);
      for (const auto& [bridge, spec] : event.drain) note_drained(eco, bridge);
    }
    eco.scenarios.push_back(std::move(scenario));
  }
}

}  // namespace faultline
