// GCC 12 sees a spec's strings destroyed unbuilt where its own constructor throws (false; as in
// language_schema.cpp).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "data/ecosystem_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "data/canonical_yaml.hpp"
#include "data/csv.hpp"
#include "data/overlay.hpp"
#include "data/positions_file.hpp"
#include "data/presets.hpp"
#include "data/scenario_reader.hpp"
#include "data/traders.hpp"
#include "sim/compile/expand_contracts.hpp"

namespace faultline {

namespace {

constexpr std::array<std::string_view, 2> node_keys{"preset", "kind"};
constexpr std::array<std::string_view, 7> market_keys{
    "preset",         "kind", "borrowers", "reserve_defaults", "collateral_defaults",
    "vault_defaults", "note"};
constexpr std::array<std::string_view, 4> perp_keys{"preset", "kind", "accounts", "note"};
constexpr std::array<std::string_view, 19> top_keys{
    "faultline", "name",      "about",   "clock",    "focus",  "assets",   "venues",
    "oracles",   "markets",   "vaults",  "funds",    "agents", "defences", "chains",
    "entities",  "scenarios", "default", "reported", "designs"};
constexpr std::array<std::string_view, 5> design_keys{"redesign", "of", "weights", "lenders",
                                                      "gap"};
/// Sections whose mechanisms are not in this version: each node is one finding, never skipped.
constexpr std::array<std::string_view, 1> unbuilt_sections{"entities"};

/// Of a design, the keys that say how the file is redesigned, or those laid over it.
Node part_of_design(const Node& design, bool redesigns) {
  Node out = design;
  std::erase_if(out.entries, [&](const Entry& e) {
    const bool how = std::find(design_keys.begin(), design_keys.end(), e.key) != design_keys.end();
    return how != redesigns;
  });
  return out;
}

/// Lays one design's changes over the tree.
void lay_design(Node& root, const Node& design, Reading& reading) {
  if (design.is_map()) {
    merge_overlay(root, part_of_design(design, false), default_sections(), reading);
  }
}

/// Every design of a file can be laid over it, or says why not.
void check_designs(const Node& root, Reading& reading) {
  const Node* designs = root.find("designs");
  if (designs == nullptr || !designs->is_map()) return;
  for (const Entry& design : designs->entries) {
    if (part_of_design(design.value, false).entries.empty()) continue;
    Node copy = root;
    lay_design(copy, design.value, reading);
  }
}

class EcosystemReader {
 public:
  EcosystemReader(const Node& root, std::string folder, Reading& reading)
      : root_(root), folder_(std::move(folder)), reading_(reading), context_(reading) {}

  LoadedEcosystem read() {
    if (!root_.is_map()) {
      if (!reading_.diagnostics.failed()) {
        reading_.error("E0200", root_.span, "an ecosystem is a map of sections",
                       "begin with `faultline: 1`");
      }
      return std::move(out_);
    }
    check_top();
    name_everything();
    read_plain();
    read_assets();
    read_venues();
    read_oracles();
    read_markets();
    read_backstops();
    read_defences();
    read_agents();
    read_chains();
    refuse_unbuilt();
    if (const Node* scenarios = root_.find("scenarios")) {
      read_scenarios(*scenarios, folder_, context_, out_.eco, out_.data_files);
    }
    read_reported();
    choose_default();
    expand_contracts(out_.eco);
    out_.assumptions = context_.assumptions;
    for (auto& [path, place] : context_.places) out_.places.emplace(path, place);
    return std::move(out_);
  }

 private:
  template <class F>
  void each_node(std::string_view section, F&& f) {
    const Node* nodes = root_.find(section);
    if (nodes == nullptr || nodes->is_null()) return;
    if (!nodes->is_map()) {
      reading_.error("E0201", nodes->span, "'" + std::string(section) + "' is a map of names", "");
      return;
    }
    for (const Entry& entry : nodes->entries) {
      context_.places[std::string(section) + "." + entry.key] = {entry.key_span, entry.value.span};
      f(entry);
    }
  }

