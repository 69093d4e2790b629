#include "data/parameter_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "data/units.hpp"

namespace faultline {

namespace {

/// Sets one field of a spec by name: from text, or from a number in SI.
class FieldSetter {
 public:
  FieldSetter(std::string_view name, const std::string* text, double number)
      : name_(name), text_(text), number_(number) {}

  template <class T>
  void operator()(std::string_view name, T& out, const Field& field) {
    if (name_.starts_with(name) && name_.substr(name.size()).starts_with('.')) {
      inside(out, name_.substr(name.size() + 1));
    }
    if (name != name_) return;
    if constexpr (requires {
                    typename T::value_type;
                    out = T{Ratio{}};
                  }) {
      typename T::value_type inner{};
      set(inner, field);
      if (found_) out = inner;
    } else {
      set(out, field);
    }
  }
  bool found() const { return found_; }
  const std::string& unit() const { return unit_; }
  /// The words a field of words may hold; its number is the place of one.
  const std::vector<std::string>& words() const { return words_; }
  const std::optional<ValueError>& error() const { return error_; }

 private:
  /// Sets a field of a nested spec.
  template <class T>
  void inside(T& out, std::string_view name) {
    if constexpr (requires { out.fields(*this); }) {
      FieldSetter inner(name, text_, number_);
      out.fields(inner);
      found_ = inner.found_;
      unit_ = inner.unit_;
      words_ = inner.words_;
      error_ = inner.error_;
    }
  }
  template <class T>
  void set(T& out, const Field& field) {
    if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>) {
      if constexpr (requires { out.has_value(); }) {
        typename T::value_type inner{};
        set(inner, field);
        if (found_) out = inner;
      }
    } else if constexpr (std::is_same_v<T, Ratio> || std::is_same_v<T, Seconds> ||
                         std::is_same_v<T, PerYear>) {
      put(out, T{number_},
          std::is_same_v<T, Ratio>     ? "ratio"
          : std::is_same_v<T, Seconds> ? "seconds"
                                       : "per year",
          field);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!field.choices.empty()) put_word(out, field);
    } else if constexpr (std::is_same_v<T, double>) {
      put(out, number_, "bare", field);
    } else if constexpr (std::is_same_v<T, Amount>) {
      put(out, Amount{number_, "$"}, "$", field);
    }
  }
  /// The number as it stands, or what the text says.
  template <class T>
  void put(T& out, const T& number, const char* unit, const Field& field) {
    found_ = true;
    unit_ = unit;
    if (text_ == nullptr) {
      out = number;
    } else {
      error_ = parse_value(*text_, out, {.field = name_, .lo = field.lo, .hi = field.hi});
    }
  }

  void put_word(std::string& out, const Field& field) {
    found_ = true;
    unit_ = "word";
    std::istringstream in{std::string(field.choices)};
    for (std::string word; in >> word;) words_.push_back(word);
    if (text_ == nullptr) {
      const auto place = static_cast<std::size_t>(std::max(0.0, number_ + 0.5));
      out = words_[std::min(place, words_.size() - 1)];
    } else if (std::find(words_.begin(), words_.end(), *text_) != words_.end()) {
      out = *text_;
    } else {
      error_ = ValueError{"E0472", fmt::format("'{}' is not a word of '{}'", *text_, name_),
                          fmt::format("write one of {}", fmt::join(words_, ", "))};
    }
  }

  std::string_view name_;
  const std::string* text_;
  double number_;
  bool found_ = false;
  std::string unit_;
  std::vector<std::string> words_;
  std::optional<ValueError> error_;
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = path.find('.', begin);
    parts.push_back(path.substr(begin, dot - begin));
    if (dot == std::string::npos) return parts;
    begin = dot + 1;
  }
}

