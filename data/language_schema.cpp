#include "data/language_schema.hpp"

// GCC 12 sees a spec's strings destroyed unbuilt where its own constructor throws (false; compare
// -Wno-restrict in CMakeLists.txt).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/borrowers_spec.hpp"
#include "data/presets.hpp"
#include "data/schema.hpp"
#include "data/traders.hpp"
#include "sim/ecosystem.hpp"
#include "sim/studies/redesign.hpp"

namespace faultline {

namespace {

using nlohmann::json;

struct PresetHead {
  std::string name, kind, about, as_of;
};

/// The presets of a section, by name.
std::vector<PresetHead> presets_of(std::string_view family) {
  std::vector<PresetHead> out;
  Sources sources;
  Diagnostics diagnostics;
  Reading reading(sources, diagnostics);
  for (const PresetFile& file : all_presets()) {
    if (preset_family(file.name) != family) continue;
    if (const auto p = read_preset(file, reading))
      out.push_back({p->name, p->kind, p->about, p->as_of});
  }
  return out;
}

json off() {
  return {{"enum", {"off", false}}};
}

json word(std::string_view description) {
  return {{"type", "string"}, {"description", std::string(description)}};
}

json one_or_list(std::string_view description) {
  const json text{{"type", "string"}};
  return {{"anyOf", {text, json{{"type", "array"}, {"items", text}}}},
          {"description", std::string(description)}};
}

json defined(const std::string& name) {
  return {{"$ref", "#/definitions/" + name}};
}

bool takes_off(const json& alternatives) {
  for (const json& a : alternatives) {
    if (!a.contains("enum")) continue;
    for (const json& value : a["enum"])
      if (value == "off") return true;
  }
  return false;
}

/// Lets every field below be `off` ("not given"), as the reader does.
void let_off(json& schema, bool itself) {
  for (const char* inside : {"properties"}) {
    if (!schema.contains(inside)) continue;
    for (auto& [name, field] : schema[inside].items()) let_off(field, true);
  }
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
    let_off(schema["additionalProperties"], true);
  }
  if (schema.contains("items")) let_off(schema["items"], false);
  if (schema.contains("anyOf")) {
    for (json& alternative : schema["anyOf"]) let_off(alternative, false);
    if (itself && !takes_off(schema["anyOf"])) schema["anyOf"].push_back(off());
  } else if (itself && schema.value("type", "") == "object") {
    json wrapped;
    if (schema.contains("description")) {
      wrapped["description"] = schema["description"];
      schema.erase("description");
    }
    wrapped["anyOf"] = json::array({std::move(schema), off()});
    schema = std::move(wrapped);
  }
}

/// A spec's schema whose map form is at hand for more keys: the object itself, or the second of the
/// two forms of a spec with a shorthand.
template <class Spec>
json open_schema() {
  json schema = json_schema_of<Spec>();
  let_off(schema, false);
  return schema;
}

json& map_form(json& schema) {
  return schema.contains("anyOf") ? schema["anyOf"].back() : schema;
}

/// By name: how it is redesigned, and any change laid over the file.
json designs() {
  json design = open_schema<DesignSpec>();
  map_form(design)["additionalProperties"] = true;
  return {{"type", "object"},
          {"description", "other designs of the same ecosystem, for `compare`"},
          {"additionalProperties", std::move(design)}};
}

json enum_of(const std::vector<std::string>& names, std::string_view description) {
  json out{{"type", "string"}, {"description", std::string(description)}};
  if (!names.empty()) out["enum"] = names;
  return out;
}

/// Collects the sections and what they share.
class SchemaBuilder {
 public:
  json build() {
    json properties{{"faultline", {{"enum", {1}}, {"description", "version of the language"}}},
                    {"name", word("what the file describes, in a line")},
                    {"about", word("what is measured, assumed, rescaled")},
                    {"include", one_or_list("files this one is laid over")},
                    {"focus", one_or_list("nodes or families summaries begin with")},
                    {"default", word("the scenario `run` takes; `none` is a calm world")}};
    properties["clock"] = described(open_schema<ClockSpec>(), "rounds, horizon, seed");
    properties["assets"] = plain_section<AssetSpec>("assets", "what is held and traded");
    properties["oracles"] = plain_section<FeedSpec>("oracles", "price feeds, by asset", "feed");
    properties["chains"] = plain_section<ChainSpec>("chains", "where nodes live");
    properties["venues"] = venues(VenueKinds{});
    properties["markets"] = markets();
    properties["vaults"] = vaults();
    properties["funds"] = funds();
    properties["defences"] = defences();
    properties["agents"] = agents();
    properties["scenarios"] = scenarios();
    properties["reported"] =
        plain_section<ReportedShape>("reported", "what was reported of events, by scenario");
    properties["designs"] = designs();
    return {{"$schema", "http://json-schema.org/draft-07/schema#"},
            {"title", "Faultline ecosystem"},
            {"description", "An ecosystem of decentralised finance, language version 1"},
            {"type", "object"},
            {"required", {"faultline"}},
            {"properties", std::move(properties)},
            {"patternProperties", {{"^[a-z]+\\.", json::object()}}},
            {"additionalProperties", false},
            {"definitions", std::move(definitions_)}};
  }

