// The nodes of a description in order of name, so that the order of YAML keys means nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sim/ecosystem.hpp"

namespace faultline {

/// Nodes of one family in order of name, so that the order of YAML keys means nothing.
template <class Node>
class ByName {
 public:
  explicit ByName(const std::vector<Node>& nodes) {
    for (const Node& node : nodes) order_.push_back(&node);
    std::sort(order_.begin(), order_.end(),
              [](const Node* a, const Node* b) { return a->name < b->name; });
  }
  std::size_t size() const { return order_.size(); }
  bool empty() const { return order_.empty(); }
  const Node& operator[](std::size_t i) const { return *order_[i]; }

  struct Iterator {
    const Node* const* at;
    const Node& operator*() const { return **at; }
    Iterator& operator++() {
      ++at;
      return *this;
    }
    bool operator==(const Iterator&) const = default;
  };
  Iterator begin() const { return {order_.data()}; }
  Iterator end() const { return {order_.data() + order_.size()}; }

 private:
  std::vector<const Node*> order_;
};

/// The nodes of an ecosystem by name; it must outlive them.
struct SortedNodes {
  explicit SortedNodes(const Ecosystem& eco)
      : assets(eco.assets),
        venues(eco.venues),
        oracles(eco.oracles),
        markets(eco.markets),
        vaults(eco.vaults),
        dollars(eco.dollars),
        coins(eco.coins),
        bridges(eco.bridges),
        fiat_coins(eco.fiat_coins),
        curated(eco.curated),
        shares(eco.shares),
        funds(eco.funds),
        safety_modules(eco.safety_modules),
        guardians(eco.guardians),
        breakers(eco.breakers),
        agents(eco.agents),
        chains(eco.chains) {}
  ByName<Named<AssetSpec>> assets;
  ByName<Named<VenueNode>> venues;
  ByName<Named<FeedSpec>> oracles;
  ByName<Named<MarketNode>> markets;
  ByName<Named<VaultSpec>> vaults;
  ByName<Named<SyntheticDollarSpec>> dollars;
  ByName<Named<AlgorithmicCoinSpec>> coins;
  ByName<Named<BridgeSpec>> bridges;
  ByName<Named<FiatCoinSpec>> fiat_coins;
  ByName<Named<CuratedVaultSpec>> curated;
  ByName<Named<PoolShareSpec>> shares;
  ByName<Named<FundSpec>> funds;
  ByName<Named<SafetyModuleSpec>> safety_modules;
  ByName<Named<GuardianSpec>> guardians;
  ByName<Named<BreakerSpec>> breakers;
  ByName<Named<AgentSpecs>> agents;
  ByName<Named<ChainSpec>> chains;
};

}  // namespace faultline
