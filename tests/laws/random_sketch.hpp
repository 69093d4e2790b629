// What the parts of a random world share while it is drawn. Private to random_*.cpp.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/ecosystem.hpp"
#include "tests/laws/random_ecosystem.hpp"

namespace faultline::laws {

inline const std::string quote_asset = "USDX";

/// One half of a world while it is being drawn: names already taken, and prices to size things by.
struct Sketch {
  Draw& draw;
  const Options& options;
  Ecosystem& eco;
  std::string prefix;
  std::map<std::string, double> usd{};
  std::vector<std::string> roots{}, claims{}, traded{}, venues{}, markets{};
  std::string unpriced{};  // an asset nobody can price, if there is one

  std::vector<std::string> holdings() const {
    std::vector<std::string> all = roots;
    all.insert(all.end(), claims.begin(), claims.end());
    return all;
  }
  /// Dollars written as dollars or as units of `asset`.
  Amount worth(double dollars, const std::string& asset) {
    if (draw.chance(0.5)) return {dollars, "$"};
    return {dollars / usd.at(asset), asset};
  }
};

/// What is laid onto a component that is whole without it, drawn from a stream of its own.
struct Addition {
  Draw& draw;
  const Options& options;
  Ecosystem& eco;
  std::string prefix;

  template <class Spec>
  void add(std::vector<Named<Spec>>& to, const std::string& name, Spec spec) {
    to.push_back({prefix + name, {}, prefix + name, {}, std::move(spec)});
  }
};

/// A constant product pool of so many dollars.
void add_pool(Addition& to, const std::string& name, const Pair& pair, double size);

/// A venue of the n-th registered kind for a pair, unless the asset has its outside market already.
void add_venue(Sketch& s, std::size_t kind, const Pair& pair);
/// Venues of every asset but a few that nobody can sell (random_venues.cpp).
void add_venues(Sketch& s);
/// One that trades at an oracle's price, for a market whose traders it pays.
VenueNode drawn_oracle_pool(Sketch& s, const Pair& pair);
/// A feed for most assets, every stage varied (random_oracles.cpp).
void add_oracles(Sketch& s);

// random_markets.cpp
void vary_terms(Sketch& s, LendingTermsSpec& terms);
void vary_rate(Sketch& s, RateSpec& rate);
/// Adds one account: two or three legs of the rows' assets, by place; collateral first.
void add_account(Sketch& s, PositionRows& rows, const std::vector<std::size_t>& collateral,
                 const std::vector<double>& weights, std::size_t debt);
/// Units of one asset all accounts post and owe, the greater of the two.
double most_used(const PositionRows& rows, std::size_t asset);
void add_markets(Sketch& s);

/// One or two vaults over what lends the quote asset (random_vaults.cpp).
void add_curated_vaults(Sketch& s);
/// Agents of every kind, where the world has something for them (random_agents.cpp).
void add_agents(Sketch& s);

}  // namespace faultline::laws