 private:
  static json described(json schema, std::string_view description) {
    schema["description"] = std::string(description);
    return schema;
  }

  /// A section: nodes by name; keys with a dot are overlay paths and may hold anything.
  static json section(const json& node, std::string_view description) {
    return {
        {"type", "object"},
        {"description", std::string(description)},
        {"patternProperties", {{"^[^.]+$", {{"anyOf", {node, off()}}}}, {"\\.", json::object()}}},
        {"additionalProperties", false}};
  }

  /// `each: {NAME: node}` or a list of names.
  static json each_of(const json& node) {
    const json members{{"type", "object"},
                       {"additionalProperties", {{"anyOf", {node, off(), {{"type", "null"}}}}}}};
    const json names{{"type", "array"}, {"items", {{"type", "string"}}}};
    return {{"anyOf", {members, names}},
            {"description", "one node per entry, named family.member, sharing the keys beside it"}};
  }

  static std::vector<std::string> names_of(const std::vector<PresetHead>& presets,
                                           std::string_view kind) {
    std::vector<std::string> out;
    for (const PresetHead& p : presets)
      if (kind.empty() || p.kind == kind) out.push_back(p.name);
    return out;
  }

  /// Adds what every node takes besides its kind's fields, and files it as a definition.
  void define(const std::string& name, json schema, const std::vector<PresetHead>& presets,
              std::string_view kind) {
    json& map = map_form(schema);
    map.erase("required");
    json& properties = map["properties"];
    const std::vector<std::string> names = names_of(presets, kind);
    if (!names.empty()) properties["preset"] = enum_of(names, "a named protocol's settings");
    if (!kind.empty()) properties["kind"] = enum_of({std::string(kind)}, "the mechanism");
    properties["each"] = each_of(defined(name));
    definitions_[name] = std::move(schema);
  }

  template <class Spec>
  json plain_section(const std::string& family, std::string_view description,
                     std::string_view kind = {}) {
    define(family, open_schema<Spec>(), presets_of(family), kind);
    return section(defined(family), description);
  }

  /// A node whose kind its preset or `kind:` decides; without either only `each` is looked into.
  json by_kind(const std::string& family, const std::vector<PresetHead>& presets,
               const std::vector<std::string>& kinds) {
    json choices = json::array();
    for (const std::string& kind : kinds) {
      const std::vector<std::string> names = names_of(presets, kind);
      json when =
          json::array({{{"required", {"kind"}}, {"properties", {{"kind", {{"const", kind}}}}}}});
      if (!names.empty()) {
        when.push_back({{"required", {"preset"}}, {"properties", {{"preset", {{"enum", names}}}}}});
      }
      choices.push_back({{"if", {{"anyOf", when}}}, {"then", defined(family + "." + kind)}});
    }
    json properties{{"kind", enum_of(kinds, "the mechanism")}, {"each", each_of(defined(family))}};
    if (!presets.empty()) {
      properties["preset"] = enum_of(names_of(presets, {}), "a named protocol's settings");
    }
    definitions_[family] = {{"type", "object"}, {"properties", properties}, {"allOf", choices}};
    return defined(family);
  }

  template <class... Kinds>
  json venues(TypeList<Kinds...>) {
    const std::vector<PresetHead> presets = presets_of("venues");
    (define("venues." + std::string(Kinds::name), open_schema<typename Kinds::Spec>(), presets,
            Kinds::name),
     ...);
    return section(by_kind("venues", presets, {std::string(Kinds::name)...}),
                   "where assets are traded");
  }