/// A parameter made of a spec to copy, a field to set, and what the spec compiles to.
template <class Spec, class Compile>
std::optional<Parameter> make_parameter(const std::string& path, const std::string& field,
                                        const Spec& spec, Compile compile) {
  Spec probe = spec;
  FieldSetter setter(field, nullptr, 0);
  probe.fields(setter);
  if (!setter.found()) return std::nullopt;
  Parameter p;
  p.path = path;
  p.unit = setter.unit();
  p.words = setter.words();
  // What differs from a value nobody writes is what rests on the field; of words, from another.
  const auto set_to = [spec, field](double value) {
    Spec out = spec;
    FieldSetter set(field, nullptr, value);
    out.fields(set);
    return out;
  };
  const bool words = !p.words.empty();
  const auto other_than = [set_to, words](bool first) {
    return set_to(words ? (first ? 1 : 0) : 0.3718281828459045);
  };
  p.at_number = [set_to, other_than, compile](double value) {
    return compile(set_to(value), other_than(value < 0.5));
  };
  p.at_text = [spec, other_than, field, compile, all = p.words](const std::string& text,
                                                                Diagnostics& diagnostics, Span at) {
    Spec changed = spec;
    FieldSetter set(field, &text, 0);
    changed.fields(set);
    if (set.error()) {
      diagnostics.error(set.error()->code, at, set.error()->message, set.error()->remedy);
    }
    return compile(changed, other_than(!all.empty() && text == all.front()));
  };
  return p;
}

class ParameterFinder {
 public:
  ParameterFinder(const Ecosystem& eco, const Snapshot& world) : eco_(eco), world_(world) {}

  std::vector<Parameter> find(const std::string& path) {
    const std::vector<std::string> parts = split(path);
    if (parts.size() < 3) return {};
    std::string field = parts.back();
    std::string name = parts[1];
    std::string reserve, emode;
    std::size_t last = parts.size() - 1;
    for (std::size_t i = 2; parts[0] == "markets" && i + 2 <= last; ++i) {
      if (parts[i] != "vaults") continue;
      for (std::size_t k = 2; k < i; ++k) name += "." + parts[k];
      clusters(name, std::vector(parts.begin() + static_cast<std::ptrdiff_t>(i + 1), parts.end()));
      return std::move(found_);
    }
    if (parts[0] == "markets" && last >= 3 && parts[last - 1] == "rate") {
      field = "rate." + field;
      --last;
    }
    if (parts[0] == "markets" && last >= 3 &&
        (parts[last - 1] == "adl" || parts[last - 1] == "liquidation")) {
      field = parts[last - 1] + "." + field;
      --last;
    }
    if (parts[0] == "markets" && last >= 4 && parts[last - 2] == "reserves") {
      reserve = parts[last - 1];
      last -= 2;
    }
    if (parts[0] == "markets" && last >= 4 && parts[last - 2] == "emodes") {
      emode = parts[last - 1];
      last -= 2;
    }
    for (std::size_t i = 2; i < last; ++i) name += "." + parts[i];
    if (parts[0] == "agents" && parts[parts.size() - 2] == "sees" && last >= 3) {
      name = name.substr(0, name.size() - 5);
      field = "sees." + field;
    }
    if (parts[0] == "oracles") feeds(name, field);
    if (parts[0] == "venues") venues(name, field);
    if (parts[0] == "agents") agents(name, field);
    if (parts[0] == "vaults") coins(name, field);
    if (parts[0] == "markets" && !emode.empty()) emodes(name, emode, field);
    if (parts[0] == "markets" && emode.empty()) markets(name, reserve, field);
    return std::move(found_);
  }

 private:
  static bool matches(const std::string& wanted, const std::string& name,
                      const std::string& family) {
    return wanted == "*" || wanted == name || wanted == family;
  }
  void add(std::optional<Parameter> p) {
    if (p) found_.push_back(std::move(*p));
  }

  void feeds(const std::string& name, const std::string& field) {
    for (std::uint32_t o = 0; o < world_.oracles.size(); ++o) {
      const OracleInfo& info = world_.oracles[o];
      if (!matches(name, info.name, info.name)) continue;
      const bool live = info.params.live;
      if (live && (field == "latency" || field == "heartbeat" || field == "deviation")) continue;
      FeedSpec spec;
      for (const auto& node : eco_.oracles) {
        if (node.name == info.name) spec = node.spec;
      }
      const bool rate = world_.assets[info.asset.value].base.valid();
      add(make_parameter("oracles." + info.name + "." + field, field, spec,
                         [o, rate](const FeedSpec& s, const FeedSpec& other) {
                           SettingChange c;
                           c.what = SettingChange::What::feed;
                           c.target = o;
                           c.feed_other = compile_feed(other, rate);
                           c.feed = compile_feed(s, rate);
                           return c;
                         }));
    }
  }