  void check_top() {
    for (const Entry& entry : root_.entries) {
      if (std::find(top_keys.begin(), top_keys.end(), entry.key) != top_keys.end()) continue;
      const std::string near = nearest_name(entry.key, top_keys);
      reading_.error("E0203", entry.key_span, "unknown section '" + entry.key + "'",
                     near.empty() ? "" : "did you mean '" + near + "'?");
    }
    const Entry* version = root_.entry("faultline");
    if (version == nullptr) {
      reading_.error("E0202", root_.span, "the version of the language is missing",
                     "begin with `faultline: 1`");
    } else if (version->value.text != "1") {
      reading_.error("E0202", version->value.span,
                     "version '" + version->value.text + "' of the language is not known",
                     "write `faultline: 1`");
    }
  }

  void name_everything() {
    const auto gather = [&](std::string_view section, Refers family) {
      auto& names = context_.names[family];
      each_node(section, [&](const Entry& e) {
        names.insert(e.key);
        names.insert(cluster_of(e));
      });
    };
    gather("assets", Refers::asset);
    gather("venues", Refers::venue);
    gather("markets", Refers::market);
    gather("agents", Refers::agent);
    gather("oracles", Refers::oracle);
    each_node("vaults", [&](const Entry& e) { name_share(e); });
    each_node("markets", [&](const Entry& e) {  // loans on bands have a pool
      const Node* kind = e.value.find("kind");
      if (kind == nullptr || kind->text != BandMarket::name) return;
      context_.names[Refers::venue].insert(band_pool_name(e.key));
    });
    each_node("markets", [&](const Entry& e) {  // each contract has an asset and a book
      const Node* contracts = e.value.find("contracts");
      if (contracts == nullptr || !contracts->is_map()) return;
      context_.names[Refers::venue].insert(e.key);  // the family of its books
      for (const Entry& contract : contracts->entries) {
        const std::string name = contract_name(e.key, contract.key);
        context_.names[Refers::asset].insert(name);
        context_.names[Refers::venue].insert(name);
      }
    });
    const auto assets = context_.names[Refers::asset];  // each asset has a feed of its name
    context_.names[Refers::oracle].insert(assets.begin(), assets.end());
    each_node("assets", [&](const Entry& e) {
      context_.assets.push_back({e.key, price_hint(e.value)});
    });
  }

  /// A pool's share is an asset, and can be burnt for each of the pool's coins.
  void name_share(const Entry& e) {
    const Node *kind = e.value.find("kind"), *of = e.value.find("of");
    if (kind == nullptr || kind->text != PoolShareSpec::name || of == nullptr) return;
    const Node* issues = e.value.find("issues");
    const std::string& name = issues != nullptr ? issues->text : e.key;
    context_.names[Refers::asset].insert(name);
    const Node* venues = root_.find("venues");
    const Node* pool = venues != nullptr ? venues->find(of->text) : nullptr;
    const Node* pair = pool != nullptr ? pool->find("pair") : nullptr;
    if (pair == nullptr) return;
    const std::size_t slash = pair->text.find('/');
    for (const std::string& coin : {pair->text.substr(0, slash), pair->text.substr(slash + 1)}) {
      context_.names[Refers::venue].insert(way_out_name(name, coin));
    }
  }

  /// A price good enough for suggestions: `$2310` or {price: $2310}.
  static double price_hint(const Node& node) {
    const Node* price = node.is_scalar() ? &node : node.find("price");
    Amount amount;
    if (price == nullptr || !price->is_scalar()) return 0;
    if (parse_value(price->text, amount, Wanted{.field = "price"})) return 0;
    return amount.unit == "$" ? amount.value : 0;
  }

  static std::string cluster_of(const Entry& entry) {
    if (entry.member.empty()) return entry.key;
    return entry.key.substr(0, entry.key.size() - entry.member.size() - 1);
  }

