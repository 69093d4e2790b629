// Agents of random worlds: one generator per kind.
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "tests/laws/random_sketch.hpp"
#include "tests/laws/vary.hpp"

namespace faultline::laws {

namespace {

std::vector<Name> names_of(const std::vector<std::string>& texts) {
  std::vector<Name> out;
  for (const std::string& t : texts) out.push_back({t});
  return out;
}

template <class Spec>
struct AgentGenerator;

template <>
struct AgentGenerator<ArbitrageurSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> served;
    for (const std::string& v : s.venues) {
      if (s.draw.chance(0.9)) served.push_back(v);
    }
    if (served.empty()) return;
    ArbitrageurSpec spec;
    spec.between = names_of(served);
    if (s.draw.chance(0.4)) spec.capital = s.worth(s.draw.log_between(1e4, 1e7), s.roots[0]);
    if (s.draw.chance(0.4)) spec.latency.value = s.draw.between(0, 200);
    if (s.draw.chance(0.4)) spec.gas = Amount{s.draw.between(0, 40), "$"};
    s.eco.agents.push_back({s.prefix + "arbitrageurs", {}, {}, {}, spec});
  }
};

template <>
struct AgentGenerator<LiquidatorSpec> {
  static void add(Sketch& s) {
    const std::size_t groups = 1 + s.draw.below(2);
    for (std::size_t g = 0; g < groups; ++g) {
      LiquidatorSpec spec;
      for (std::size_t m = g; m < s.markets.size(); m += groups) {
        spec.serves.push_back({s.markets[m]});
      }
      if (spec.serves.empty()) continue;
      if (s.draw.chance(0.5)) spec.capital = s.worth(s.draw.log_between(1e3, 1e6), s.roots[0]);
      if (s.draw.chance(0.4)) spec.gas = Amount{s.draw.between(0, 100), "$"};
      s.eco.agents.push_back({fmt::format("{}liquidators{}", s.prefix, g), {}, {}, {}, spec});
    }
  }
};

template <>
struct AgentGenerator<MakerSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> books;
    for (const auto& v : s.eco.venues) {
      const bool book = std::holds_alternative<OrderBook::Spec>(v.spec.spec);
      if (book && v.name.starts_with(s.prefix) && s.draw.chance(0.8)) books.push_back(v.name);
    }
    if (books.empty()) return;
    for (std::size_t g = 0; g < 1 + s.draw.below(2); ++g) {
      MakerSpec spec;
      spec.quotes = names_of(books);
      if (s.draw.chance(0.3)) spec.share = Ratio{s.draw.between(0.1, 0.5)};
      if (s.draw.chance(0.4)) spec.capital = s.worth(s.draw.log_between(1e3, 1e7), s.roots[0]);
      if (s.draw.chance(0.7)) vary(spec.retreat.emplace(), s.draw);
      s.eco.agents.push_back({fmt::format("{}makers{}", s.prefix, g), {}, {}, {}, spec});
    }
  }
};

/// Fields every flow agent has; nullopt where the world has nothing for it to trade.
template <class Spec>
std::optional<Spec> flow_spec(Sketch& s) {
  if (s.traded.empty() || s.draw.chance(0.82)) return std::nullopt;
  Spec spec;
  vary(spec, s.draw);
  spec.asset = {s.draw.pick(s.traded)};
  std::vector<std::string> trade;
  bool priced = false;  // by some venue: pools that trade at an oracle's price tell none
  for (const auto& v : s.eco.venues) {
    if (!v.name.starts_with(s.prefix)) continue;
    std::visit(
        [&]<class Venue>(const Venue& venue) {
          // Its other asset must not be valued by this venue: the quote asset never is.
          if (venue.pair.base != spec.asset.text || venue.pair.quote != quote_asset) return;
          trade.push_back(v.name);
          priced = priced || !(std::is_same_v<Venue, BandPool::Spec> ||
                               std::is_same_v<Venue, OraclePool::Spec>);
        },
        v.spec.spec);
  }
  if (trade.empty()) return std::nullopt;
  if (!priced || s.draw.chance(0.7)) spec.at = Name{s.draw.pick(trade)};
  if (s.draw.chance(0.3)) spec.capital = s.worth(s.draw.log_between(1e4, 1e7), spec.asset.text);
  if (s.draw.chance(0.3)) spec.gas = Amount{s.draw.between(0, 40), "$"};
  if (s.draw.chance(0.3)) spec.band = s.worth(s.draw.log_between(10, 1e5), spec.asset.text);
  if (s.draw.chance(0.3)) spec.every.value = s.draw.between(0, 300);
  if (s.draw.chance(0.3)) spec.latency.value = s.draw.between(0, 200);
  return spec;
}

void add_flow_agent(Sketch& s, std::string_view name, AgentSpecs spec) {
  s.eco.agents.push_back({s.prefix + std::string(name), {}, {}, {}, std::move(spec)});
}