  /// What a spec says of a standing venue that a run may change.
  template <class Spec>
  static VenueTuning tuning(const Spec& spec) {
    VenueTuning t;
    t.fee = spec.fee.value;
    if constexpr (requires { spec.half_spread; }) t.half_spread = spec.half_spread.value;
    if constexpr (requires { spec.refill; }) t.refill_s = spec.refill.value;
    if constexpr (requires { spec.permanent; }) t.permanent = spec.permanent.value;
    return t;
  }

  void venues(const std::string& name, const std::string& field) {
    static const std::map<std::string, double VenueTuning::*> members{
        {"fee", &VenueTuning::fee},
        {"half_spread", &VenueTuning::half_spread},
        {"refill", &VenueTuning::refill_s},
        {"permanent", &VenueTuning::permanent}};
    const auto member = members.find(field);
    if (member == members.end()) return;
    for (const auto& node : eco_.venues) {
      if (!matches(name, node.name, node.cluster)) continue;
      const auto change = [v = world_.venue(node.name), m = member->second](const auto& s,
                                                                            const auto&) {
        SettingChange c;
        c.what = SettingChange::What::venue;
        c.target = v.value;
        c.venue.*m = tuning(s).*m;
        return c;
      };
      std::visit(
          [&](const auto& spec) {
            add(make_parameter("venues." + node.name + "." + field, field, spec, change));
          },
          node.spec.spec);
    }
  }

  /// Without `this`: what it finds outlives the finder.
  static double usd(const Snapshot& world, const Amount& a) {
    if (a.unit == "$") return a.value;
    const AssetId asset = world.asset(a.unit);
    return asset.valid() ? a.value * world.opening.market.reference[asset.value] : 0;
  }

  /// Terms of issuers of algorithmic coins.
  void coins(const std::string& name, const std::string& field) {
    static const std::set<std::string> may_change{"base_pool", "recovery", "block", "least_spread",
                                                  "opens"};
    if (!may_change.contains(field)) return;
    for (std::uint32_t i = 0; i < world_.coins.size(); ++i) {
      const std::string& issuer = world_.coins[i].name;
      if (!matches(name, issuer, std::string(AlgorithmicCoinSpec::name))) continue;
      for (const auto& node : eco_.coins) {
        if (node.name != issuer) continue;
        const auto terms = [world = &world_](const AlgorithmicCoinSpec& s) {
          const AssetId unit = world->asset(s.base_pool.unit);
          const double each = unit.valid() ? world->opening.market.reference[unit.value] : 1;
          return compile_coin_terms(s, s.base_pool.value * each);
        };
        add(make_parameter(
            "vaults." + issuer + "." + field, field, node.spec,
            [terms, i](const AlgorithmicCoinSpec& s, const AlgorithmicCoinSpec& other) {
              SettingChange c;
              c.what = SettingChange::What::coin;
              c.target = i;
              c.coin_other = terms(other);
              c.coin = terms(s);
              return c;
            }));
      }
    }
  }

  template <class Get>
  auto budget(SettingChange::What what, std::uint32_t target, Get get) {
    return [=](const auto& spec, const auto&) {
      SettingChange c;
      c.what = what;
      c.target = target;
      c.value = get(spec);
      return c;
    };
  }