  template <class Spec>
  Named<Spec> named(const Entry& entry) {
    Named<Spec> node;
    node.name = entry.key;
    node.cluster = cluster_of(entry);
    node.at = entry.key_span;
    if (const Node* preset = entry.value.find("preset")) node.origin = preset->text;
    return node;
  }

  void read_plain() {
    Ecosystem& eco = out_.eco;
    if (const Node* name = root_.find("name")) eco.name = name->text;
    if (const Node* about = root_.find("about")) eco.about = about->text;
    const Node empty;
    const Node* clock = root_.find("clock");
    read_fields(clock == nullptr ? empty : *clock, eco.clock, "clock", {"clock", "", ""}, context_,
                {}, clock == nullptr);
    if (const Node* focus = root_.find("focus")) {
      if (focus->is_scalar()) eco.focus.push_back(focus->text);
      for (const Node& item : focus->items) eco.focus.push_back(item.text);
    }
    each_node("designs", [&](const Entry& entry) {
      const Node how = part_of_design(entry.value, true);
      read_fields(how, out_.designs[entry.key], "designs." + entry.key, {"design", entry.key, ""},
                  context_, {}, how.entries.empty());
    });
  }

  void read_assets() {
    each_node("assets", [&](const Entry& entry) {
      auto node = named<AssetSpec>(entry);
      read_fields(entry.value, node.spec, "assets." + entry.key, {"asset", entry.key, ""}, context_,
                  node_keys);
      out_.eco.assets.push_back(std::move(node));
    });
    if (out_.eco.assets.empty()) {
      reading_.error("E0204", root_.span, "an ecosystem needs assets",
                     "add `assets: {ETH: $2000}`");
    }
  }

  /// The index of the kind a node names, among `names`; reports and gives none for others.
  template <std::size_t N>
  std::optional<std::size_t> kind_of(const Entry& entry, const std::string& noun,
                                     const std::array<std::string_view, N>& names) {
    const Node* kind = entry.value.find("kind");
    if (kind == nullptr || !kind->is_scalar()) {
      const Node* preset = entry.value.find("preset");
      if (preset != nullptr) return std::nullopt;  // an unknown preset was reported
      reading_.error("E0206", entry.key_span,
                     fmt::format("what kind of {} is '{}'?", noun, entry.key),
                     fmt::format("write `preset: ...` or `kind: {}`", fmt::join(names, "`, `")));
      return std::nullopt;
    }
    for (std::size_t i = 0; i < N; ++i) {
      if (names[i] == kind->text) return i;
    }
    reading_.error("E0210", kind->span,
                   fmt::format("'{}' is not a kind of {} in this version", kind->text, noun),
                   fmt::format("the kinds are {}", fmt::join(names, ", ")));
    return std::nullopt;
  }

  template <std::size_t I = 0>
  bool read_venue_kind(std::size_t kind, const Entry& entry, VenueKinds::Specs& out) {
    if constexpr (I < VenueKinds::size) {
      if (kind != I) return read_venue_kind<I + 1>(kind, entry, out);
      std::variant_alternative_t<I, VenueKinds::Specs> spec;
      const bool good = read_fields(entry.value, spec, "venues." + entry.key,
                                    {"venue", entry.key, ""}, context_, node_keys);
      out = std::move(spec);
      return good;
    } else {
      return false;
    }
  }

  void read_venues() {
    each_node("venues", [&](const Entry& entry) {
      const auto kind = kind_of(entry, "venue", VenueKinds::names);
      auto node = named<VenueNode>(entry);
      if (!kind || !read_venue_kind(*kind, entry, node.spec.spec)) return;
      if (auto* pool = std::get_if<ConcentratedLiquidity::Spec>(&node.spec.spec)) {
        if (pool->ranges) read_ranges(*pool->ranges, entry.key, node.spec.ranges);
      }
      out_.eco.venues.push_back(std::move(node));
    });
  }