template <>
struct AgentGenerator<OptionDealers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<OptionDealers::Spec>(s);
    if (!spec) return;
    const std::string& asset = spec->asset.text;
    const double price = s.usd.at(asset);
    const bool timed = !s.options.still && s.draw.chance(0.6);  // a book's delta drifts by itself
    for (std::size_t i = 0; timed && i < 1 + s.draw.below(6); ++i) {
      OptionSpec option;
      vary(option, s.draw);
      option.strike = {price * s.draw.between(0.6, 1.4), "$"};
      option.expiry.value = s.draw.log_between(100, 1e6);
      option.size = s.worth(s.draw.log_between(1e3, 1e7), asset);
      if (s.draw.chance(0.5)) option.size.value *= -1;
      spec->options.push_back(option);
    }
    if (timed && s.draw.chance(0.3)) {
      OptionGridSpec grid;
      vary(grid, s.draw);
      grid.expiry.value = s.draw.log_between(100, 1e6);
      grid.calls = s.worth(s.draw.between(-1, 1) * 1e6, asset);
      grid.puts = s.worth(s.draw.between(-1, 1) * 1e6, asset);
      spec->grid.push_back(grid);
    }
    if (s.draw.chance(0.3)) spec->standard_size = s.worth(s.draw.log_between(1e4, 1e7), asset);
    double at = price * s.draw.between(0.3, 0.9);
    for (std::size_t i = 0; (!timed || s.draw.chance(0.3)) && i < 4; ++i) {
      ProfilePoint point;
      point.at = {at, "$"};
      point.gamma = {s.draw.between(-1, 0.5) * s.draw.log_between(1e2, 1e6), "$"};
      if (s.draw.chance(0.5)) point.vega = Amount{s.draw.between(-1e4, 1e4), "$"};
      spec->profile.push_back(point);
      at *= s.draw.between(1.05, 1.5);
    }
    if (spec->profile.size() == 1) spec->profile.clear();
    if (spec->options.empty() && spec->profile.empty()) return;
    if (s.draw.chance(0.3)) spec->iv_half_life = Seconds{s.draw.log_between(60, 1e5)};
    if (s.draw.chance(0.3)) spec->iv_on_fall = s.draw.between(0, 3);
    add_flow_agent(s, OptionDealers::name, *spec);
    if (s.options.still || s.draw.chance(0.5)) return;
    PutHolderSpec puts;
    vary(puts, s.draw);
    puts.from = {s.prefix + std::string(OptionDealers::name)};
    puts.strike = {price * s.draw.between(0.6, 1.4), "$"};
    puts.expiry.value = s.draw.log_between(100, 1e6);
    puts.size = s.worth(s.draw.log_between(1e3, 1e6), asset);
    add_flow_agent(s, PutHolderSpec::name, puts);
  }
};

template <>
struct AgentGenerator<PutHolderSpec> {
  static void add(Sketch&) {}  // needs dealers: added with them
};

template <>
struct AgentGenerator<PortfolioInsurers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<PortfolioInsurers::Spec>(s);
    if (!spec) return;
    if (s.options.still) spec->policy = "cppi";  // the delta of a put drifts by itself
    spec->assets = s.worth(s.draw.log_between(1e4, 1e7), spec->asset.text);
    add_flow_agent(s, PortfolioInsurers::name, *spec);
  }
};

template <>
struct AgentGenerator<TrendFollowers::Spec> {
  static void add(Sketch& s) {
    auto spec = flow_spec<TrendFollowers::Spec>(s);
    if (!spec) return;
    spec->position = s.worth(s.draw.log_between(1e3, 1e7), spec->asset.text);
    spec->lookback.value = s.draw.log_between(60, 1e5);
    add_flow_agent(s, TrendFollowers::name, *spec);
  }
};

/// A dollar that rests on carry traders, backed by about as much as it owes; at rest, by more.
void add_synthetic_dollar(Sketch& s, const std::string& traders, double position_usd) {
  SyntheticDollarSpec vault;
  AssetSpec dollar;
  dollar.rate = Rate{1, quote_asset};
  const std::string name = s.prefix + "SD";
  const double reserve = position_usd * s.draw.between(0.05, 0.3);
  const double cover = s.options.still ? s.draw.between(1.1, 1.3) : s.draw.between(0.9, 1.3);
  dollar.supply = Amount{(1.5 * position_usd + reserve) / cover, name};
  s.eco.assets.push_back({name, {}, {}, {}, dollar});
  s.usd[name] = 1;
  vault.issues = {name};
  vault.rests_on = {{traders}};
  vault.holds[quote_asset] = {reserve, "$"};
  if (s.draw.chance(0.3)) vault.admits = "never";
  vault.reports.value = s.draw.chance(0.4) ? 0 : s.draw.log_between(10, 1e4);
  s.eco.dollars.push_back({s.prefix + "issuer", {}, {}, {}, vault});
  add_venue(s, s.draw.below(VenueKinds::size), {name, quote_asset});
}