  template <class Kind>
  void market(const std::vector<PresetHead>& presets) {
    const std::string name = "markets." + std::string(Kind::name);
    define(name, open_schema<typename Kind::Spec>(), presets, Kind::name);
    json& properties = definitions_[name]["properties"];
    properties["borrowers"] = defined("borrowers");
    properties["note"] = word("what the file says of its source");
    const auto beneath = [](const char* what, json each) {
      return json{
          {"type", "object"},
          {"description", fmt::format("laid beneath each {0}: `'*'`, then the {0}'s asset", what)},
          {"additionalProperties", std::move(each)}};
    };
    if constexpr (std::is_same_v<Kind, AbsorbingMarket>) {
      properties["collateral_defaults"] =
          beneath("collateral", open_schema<AbsorbedCollateralSpec>());
    } else if constexpr (std::is_same_v<Kind, Cluster>) {
      properties["vault_defaults"] = beneath("vault", open_schema<ClusterVaultSpec>());
    } else {
      properties["reserve_defaults"] = beneath("reserve", open_schema<ReserveSpec>());
    }
  }

  template <class Kind>
  void perpetuals(const std::vector<PresetHead>& presets) {
    const std::string name = "markets." + std::string(Kind::name);
    define(name, open_schema<typename Kind::Spec>(), presets, Kind::name);
    json& properties = definitions_[name]["properties"];
    properties["accounts"] = {{"type", "object"},
                              {"description", "groups of traders by name"},
                              {"additionalProperties", open_schema<TraderGroupSpec>()}};
    properties["note"] = word("what the file says of its source");
  }

  json markets() {
    const json group = open_schema<GroupSpec>();
    definitions_["borrowers"] = {
        {"description", "accounts: a CSV, a group, groups by name, or a list"},
        {"anyOf",
         {open_schema<CsvSpec>(), group,
          json{{"type", "object"},
               {"not", {{"anyOf", {{{"required", {"file"}}}, {{"required", {"count"}}}}}}},
               {"additionalProperties", group}},
          json{{"type", "array"}, {"items", open_schema<ListedAccount>()}}}}};
    const std::vector<PresetHead> presets = presets_of("markets");
    market<PooledLending>(presets);
    market<IsolatedMarket>(presets);
    market<CdpMarket>(presets);
    market<TroveMarket>(presets);
    market<AbsorbingMarket>(presets);
    market<Cluster>(presets);
    market<BandMarket>(presets);
    perpetuals<PerpMarket>(presets);
    perpetuals<PoolPerps>(presets);
    const std::vector<std::string> kinds(MarketKinds::names.begin(), MarketKinds::names.end());
    return section(by_kind("markets", presets, kinds),
                   "where assets are lent, and contracts traded");
  }

  json vaults() {
    const std::vector<PresetHead> presets = presets_of("vaults");
    const auto kind = [&]<class Spec>(const Spec*) {
      const std::string name(Spec::name);
      define("vaults." + name, open_schema<Spec>(), presets, Spec::name);
      return name;
    };
    return section(by_kind("vaults", presets,
                           {kind(static_cast<const VaultSpec*>(nullptr)),
                            kind(static_cast<const SyntheticDollarSpec*>(nullptr)),
                            kind(static_cast<const CuratedVaultSpec*>(nullptr)),
                            kind(static_cast<const AlgorithmicCoinSpec*>(nullptr)),
                            kind(static_cast<const BridgeSpec*>(nullptr)),
                            kind(static_cast<const FiatCoinSpec*>(nullptr)),
                            kind(static_cast<const PoolShareSpec*>(nullptr))}),
                   "who takes failing accounts over, who issues dollars and coins, and who lends "
                   "for others");
  }

  /// A fund that names one reserve is a safety module, whether or not it says so.
  json funds() {
    define("funds.insurance_fund", open_schema<FundSpec>(), {}, FundSpec::name);
    define("funds.safety_module", open_schema<SafetyModuleSpec>(), {}, SafetyModuleSpec::name);
    definitions_["funds"] = {
        {"anyOf", {defined("funds.insurance_fund"), defined("funds.safety_module")}}};
    return section(defined("funds"), "who pays what accounts cannot");
  }

  json defences() {
    define("defences.guardian", open_schema<GuardianSpec>(), {}, GuardianSpec::name);
    define("defences.breaker", open_schema<BreakerSpec>(), {}, BreakerSpec::name);
    json out = section(
        by_kind("defences", {}, {std::string(GuardianSpec::name), std::string(BreakerSpec::name)}),
        "who may stop part of a market");
    for (const std::string name : {"guardian", "breaker"}) {
      out["properties"][name] = json{{"anyOf", {defined("defences." + name), off()}}};
    }
    return out;
  }

