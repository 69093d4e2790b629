// Where plain lenders stand, and who of them watches, as compiled (sim/compile/depositors.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "protocols/agents/depositors.hpp"

namespace faultline {

/// Where those who leave a place lend again.
struct Haven {
  std::uint32_t place = 0;
  double share = 0;  // of what they were paid
};

/// What lenders can take their money out of: one reserve, or one curated vault.
struct DepositPlace {
  static constexpr std::uint32_t none = 0xffffffffu;
  std::uint32_t reserve = none;
  std::uint32_t vault = none;
  AccountId wallet;          // what its lenders took out, in their hands
  std::int32_t crowd = -1;   // who of them watches; -1: they stay where they are
  std::uint32_t row = none;  // of the position book: those who borrow against trapped claims
  std::vector<Haven> havens;
};

/// Lenders of some markets, and depositors of some vaults, who watch them all.
struct DepositorsInfo {
  std::string name;
  DepositorRules rules;
  double large = 0;                   // share of what is theirs at the opening
  std::vector<std::uint32_t> places;  // ascending
  std::vector<MarketId> markets;      // of these, ascending
  std::vector<std::uint32_t> vaults;  // likewise
};

}  // namespace faultline