  void read_ranges(const ConcentratedLiquidity::RangeTable& table, const std::string& venue,
                   std::vector<LiquidityRange>& ranges) {
    const Span at = context_.at("venues." + venue + ".ranges.file");
    const std::string path = data_path(table.file, folder_, at, reading_);
    if (path.empty()) return;
    Diagnostics& d = reading_.diagnostics;
    const CsvTable csv = read_csv(path, table.file, at, d, reading_.sources);
    out_.data_files.push_back({table.file, hash_file(path)});
    const auto lower = csv.need(table.columns.price_lower, "the lower price", d);
    const auto upper = csv.need(table.columns.price_upper, "the upper price", d);
    const auto liquidity = csv.need(table.columns.liquidity, "the liquidity", d);
    if (!lower || !upper || !liquidity) return;
    const std::vector<double> lo = csv.numbers(*lower, d), hi = csv.numbers(*upper, d),
                              l = csv.numbers(*liquidity, d);
    for (std::size_t i = 0; i < lo.size(); ++i) ranges.push_back({lo[i], hi[i], l[i]});
  }

  void read_oracles() {
    each_node("oracles", [&](const Entry& entry) {
      auto node = named<FeedSpec>(entry);
      if (const Node* kind = entry.value.find("kind"); kind != nullptr && kind->text != "feed") {
        reading_.error("E0210", kind->span,
                       "'" + kind->text + "' is not a kind of oracle in this version",
                       "the kind is feed");
        return;
      }
      if (read_fields(entry.value, node.spec, "oracles." + entry.key, {"oracle", entry.key, ""},
                      context_, node_keys)) {
        out_.eco.oracles.push_back(std::move(node));
      }
    });
  }

  /// A venue for contracts and its accounts; whether its fields could be read.
  template <class Kind>
  bool read_perpetuals(const Entry& entry, MarketNode& out) {
    typename Kind::Spec spec;
    const bool good = read_fields(entry.value, spec, "markets." + entry.key,
                                  {"market", entry.key, ""}, context_, perp_keys);
    out.spec = std::move(spec);
    if (const Node* accounts = entry.value.find("accounts")) {
      read_traders(*accounts, entry.key, out, context_);
    }
    return good;
  }

  /// A market of one loan asset and one collateral; whether its fields could be read.
  template <class Kind>
  bool read_pair(const Entry& entry, BorrowersPlace& where, MarketNode& out) {
    typename Kind::Spec spec;
    const bool good = read_fields(entry.value, spec, "markets." + entry.key,
                                  {"market", entry.key, ""}, context_, market_keys);
    where.loan = spec.lends.text;
    where.collateral = spec.collateral.text;
    out.spec = std::move(spec);
    return good;
  }

  void read_markets() {
    each_node("markets", [&](const Entry& entry) {
      const auto kind = kind_of(entry, "market", MarketKinds::names);
      if (!kind) return;
      auto node = named<MarketNode>(entry);
      const std::string path = "markets." + entry.key;
      BorrowersPlace where{path + ".borrowers", entry.key, folder_, "", ""};
      bool good = false;
      if (*kind == 0) {
        PooledLending::Spec spec;
        good =
            read_fields(entry.value, spec, path, {"market", entry.key, ""}, context_, market_keys);
        node.spec.spec = std::move(spec);
      } else if (*kind == 2) {
        good = read_perpetuals<PerpMarket>(entry, node.spec);
      } else if (*kind == 3) {
        good = read_perpetuals<PoolPerps>(entry, node.spec);
      } else if (*kind == 4) {
        good = read_pair<CdpMarket>(entry, where, node.spec);
      } else if (*kind == 5) {
        BandMarket::Spec spec;
        good =
            read_fields(entry.value, spec, path, {"market", entry.key, ""}, context_, market_keys);
        where.loan = spec.lends.text;
        where.collateral = spec.collateral.text;
        where.on_bands = true;
        node.spec.spec = std::move(spec);
      } else if (*kind == 6) {
        good = read_pair<TroveMarket>(entry, where, node.spec);
      } else if (*kind == 7) {
        AbsorbingMarket::Spec spec;
        good =
            read_fields(entry.value, spec, path, {"market", entry.key, ""}, context_, market_keys);
        where.loan = spec.lends.text;
        node.spec.spec = std::move(spec);
      } else if (*kind == 8) {
        Cluster::Spec spec;
        good =
            read_fields(entry.value, spec, path, {"market", entry.key, ""}, context_, market_keys);
        node.spec.spec = std::move(spec);
      } else {
        good = read_pair<IsolatedMarket>(entry, where, node.spec);
      }
      if (const Node* note = entry.value.find("note")) node.spec.note = note->text;
      if (const Node* borrowers = entry.value.find("borrowers")) {
        read_borrowers(*borrowers, where, node.spec, context_, out_.data_files);
      }
      if (good) out_.eco.markets.push_back(std::move(node));
    });
  }