  json agents() {
    const std::vector<PresetHead> presets = presets_of("agents");
    const auto kind = [&]<class Spec>() {
      const std::string name = "agents." + std::string(Spec::name);
      define(name, open_schema<Spec>(), presets, Spec::name);
      return defined(name);
    };
    json properties = json::object();
    const auto each = [&]<class... Specs>(std::variant<Specs...>*) {
      ((properties[std::string(Specs::name)] =
            json{{"anyOf", {kind.template operator()<Specs>(), off()}}}),
       ...);
    };
    each(static_cast<AgentSpecs*>(nullptr));
    const std::vector<std::string_view> names = agent_kind_names();
    json out =
        section(by_kind("agents", presets, {names.begin(), names.end()}), "who acts under budgets");
    out["properties"] = std::move(properties);
    return out;
  }

  json scenarios() {
    definitions_["event"] = open_schema<EventSpec>();
    return {
        {"type", "object"},
        {"description", "lists of events by name; each event says when, one verb, and how long"},
        {"additionalProperties",
         {{"anyOf", {{{"type", "array"}, {"items", defined("event")}}, off()}}}}};
  }

  json definitions_ = json::object();
};

// --- the reference page ---

template <class T>
std::string value_row() {
  const ValueKind kind = value_kind<T>();
  std::string example(kind.example);
  std::replace(example.begin(), example.end(), '\'', '`');
  return fmt::format("| {} | {} |\n", kind.what, example);
}

std::string value_table() {
  return "| value | written |\n|---|---|\n" + value_row<Ratio>() + value_row<Seconds>() +
         value_row<Amount>() + value_row<PerYear>() + value_row<Depth>() + value_row<Pair>() +
         value_row<Move>() + value_row<Flow>() + value_row<Name>() + value_row<long>() +
         value_row<double>() + value_row<bool>();
}

std::string preset_table(std::string_view family) {
  std::string out;
  for (const PresetHead& p : presets_of(family)) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", p.name, p.kind, p.as_of, p.about);
  }
  if (out.empty()) return {};
  return "\n| preset | kind | as of | what |\n|---|---|---|---|\n" + out;
}

/// One spec's tables, parted from what follows.
template <class Spec>
std::string page(const std::string& title) {
  return markdown_of<Spec>(title) + "\n";
}

template <class... Specs>
std::string agent_pages(std::variant<Specs...>*) {
  return (page<Specs>(fmt::format("agents.{}", Specs::name)) + ...);
}

template <class... Kinds>
std::string venue_pages(TypeList<Kinds...>) {
  return (page<typename Kinds::Spec>(fmt::format("venues.NAME ({})", Kinds::name)) + ...);
}

constexpr std::string_view intro = R"(# The YAML of an ecosystem

Written by `faultline schema --reference` from the fields the reader itself declares; not to be edited.
`faultline schema` prints the same as a JSON Schema for editors, `faultline schema --preset NAME` one
preset with the source and date of its values.

Nodes stand in sections as `name: {...}`; edges come from references alone. `preset` takes a named
protocol's settings, keys beside it win. `each` makes one node per entry, `family.member`, sharing the
keys beside it. `off` removes what a preset or an included file says. Overlays (`include`, `--with`,
`--set PATH=VALUE`) state only what differs: maps merge, values and lists replace, later wins.

| section | holds |
|---|---|
| `faultline` | version of the language: 1 |
| `name`, `about` | what the file describes; what is measured, assumed, rescaled |
| `include` | a file or files this one is laid over |
| `clock` | rounds, horizon, seed |
| `focus` | nodes or families summaries begin with |
| `assets`, `venues`, `oracles`, `markets`, `vaults`, `funds`, `agents`, `defences`, `chains` | nodes by name |
| `scenarios` | lists of events by name |
| `default` | the scenario `run` takes; `none` is a calm world |
| `reported` | what was reported of the event a scenario is after |
| `designs` | other designs of the same ecosystem, by name, for `compare` |

Numbers carry their units; a bare number is taken only for counts, seeds, exponents and correlations.
`k`, `m` and `bn` are thousand, million and billion; minutes are `min`.

)";

}  // namespace

json language_schema() {
  return SchemaBuilder().build();
}