template <>
struct AgentGenerator<BasisTraders::Spec> {
  static void add(Sketch& s) {
    for (const auto& market : s.eco.markets) {
      const auto* perps = std::get_if<PerpMarket::Spec>(&market.spec.spec);
      if (perps == nullptr || !market.name.starts_with(s.prefix)) continue;
      for (const auto& [root, contract] : perps->contracts) {
        auto spec = flow_spec<BasisTraders::Spec>(s);
        if (!spec || spec->asset.text != root || contract.inverse) continue;
        const Amount& open = *contract.open_interest;
        const double open_usd = open.unit == "$" ? open.value : open.value * s.usd.at(open.unit);
        const double usd = open_usd * s.draw.between(0.05, 0.6);
        spec->market = {market.name};
        spec->position = s.worth(usd, root);
        spec->leverage.value = s.options.still ? 2 : s.draw.between(0.5, 6);
        spec->capital.reset();
        spec->posts.reset();
        add_flow_agent(s, BasisTraders::name, *spec);
        if (s.draw.chance(0.7)) {
          add_synthetic_dollar(s, s.prefix + std::string(BasisTraders::name), usd);
        }
        return;
      }
    }
  }
};

template <>
struct AgentGenerator<CoinHolders::Spec> {
  static void add(Sketch&) {}  // need a coin: added with it (random_coins.cpp)
};

template <>
struct AgentGenerator<CheapBuyersSpec> {
  static void add(Sketch&) {}  // likewise
};

template <>
struct AgentGenerator<DepositorsSpec> {
  static void add(Sketch& s) {
    std::vector<std::string> lending;
    for (const auto& m : s.eco.markets) {
      const bool lends = std::holds_alternative<PooledLending::Spec>(m.spec.spec) ||
                         std::holds_alternative<IsolatedMarket::Spec>(m.spec.spec);
      if (lends && m.name.starts_with(s.prefix)) lending.push_back(m.name);
    }
    if (lending.empty() || s.draw.chance(0.5)) return;
    DepositorsSpec spec;
    vary(spec, s.draw);
    std::vector<std::string> curated;
    for (const auto& v : s.eco.curated) {
      if (v.name.starts_with(s.prefix) && s.draw.chance(0.7)) curated.push_back(v.name);
    }
    spec.in = names_of(lending);
    for (const std::string& v : curated) spec.in.push_back({v});
    spec.within.value = s.draw.log_between(10, 1e4);
    if (s.draw.chance(0.3)) spec.sees.hole.reset();
    if (s.draw.chance(0.3)) spec.sees.depeg.reset();
    if (s.draw.chance(0.3)) spec.sees.full->value = s.draw.between(0.5, 1);
    if (s.draw.chance(0.3)) spec.herding.value = s.draw.between(0, 5);
    if (s.draw.chance(0.4)) spec.large.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.fear.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.same_curator.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.same_asset.value = s.draw.between(0, 1);
    if (s.draw.chance(0.5)) spec.hearsay.value = s.draw.log_between(0.2, 20);
    if (s.draw.chance(0.6)) spec.borrows_out.value = s.draw.between(0, 1);
    if (lending.size() > 1 && s.draw.chance(0.5)) {  // what two of them lend, if anything
      for (const auto& m : s.eco.markets) {
        const auto* pool = std::get_if<PooledLending::Spec>(&m.spec.spec);
        if (pool != nullptr && m.name == lending[0]) spec.havens[m.name] = {s.draw.between(0, 0.5)};
      }
    }
    if (curated.size() > 1 && s.draw.chance(0.6)) {
      spec.havens[curated[s.draw.below(curated.size())]] = {s.draw.between(0, 0.5)};
    }
    s.eco.agents.push_back({s.prefix + std::string(DepositorsSpec::name), {}, {}, {}, spec});
  }
};

template <>
struct AgentGenerator<RepayersSpec> {
  static void add(Sketch& s) {
    if (s.draw.chance(0.5)) return;
    RepayersSpec spec;
    vary(spec, s.draw);
    for (const auto& m : s.eco.markets) {
      const bool market = std::holds_alternative<PooledLending::Spec>(m.spec.spec) ||
                          std::holds_alternative<IsolatedMarket::Spec>(m.spec.spec) ||
                          std::holds_alternative<CdpMarket::Spec>(m.spec.spec);
      if (market && m.name.starts_with(s.prefix)) spec.in.push_back({m.name});
    }
    if (spec.in.empty()) return;
    spec.bears.value = s.draw.log_between(1e-4, 0.3);
    spec.within.value = s.draw.log_between(10, 3000);
    spec.repays.value = s.draw.chance(0.4) ? 1 : s.draw.between(0, 1);
    spec.holds.value = s.draw.chance(0.6) ? 1.2 : s.draw.between(0, 1);
    s.eco.agents.push_back({s.prefix + std::string(RepayersSpec::name), {}, {}, {}, spec});
  }
};

template <class... Specs>
void add_all(std::variant<Specs...>*, Sketch& s) {
  (AgentGenerator<Specs>::add(s), ...);
}

}  // namespace

void add_agents(Sketch& s) {
  add_all(static_cast<AgentSpecs*>(nullptr), s);
}

}  // namespace faultline::laws