  /// A node of a section that holds nothing but its fields.
  template <class Spec>
  void read_node(const std::string& section, const std::string& noun, const Entry& entry,
                 std::vector<Named<Spec>>& out) {
    auto node = named<Spec>(entry);
    if (read_fields(entry.value, node.spec, section + "." + entry.key, {noun, entry.key, ""},
                    context_, node_keys)) {
      out.push_back(std::move(node));
    }
  }

  void read_backstops() {
    constexpr std::array<std::string_view, 7> vault_kinds{
        VaultSpec::name,           SyntheticDollarSpec::name, CuratedVaultSpec::name,
        AlgorithmicCoinSpec::name, BridgeSpec::name,          FiatCoinSpec::name,
        PoolShareSpec::name};
    each_node("vaults", [&](const Entry& entry) {
      const auto kind = kind_of(entry, "vault", vault_kinds);
      if (!kind) return;
      if (*kind == 0) read_node("vaults", "vault", entry, out_.eco.vaults);
      if (*kind == 1) read_node("vaults", "vault", entry, out_.eco.dollars);
      if (*kind == 2) read_node("vaults", "vault", entry, out_.eco.curated);
      if (*kind == 3) read_node("vaults", "vault", entry, out_.eco.coins);
      if (*kind == 4) read_node("vaults", "vault", entry, out_.eco.bridges);
      if (*kind == 5) read_node("vaults", "vault", entry, out_.eco.fiat_coins);
      if (*kind == 6) read_node("vaults", "vault", entry, out_.eco.shares);
    });
    each_node("funds", [&](const Entry& entry) {
      if (covers_reserve(entry)) {
        read_node("funds", "fund", entry, out_.eco.safety_modules);
      } else {
        read_node("funds", "fund", entry, out_.eco.funds);
      }
    });
  }

  /// Whether a fund stands behind one reserve of a pool, as `pool.WETH`.
  bool covers_reserve(const Entry& entry) const {
    const Node* kind = entry.value.find("kind");
    if (kind != nullptr) return kind->text == SafetyModuleSpec::name;
    const Node* covers = entry.value.find("covers");
    if (covers == nullptr || !covers->is_scalar()) return false;
    const auto& markets = context_.names.at(Refers::market);
    const std::size_t dot = covers->text.rfind('.');
    return dot != std::string::npos && !markets.contains(covers->text) &&
           markets.contains(covers->text.substr(0, dot));
  }

  void read_defences() {
    constexpr std::array<std::string_view, 2> kinds{GuardianSpec::name, BreakerSpec::name};
    each_node("defences", [&](const Entry& entry) {
      const Node* written = entry.value.find("kind");
      const std::string kind = written != nullptr ? written->text : cluster_of(entry);
      if (kind == kinds[0]) {
        read_node("defences", "defence", entry, out_.eco.guardians);
      } else if (kind == kinds[1]) {
        read_node("defences", "defence", entry, out_.eco.breakers);
      } else {
        reading_.error("E0210", entry.key_span,
                       "'" + kind + "' is not a kind of defence in this version",
                       fmt::format("the kinds are {}", fmt::join(kinds, ", ")));
      }
    });
  }

