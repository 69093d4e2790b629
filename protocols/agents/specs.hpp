// Agents of this model: who carries prices between venues, who liquidates, who quotes, who trades
// by a rule of its own (the kinds of registry.hpp), which lenders watch
// (depositors.hpp) and which borrowers repay (repayers.hpp). Each
// acts under budgets of capital, gas and latency.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/agents/cheap_collateral.hpp"
#include "protocols/agents/depositors.hpp"
#include "protocols/agents/registry.hpp"
#include "protocols/agents/repayers.hpp"
#include "protocols/venues/retreat.hpp"

namespace faultline {

inline constexpr Field turnover_field{
    .help = "time until capital put into a trade is free again; below a round it counts as one",
    .lo = 0,
    .hi = 86400,
    .source = "one block of Ethereum: bought and sold again in the next"};

struct ArbitrageurSpec {
  static constexpr std::string_view name = "arbitrageurs";
  std::optional<Amount> capital;
  Seconds turnover{12};
  Seconds latency{0};
  std::optional<Amount> gas;
  std::vector<Name> between;

  template <class V>
  void fields(V& v) {
    v("capital", capital, Field{.help = "most they have in trades at once; left out: unlimited"});
    v("turnover", turnover, turnover_field);
    v("latency", latency, Field{.help = "how late they see the reference", .lo = 0, .hi = 86400});
    v("gas", gas, Field{.help = "cost of one trade; left out: the chain's"});
    v("between", between,
      Field{.help = "venues they serve; left out: all", .refers = Refers::venue});
  }
};

struct LiquidatorSpec {
  static constexpr std::string_view name = "liquidators";
  std::optional<Amount> capital;
  Seconds turnover{12};
  std::optional<Amount> gas;
  std::vector<Name> serves;

  template <class V>
  void fields(V& v) {
    v("capital", capital,
      Field{.help = "one purse for all markets served, most at once; left out: flash-funded"});
    v("turnover", turnover, turnover_field);
    v("gas", gas, Field{.help = "cost of one liquidation; left out: the chain's"});
    v("serves", serves,
      Field{.help = "markets they serve; left out: all", .refers = Refers::market});
  }
};

struct MakerSpec {
  static constexpr std::string_view name = "makers";
  std::vector<Name> quotes;
  std::optional<Ratio> share;
  std::optional<Amount> capital;
  std::optional<RetreatSpec> retreat;

  template <class V>
  void fields(V& v) {
    v("quotes", quotes,
      Field{.help = "order books they quote", .required = true, .refers = Refers::venue});
    v("share", share,
      Field{.help = "share of each book's depth that is theirs; left out: what others leave, in "
                    "equal parts",
            .lo = 0,
            .hi = 1});
    v("capital", capital,
      Field{.help = "one purse for all books: who lost half of it quotes half; left out: losses "
                    "do not count",
            .lo = 1e-9,
            .source = "form: kyle_xiong2001"});
    v("retreat", retreat,
      Field{.help = "what volatility does to their quotes, one for all books; left out: nothing"});
  }
};

/// Who bought puts of option dealers before the run, as protection: they are in the dealers' book,
/// hedged there, and pay from the dealers' purse where the price at expiry is below the strike.
struct PutHolderSpec {
  static constexpr std::string_view name = "put_holders";
  Name from;
  Amount strike{0, "$"};
  Seconds expiry{0};
  Amount size;
  Ratio iv{0.6};

  template <class V>
  void fields(V& v) {
    v("from", from,
      Field{
          .help = "the option dealers who wrote them", .required = true, .refers = Refers::agent});
    v("strike", strike, Field{.help = "in $", .lo = 1e-12, .required = true, .scales = Scales::no});
    v("expiry", expiry,
      Field{.help = "when they pay, from the start of a run",
            .lo = 1,
            .hi = 3.2e8,
            .required = true});
    v("size", size, Field{.help = "of the underlying", .lo = 0, .required = true});
    v("iv", iv,
      Field{.help = "implied volatility a year",
            .lo = 0.001,
            .hi = 20,
            .source = "our choice: ETH at calm, 60%"});
  }
};

/// Every kind of agent a file may write; `Spec::name` says which.
template <class... Kinds>
std::variant<ArbitrageurSpec, LiquidatorSpec, MakerSpec, PutHolderSpec, typename Kinds::Spec...,
             DepositorsSpec, RepayersSpec, CheapBuyersSpec>
    agent_specs(TypeList<Kinds...>);
using AgentSpecs = decltype(agent_specs(FlowKinds{}));

template <class... Specs>
std::vector<std::string_view> spec_names(std::variant<Specs...>*) {
  return {Specs::name...};
}
/// The kinds by name, in the order of the list.
inline std::vector<std::string_view> agent_kind_names() {
  return spec_names(static_cast<AgentSpecs*>(nullptr));
}

}  // namespace faultline
