// Values as people write them: a number and its unit, parsed from text and never guessed.
#pragma once

#include <string>
#include <vector>

namespace faultline {

/// A share of one: 5% is 0.05, 50bps is 0.005, 8x is 8.
struct Ratio {
  double value = 0;
};

/// A length of time in seconds: 12s, 77min, 2h17min, 4d, 1y (365 d).
struct Seconds {
  double value = 0;
};

/// An amount with its unit: {1.9e9, "$"} for $1.9bn, {420e3, "rsETH"} for 420k rsETH.
struct Amount {
  double value = 0;
  std::string unit;
};

/// A yearly rate: 9.8%/y is 0.098. Kinds turn it into a rate per second.
struct PerYear {
  double value = 0;
};

/// Depth of a market on one side: `$20m within 1%`.
struct Depth {
  Amount amount;
  double within = 0.01;
};

/// Two assets of a venue, written BASE/QUOTE; prices are quote per base.
struct Pair {
  std::string base;
  std::string quote;
};

/// A reference by name to another node; which families it may name is part of the declaration.
struct Name {
  std::string text;
};

/// A price move: -25% is {-0.25, relative}, $25 is {25, absolute in USD}.
struct Move {
  double value = 0;
  bool absolute = false;
};

/// A flow of an asset: 57600 ETH/d is {57600/86400, "ETH"}, per second.
struct Flow {
  double per_second = 0;
  std::string unit;
};

/// A value of any unit, kept as text until the field it is meant for is known (`set`, draws).
struct AnyText {
  std::string text;
};

/// What one unit of a claim pays by contract, or a price in another asset: 1.07 ETH.
using Rate = Amount;

}  // namespace faultline