  /// Reads the fields of an agent whose kind is named so; false where no kind is.
  template <std::size_t I = 0>
  bool read_agent_kind(std::string_view kind, const Entry& entry, AgentSpecs& out) {
    if constexpr (I < std::variant_size_v<AgentSpecs>) {
      if (kind != std::variant_alternative_t<I, AgentSpecs>::name) {
        return read_agent_kind<I + 1>(kind, entry, out);
      }
      read_fields(entry.value, out.emplace<I>(), "agents." + entry.key, {"agent", entry.key, ""},
                  context_, node_keys);
      return true;
    } else {
      return false;
    }
  }

  /// The lines of a dealer's book that stand in a table.
  void read_book(const std::string& agent, OptionDealers::Spec& spec) {
    const Span at = context_.at("agents." + agent + ".file");
    const std::string path = data_path(*spec.file, folder_, at, reading_);
    if (path.empty()) return;
    Diagnostics& d = reading_.diagnostics;
    const CsvTable csv = read_csv(path, *spec.file, at, d, reading_.sources);
    out_.data_files.push_back({*spec.file, hash_file(path)});
    const auto kind = csv.need("kind", "call or put", d), strike = csv.need("strike", "USD", d),
               expiry = csv.need("expiry_s", "seconds from the start", d),
               size = csv.need("size", "units of the asset, below zero where short", d),
               iv = csv.need("iv", "implied volatility a year, 0.6 for 60%", d);
    if (!kind || !strike || !expiry || !size || !iv) return;
    const std::vector<double> strikes = csv.numbers(*strike, d), expiries = csv.numbers(*expiry, d),
                              sizes = csv.numbers(*size, d), ivs = csv.numbers(*iv, d);
    for (std::size_t i = 0; i < csv.rows(); ++i) {
      const std::string word(csv.text(i, *kind));
      if ((word != "call" && word != "put") || !(strikes[i] > 0) || !(expiries[i] > 0) ||
          !(ivs[i] > 0)) {
        reading_.error("E0611", csv.span(i, *kind), "this line is no option",
                       "write call or put; strike, expiry_s and iv above zero");
        continue;
      }
      spec.options.push_back(
          {word, {strikes[i], "$"}, {expiries[i]}, {sizes[i], spec.asset.text}, {ivs[i]}});
    }
  }

  void read_agents() {
    each_node("agents", [&](const Entry& entry) {
      auto node = named<AgentSpecs>(entry);
      const Node* kind_node = entry.value.find("kind");
      const std::string kind = kind_node != nullptr ? kind_node->text : node.cluster;
      if (!read_agent_kind(kind, entry, node.spec)) {
        reading_.error("E0210", entry.key_span,
                       "'" + kind + "' is not a kind of agent in this version",
                       fmt::format("the kinds are {}", fmt::join(agent_kind_names(), ", ")));
        return;
      }
      if (auto* dealers = std::get_if<OptionDealers::Spec>(&node.spec)) {
        if (dealers->file) read_book(entry.key, *dealers);
      }
      out_.eco.agents.push_back(std::move(node));
    });
  }

  void read_chains() {
    each_node("chains", [&](const Entry& entry) {
      auto node = named<ChainSpec>(entry);
      read_fields(entry.value, node.spec, "chains." + entry.key, {"chain", entry.key, ""}, context_,
                  node_keys);
      out_.eco.chains.push_back(std::move(node));
    });
  }

  void refuse_unbuilt() {
    for (const std::string_view section : unbuilt_sections) {
      each_node(section, [&](const Entry& entry) {
        reading_.error("E0210", entry.key_span,
                       fmt::format("{} are not built yet: '{}'", section, entry.key),
                       "leave it out in this version");
      });
    }
  }