std::string language_reference() {
  std::string out(intro);
  out += value_table() + "\n# Clock\n\n" + page<ClockSpec>("clock");
  out += "# Assets\n\nA bare value is the price.\n" + preset_table("assets") + "\n" +
         page<AssetSpec>("assets.NAME");
  out += "# Venues\n" + preset_table("venues") + "\n" + venue_pages(VenueKinds{});
  out +=
      "# Oracles\n\nA feed is named as the asset it prices, or `family.ASSET`. An asset without "
      "one "
      "takes the defaults.\n" +
      preset_table("oracles") + "\n" + page<FeedSpec>("oracles.NAME");
  out += "# Markets\n" + preset_table("markets") + "\n";
  out += page<PooledLending::Spec>("markets.NAME (pooled_lending)");
  out +=
      "`reserve_defaults` of a pool lies beneath each of its reserves: first its entry `'*'`, on "
      "it "
      "that of the reserve's asset.\n\n";
  out += page<IsolatedMarket::Spec>("markets.NAME (isolated_market)");
  out += page<CdpMarket::Spec>("markets.NAME (cdp_market)");
  out += page<TroveMarket::Spec>("markets.NAME (trove_market)");
  out += page<AbsorbingMarket::Spec>("markets.NAME (absorbing_market)");
  out += "`collateral_defaults` likewise lies beneath each of its `collateral`.\n\n";
  out += page<Cluster::Spec>("markets.NAME (cluster)");
  out +=
      "`vault_defaults` likewise lies beneath each of its `vaults`. A bare share, as `WETH: 85%`, "
      "is the `lt` of a pair.\n\n";
  out +=
      "`note` of a market is what the file says of its source. `borrowers` is a CSV, a group, "
      "groups by name, or a list of accounts.\n\n" +
      page<CsvSpec>("borrowers (CSV)") + page<GroupSpec>("borrowers (group)") +
      page<ListedAccount>("borrowers[] (list)");
  out += page<BandMarket::Spec>("markets.NAME (band_loans)");
  out +=
      "The pool of `band_loans` is the venue `NAME.bands`; `borrowers` are as above, coins already "
      "in a loan's bands being posted.\n\n";
  out += page<PerpMarket::Spec>("markets.NAME (perpetuals)");
  out += page<PoolPerps::Spec>("markets.NAME (pool_perpetuals)");
  out += "`accounts` of a perpetual venue holds groups of traders by name.\n\n" +
         page<TraderGroupSpec>("accounts.NAME (traders)");
  out += "# Vaults\n" + preset_table("vaults") + "\n" +
         page<VaultSpec>("vaults.NAME (backstop_vault)") +
         page<SyntheticDollarSpec>("vaults.NAME (synthetic_dollar)") +
         page<CuratedVaultSpec>("vaults.NAME (curated_vault)") +
         page<AlgorithmicCoinSpec>("vaults.NAME (algorithmic_coin)") +
         page<BridgeSpec>("vaults.NAME (bridge)") + page<FiatCoinSpec>("vaults.NAME (fiat_coin)") +
         page<PoolShareSpec>("vaults.NAME (lp_share)");
  out += "# Funds\n\n" + page<FundSpec>("funds.NAME (insurance_fund)") +
         "A fund that covers one reserve, as `pool.WETH`, is a safety module.\n\n" +
         page<SafetyModuleSpec>("funds.NAME (safety_module)");
  out += "# Defences\n\nThe name of a kind says the kind; under another name write `kind:`.\n\n" +
         page<GuardianSpec>("defences.NAME (guardian)") +
         page<BreakerSpec>("defences.NAME (breaker)");
  out +=
      "# Agents\n\nThe name of a kind, as in `arbitrageurs`, says the kind; under another name "
      "write "
      "`kind:`.\n" +
      preset_table("agents") + "\n" + agent_pages(static_cast<AgentSpecs*>(nullptr));
  out += "# Chains\n\n" + page<ChainSpec>("chains.NAME");
  out += "# Scenarios\n\nA scenario is a list of events; an event has one verb.\n\n" +
         markdown_of<EventSpec>("scenarios.NAME[]");
  out += "# Reported\n\n`run` prints it beside what the scenario of that name does.\n\n" +
         page<ReportedShape>("reported.NAME");
  out += "# Designs\n\nKeys beside these are an overlay: what differs from the file.\n\n" +
         page<DesignSpec>("designs.NAME");
  return out;
}

}  // namespace faultline