  void agents(const std::string& name, const std::string& field) {
    using What = SettingChange::What;
    const auto amount = [world = &world_](const std::optional<Amount>& a) {
      return a ? usd(*world, *a) : std::numeric_limits<double>::infinity();
    };
    for (std::uint32_t i = 0; i < world_.liquidators.size(); ++i) {
      if (!matches(name, world_.liquidators[i].name, "liquidators")) continue;
      LiquidatorSpec spec;
      for (const auto& node : eco_.agents) {
        if (node.name == world_.liquidators[i].name) spec = std::get<LiquidatorSpec>(node.spec);
      }
      const std::string path = "agents." + world_.liquidators[i].name + "." + field;
      if (field == "capital") {
        add(make_parameter(
            path, field, spec,
            budget(What::liquidator_capital, i, [=](const auto& s) { return amount(s.capital); })));
      } else if (field == "gas") {
        add(make_parameter(path, field, spec,
                           budget(What::liquidator_gas, i, [world = &world_](const auto& s) {
                             return s.gas ? usd(*world, *s.gas) : std::nan("");
                           })));
      }
    }
    for (std::uint32_t i = 0; i < world_.flow_agents.size(); ++i) {
      const std::string& dealers = world_.flow_agents[i].name;
      for (const auto& node : eco_.agents) {
        const auto* spec = std::get_if<OptionDealers::Spec>(&node.spec);
        if (spec == nullptr || node.name != dealers || field != "size") continue;
        if (!matches(name, dealers, std::string(OptionDealers::name))) continue;
        add(make_parameter("agents." + dealers + "." + field, field, *spec,
                           budget(What::book_size, i, [](const auto& s) { return s.size.value; })));
      }
    }
    depositors(name, field);
    for (std::uint32_t i = 0; i < world_.arbitrageurs.size(); ++i) {
      if (!matches(name, world_.arbitrageurs[i].name, "arbitrageurs")) continue;
      ArbitrageurSpec spec;
      for (const auto& node : eco_.agents) {
        if (node.name == world_.arbitrageurs[i].name) spec = std::get<ArbitrageurSpec>(node.spec);
      }
      const std::string path = "agents." + world_.arbitrageurs[i].name + "." + field;
      if (field == "capital") {
        add(make_parameter(path, field, spec,
                           budget(What::arbitrageur_capital, i,
                                  [=](const auto& s) { return amount(s.capital); })));
      } else if (field == "gas") {
        add(make_parameter(path, field, spec,
                           budget(What::arbitrageur_gas, i, [world = &world_](const auto& s) {
                             return s.gas ? usd(*world, *s.gas) : std::nan("");
                           })));
      } else if (field == "latency") {
        add(make_parameter(
            path, field, spec,
            budget(What::arbitrageur_latency, i, [](const auto& s) { return s.latency.value; })));
      }
    }
  }

  /// Rules of lenders who watch; a change carries all of them.
  void depositors(const std::string& name, const std::string& field) {
    if (field == "large") return;  // settled at the opening
    for (std::uint32_t i = 0; i < world_.depositors.size(); ++i) {
      const std::string& crowd = world_.depositors[i].name;
      if (!matches(name, crowd, std::string(DepositorsSpec::name))) continue;
      for (const auto& node : eco_.agents) {
        const auto* spec = std::get_if<DepositorsSpec>(&node.spec);
        if (spec == nullptr || node.name != crowd) continue;
        add(make_parameter("agents." + crowd + "." + field, field, *spec,
                           [i](const DepositorsSpec& s, const DepositorsSpec& other) {
                             SettingChange c;
                             c.what = SettingChange::What::depositors;
                             c.target = i;
                             c.depositors_other = compile_depositor_rules(other);
                             c.depositors = compile_depositor_rules(s);
                             return c;
                           }));
      }
    }
  }

  /// Adds a parameter of one reserve. compiled: what a spec makes of the reserve.
  template <class Spec, class Compiled>
  void change_reserve(const std::string& path, const std::string& field, const Spec& spec,
                      std::uint32_t r, Compiled compiled) {
    add(make_parameter(path, field, spec, [r, compiled](const Spec& s, const Spec& other) {
      SettingChange c;
      c.what = SettingChange::What::reserve;
      c.target = r;
      c.reserve_other = compiled(other);
      c.reserve = compiled(s);
      return c;
    }));
  }

  template <class Spec>
  void reserve_parameter(const std::string& path, const std::string& field, const Spec& spec,
                         std::uint32_t r) {
    const Reserve base = world_.reserves[r];
    const double price = world_.opening.market.reference[base.asset.value];
    const auto units = [world = &world_, price](const std::optional<Amount>& a, double otherwise) {
      return a ? usd(*world, *a) / price : otherwise;
    };
    const auto compiled = [=](const Spec& s) {
      Reserve out = base;
      if constexpr (requires { compile_terms(s); }) out.terms = compile_terms(s);
      if constexpr (std::is_same_v<Spec, ReserveSpec>) {
        if (!s.collateral) out.terms.ltv = out.terms.lt = 0;
        out.rate = compile_rate(s.rate);
        out.supply_cap = units(s.supply_cap, base.supply_cap);
        out.borrow_cap = units(s.borrow_cap, base.borrow_cap);
      } else if (field.starts_with("rate.")) {
        out.rate = compile_rate(s.rate);
      }
      return out;
    };
    change_reserve(path, field, spec, r, compiled);
  }