  /// What was reported of the event a scenario is after.
  void read_reported() {
    each_node("reported", [&](const Entry& entry) {
      read_fields(entry.value, out_.eco.reported[entry.key], "reported." + entry.key,
                  {"reported", entry.key, ""}, context_);
      std::vector<std::string_view> names;
      for (const ScenarioSpec& s : out_.eco.scenarios) names.push_back(s.name);
      if (std::find(names.begin(), names.end(), entry.key) != names.end()) return;
      const std::string near = nearest_name(entry.key, names);
      reading_.error("E0211", entry.key_span, "no scenario '" + entry.key + "'",
                     near.empty() ? "name one under scenarios" : "did you mean '" + near + "'?");
    });
  }

  void choose_default() {
    Ecosystem& eco = out_.eco;
    const Entry* chosen = root_.entry("default");
    if (chosen == nullptr) {
      if (eco.scenarios.size() == 1) eco.default_scenario = eco.scenarios[0].name;
      return;
    }
    const auto known = [&](const std::string& name) {
      return name == "none" || std::any_of(eco.scenarios.begin(), eco.scenarios.end(),
                                           [&](const ScenarioSpec& s) { return s.name == name; });
    };
    eco.default_scenario = chosen->value.text;
    if (known(eco.default_scenario)) return;
    std::vector<std::string_view> names{"none"};
    for (const ScenarioSpec& s : eco.scenarios) names.push_back(s.name);
    const std::string near = nearest_name(eco.default_scenario, names);
    reading_.error("E0211", chosen->value.span, "no scenario '" + eco.default_scenario + "'",
                   near.empty() ? "name one under scenarios" : "did you mean '" + near + "'?");
  }

  const Node& root_;
  std::string folder_;
  Reading& reading_;
  ReadContext context_;
  LoadedEcosystem out_;
};

/// The tree as YAML text, for the results file.
LoadedEcosystem read_tree(Node root, const std::string& folder, Reading& reading) {
  const Sections sections = default_sections();
  resolve_presets(root, sections, reading);
  LoadedEcosystem loaded = EcosystemReader(root, folder, reading).read();
  loaded.resolved = canonical_yaml(root);
  return loaded;
}

}  // namespace

SpanTable LoadedEcosystem::spans() const {
  return {[this](const std::string& path) {
    std::string at = path;
    while (true) {
      const auto found = places.find(at);
      if (found != places.end()) {
        return found->second.value.line != 0 ? found->second.value : found->second.key;
      }
      const std::size_t dot = at.rfind('.');
      if (dot == std::string::npos) return Span{};
      at.resize(dot);
    }
  }};
}

LoadedEcosystem load_ecosystem(const std::string& path, const Overlays& overlays,
                               Reading& reading) {
  const Sections sections = default_sections();
  Node root = load_tree(path, path, sections, reading);
  for (const std::string& file : overlays.files) {
    Node overlay = load_tree(file, file, sections, reading);
    merge_overlay(root, overlay, sections, reading);
  }
  for (const std::string& set : overlays.sets) {
    merge_overlay(root, set_option(set, reading), sections, reading);
  }
  check_designs(root, reading);
  if (!overlays.design.empty()) {
    const Node designs = root.find("designs") ? *root.find("designs") : Node{};
    if (const Node* design = designs.find(overlays.design)) lay_design(root, *design, reading);
  }
  return read_tree(std::move(root), std::filesystem::path(path).parent_path().string(), reading);
}

LoadedEcosystem load_ecosystem_text(const std::string& shown, const std::string& text,
                                    const std::string& folder, Reading& reading) {
  Node root = load_tree_text(shown, text, default_sections(), reading);
  check_designs(root, reading);
  return read_tree(std::move(root), folder, reading);
}

}  // namespace faultline
