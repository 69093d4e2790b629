// A run as JSON (docs/results.md).
#include "cli/run_parts.hpp"

#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"

namespace faultline {

namespace {

/// What lenders met, reserve by reserve; of the run itself, not net.
void add_reserves(const RunReport& r, nlohmann::json& out) {
  for (const DepositPlace& place : r.world.places) {
    if (is_vault(place)) continue;
    const Reserve& reserve = r.world.reserves[place.reserve];
    const ReserveOutcome& o = r.run.full.reserves[place.reserve];
    if (o == ReserveOutcome{}) continue;
    const auto never = [](double s) { return s < 0 ? nlohmann::json(nullptr) : nlohmann::json(s); };
    out["nodes"][r.world.markets[reserve.market.value].name]["reserves"]
       [r.world.assets[reserve.asset.value].name] = {{"withdrawn_usd", o.withdrawn_usd},
                                                     {"trapped_usd", o.trapped_usd},
                                                     {"trapped_usd_hours", o.trapped_usd_s / 3600},
                                                     {"trapped_longest_s", o.trapped_longest_s},
                                                     {"full_at_s", never(o.full_at_s)},
                                                     {"nearly_full_s", o.nearly_full_s},
                                                     {"repaid_usd", o.repaid_usd}};
  }
}

void add_vaults(const RunReport& r, nlohmann::json& out) {
  for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
    const VaultOutcome& o = r.run.full.vaults[v];
    out["nodes"][r.world.vaults[v].name] = {
        {"kind", "vault"},
        {"state", standing_text(standing(o, r.run.baseline.vaults[v]))},
        {"loss_usd", net(r, &VaultOutcome::loss_usd, v)},
        {"recognised_usd", net(r, &VaultOutcome::recognised_usd, v)},
        {"withdrawn_usd", net(r, &VaultOutcome::withdrawn_usd, v)},
        {"trapped_usd", net(r, &VaultOutcome::trapped_usd, v)},
        {"trapped_peak_usd", net(r, &VaultOutcome::trapped_peak_usd, v)},
        {"trapped_usd_s", net(r, &VaultOutcome::trapped_usd_s, v)},
        {"trapped_s", net(r, &VaultOutcome::trapped_s, v)},
        {"stayer_loss", o.stayer_loss},
        {"locked_usd", o.locked_usd},
        {"reallocated_usd", net(r, &VaultOutcome::reallocated_usd, v)},
        {"deposits_usd", o.deposits_usd},
        {"price_start", o.price_start},
        {"price_end", o.price_end}};
  }
}

/// Reserves, agents, vaults and funds.
void add_other_nodes(const RunReport& r, nlohmann::json& out) {
  add_reserves(r, out);
  add_agents(r, out);
  add_dollars(r, out);
  add_vaults(r, out);
  add_auctions(r, out);
  add_troves(r, out);
  add_absorbing(r, out);
  add_clusters(r, out);
  add_pools(r, out);
  add_supplies(r, out);
  add_desks(r, out);
  add_shares(r, out);
}

nlohmann::json summary_json(const Summary& x) {
  using nlohmann::json;
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
}

}  // namespace

nlohmann::json run_json(const RunReport& r) {
  using nlohmann::json;
  const Summary& s = r.run.summary;
  json out{{"schema", 1},
           {"name", r.world.name},
           {"scenario", r.scenario.name},
           {"stop", stop_text(r.run.full.stop)},
           {"rounds", r.run.full.counters.rounds},
           {"summary", summary_json(s)}};
  if (!r.run.full.stop_detail.empty()) out["stop_detail"] = r.run.full.stop_detail;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    out["nodes"][r.world.markets[m].name] = {
        {"kind", "market"},
        {"state", state_text(r, m)},
        {"bad_debt_usd", net(r, &MarketOutcome::bad_debt_usd, m)},
        {"loss_usd", net(r, &MarketOutcome::bad_debt_end_usd, m)},
        {"liquidated_usd", net(r, &MarketOutcome::liquidated_usd, m)},
        {"recognised_usd", net(r, &MarketOutcome::recognised_usd, m)},
        {"unserved_usd", net(r, &MarketOutcome::unserved_usd, m)},
        {"withdrawn_usd", net(r, &MarketOutcome::withdrawn_usd, m)},
        {"trapped_usd", net(r, &MarketOutcome::trapped_usd, m)},
        {"trapped_usd_hours", net(r, &MarketOutcome::trapped_usd_s, m) / 3600},
        {"trapped_longest_s", o.trapped_longest_s},
        {"deposits_usd", o.deposits_usd},
        {"stand_in", r.world.markets[m].stand_in},
        {"time_to_insolvency_s", o.insolvent_s < 0 ? json(nullptr) : json(o.insolvent_s)},
        {"cause", o.insolvent_s < 0 ? "" : "debt above collateral and reserves"}};
  }
  add_other_nodes(r, out);
  for (std::size_t a = 0; a < r.world.assets.size(); ++a) {
    const AssetOutcome& o = r.run.full.assets[a];
    out["assets"][r.world.assets[a].name].update(json{
        {"price_start", o.price_start}, {"price_min", o.price_min}, {"price_end", o.price_end}});
    if (o.supply_start == o.supply_end && o.supply_start == o.supply_most) continue;
    out["assets"][r.world.assets[a].name].update(json{{"supply_start", o.supply_start},
                                                      {"supply_most", o.supply_most},
                                                      {"supply_end", o.supply_end}});
  }
  add_perps(r, out);
  add_shape(r, out);
  add_bands(r, out);
  for (std::size_t b = 0; b < bearer_count; ++b) {
    out["bearers"][bearer_name(static_cast<Bearer>(b))] =
        r.run.full.bearer_gain_usd[b] - r.run.baseline.bearer_gain_usd[b];
  }
  out["channels"] = {{"direct", s.direct_loss_usd}, {"contagion", s.contagion_loss_usd}};
  add_feeds(r, out);
  out["timeline"] = json::array();
  for (const TimelineEvent& e : whole_story(r)) {
    out["timeline"].push_back(
        {{"at_s", e.at_s}, {"kind", e.kind}, {"node", e.node}, {"text", event_text(e)}});
  }
  return out;
}

}  // namespace faultline