  /// Terms of a category: of all its collateral at once.
  void emodes(const std::string& name, const std::string& emode, const std::string& field) {
    for (const auto& node : eco_.markets) {
      const auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec);
      if (pool == nullptr || !matches(name, node.name, node.cluster)) continue;
      const Market& market = world_.markets[world_.market(node.name).value];
      for (std::uint32_t i = 0; i < market.reserve_count; ++i) {
        const std::uint32_t r = market.first_reserve + i;
        const Reserve base = world_.reserves[r];
        if (base.emode < 0) continue;
        const std::string& category = market.emodes[static_cast<std::size_t>(base.emode)].name;
        if (emode != "*" && emode != category) continue;
        const auto compiled = [base](const EmodeSpec& s) {
          Reserve out = base;
          out.terms.ltv = s.ltv.value;
          out.terms.lt = s.lt.value;
          out.terms.bonus = s.bonus.value;
          return out;
        };
        change_reserve("markets." + node.name + ".emodes." + category + "." + field, field,
                       pool->emodes.at(category), r, compiled);
      }
    }
  }

  /// What a vault of a cluster asks of its debtors: of a pair, as `WETH.collateral.wstETH.lt`, of
  /// all its pairs, or of the vault itself.
  void clusters(const std::string& name, const std::vector<std::string>& parts) {
    const bool of_pair = parts.size() == 4 && parts[1] == "collateral";
    const bool of_rate = parts.size() == 3 && parts[1] == "rate";
    if (!of_pair && !of_rate && parts.size() != 2) return;
    const std::string field = (of_rate ? "rate." : "") + parts.back();
    for (const auto& node : eco_.markets) {
      const auto* spec = std::get_if<Cluster::Spec>(&node.spec.spec);
      if (spec == nullptr || !matches(name, node.name, node.cluster)) continue;
      const Market& market = world_.markets[world_.market(node.name).value];
      for (std::uint32_t i = 0; i < market.reserve_count; ++i) {
        const std::uint32_t r = market.first_reserve + i;
        const Reserve base = world_.reserves[r];
        const std::string& asset = world_.assets[base.asset.value].name;
        const std::string& vault =
            base.emode < 0 ? asset : market.emodes[static_cast<std::size_t>(base.emode)].name;
        if (!matches(parts[0], vault, vault)) continue;
        const std::string path = "markets." + node.name + ".vaults." + vault + ".";
        const ClusterVaultSpec& of = spec->vaults.at(vault);
        if (of_pair) {
          if (base.emode < 0 || !matches(parts[2], asset, asset)) continue;
          change_reserve(path + "collateral." + asset + "." + field, field, of.collateral.at(asset),
                         r, [base](const ClusterPairSpec& s) {
                           Reserve out = base;
                           out.terms.lt = s.lt.value;
                           out.terms.ltv = opening_ltv(s);
                           return out;
                         });
        } else if (base.emode >= 0) {
          if (field == "max_discount") pair_discount(path + field, field, of, r);
        } else if (of_rate || field == "supply_cap" || field == "borrow_cap") {
          vault_itself(path + field, field, of, r);
        }
      }
    }
  }
  void pair_discount(const std::string& path, const std::string& field, const ClusterVaultSpec& of,
                     std::uint32_t r) {
    change_reserve(path, field, of, r, [base = world_.reserves[r]](const ClusterVaultSpec& s) {
      Reserve out = base;
      out.terms.bonus = 1 / (1 - s.max_discount.value) - 1;
      return out;
    });
  }
  void vault_itself(const std::string& path, const std::string& field, const ClusterVaultSpec& of,
                    std::uint32_t r) {
    const Reserve base = world_.reserves[r];
    const double price = world_.opening.market.reference[base.asset.value];
    change_reserve(path, field, of, r, [world = &world_, base, price](const ClusterVaultSpec& s) {
      Reserve out = base;
      out.rate = compile_rate(s.rate);
      if (s.supply_cap) out.supply_cap = usd(*world, *s.supply_cap) / price;
      if (s.borrow_cap) out.borrow_cap = usd(*world, *s.borrow_cap) / price;
      return out;
    });
  }

  /// Rules of a perpetual venue that its accounts are closed by; a change carries all of them.
  void perp_parameter(const Named<MarketNode>& node, const PerpMarket::Spec& spec,
                      const std::string& field) {
    const Market& market = world_.markets[world_.market(node.name).value];
    if (market.perp < 0) return;
    const auto place = static_cast<std::uint32_t>(market.perp);
    add(make_parameter(
        "markets." + node.name + "." + field, field, spec,
        [place](const PerpMarket::Spec& s, const PerpMarket::Spec& other) {
          SettingChange c;
          c.what = SettingChange::What::perp;
          c.target = place;
          c.perp_other = {compile_perp_liquidation(other.liquidation), compile_adl(other.adl)};
          c.perp = {compile_perp_liquidation(s.liquidation), compile_adl(s.adl)};
          return c;
        }));
  }

  void markets(const std::string& name, const std::string& reserve, const std::string& field) {
    for (const auto& node : eco_.markets) {
      if (!matches(name, node.name, node.cluster)) continue;
      const MarketId m = world_.market(node.name);
      const Market& market = world_.markets[m.value];
      if (const auto* pool = std::get_if<PooledLending::Spec>(&node.spec.spec)) {
        for (std::uint32_t i = 0; i < market.reserve_count; ++i) {
          const std::uint32_t r = market.first_reserve + i;
          const std::string& asset = world_.assets[world_.reserves[r].asset.value].name;
          if (world_.reserves[r].emode >= 0 || (reserve != "*" && reserve != asset)) continue;
          reserve_parameter("markets." + node.name + ".reserves." + asset + "." + field, field,
                            pool->reserves.at(asset), r);
        }
      } else if (const auto* perp = std::get_if<PerpMarket::Spec>(&node.spec.spec)) {
        if (field.starts_with("adl.") || field.starts_with("liquidation.")) {
          perp_parameter(node, *perp, field);
        }
      } else if (reserve.empty() && std::holds_alternative<IsolatedMarket::Spec>(node.spec.spec)) {
        // The loan asset bears the rate; the terms are those of the collateral.
        reserve_parameter("markets." + node.name + "." + field, field,
                          std::get<IsolatedMarket::Spec>(node.spec.spec),
                          market.first_reserve + (field.starts_with("rate.") ? 0 : 1));
      } else if (const auto* bands = std::get_if<BandMarket::Spec>(&node.spec.spec);
                 bands != nullptr && reserve.empty() && field.starts_with("rate.")) {
        reserve_parameter("markets." + node.name + "." + field, field, *bands,
                          market.first_reserve);
      } else if (const auto* absorbing = std::get_if<AbsorbingMarket::Spec>(&node.spec.spec);
                 absorbing != nullptr && reserve.empty() && field.starts_with("rate.")) {
        reserve_parameter("markets." + node.name + "." + field, field, *absorbing,
                          market.first_reserve);
      }
    }
  }

  const Ecosystem& eco_;
  const Snapshot& world_;
  std::vector<Parameter> found_;
};

}  // namespace

std::vector<Parameter> find_parameters(const std::string& path, const Ecosystem& eco,
                                       const Snapshot& world, Diagnostics& diagnostics, Span at) {
  std::vector<Parameter> found = ParameterFinder(eco, world).find(path);
  if (found.empty()) {
    diagnostics.error("E0471", at, "no parameter '" + path + "' that a run can change",
                      "paths look like oracles.*.latency, agents.liquidators.capital, "
                      "markets.pool.reserves.ETH.lt or venues.world.refill; depth leaves by "
                      "`withdraw`");
  }
  return found;
}

ResolveSet set_resolver(const Ecosystem& eco, const Snapshot& world, Diagnostics& diagnostics) {
  return [&](const std::string& path, const std::string& text, Span at) {
    std::vector<SettingChange> changes;
    for (const Parameter& p : find_parameters(path, eco, world, diagnostics, at)) {
      changes.push_back(p.at_text(text, diagnostics, at));
    }
    return changes;
  };
}

}  // namespace faultline
