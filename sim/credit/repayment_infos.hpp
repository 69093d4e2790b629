// Borrowers who repay when rates rise, as compiled (sim/compile/repayments.cpp), and what one run
// changes of them (sim/credit/repayments.cpp); parts of the snapshot and of the workspace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.hpp"

namespace faultline {

/// One debt of one account.
struct RepayingRow {
  std::uint32_t row = 0, leg = 0;  // of the position book
  double bears = 0;                // per year, above the opening rate
  double delay_s = 0;
};

/// The debts of one reserve, by what their owners bear, least first.
struct RepayingReserve {
  std::uint32_t reserve = 0;
  std::uint32_t agent = 0;             // among the repayers
  double opening_rate = 0;             // per year
  std::uint32_t first = 0, count = 0;  // rows
};

struct RepayersInfo {
  std::string name;
  double repays = 1;
  std::vector<MarketId> markets;
  std::vector<AccountId> wallet;  // [asset] their money outside, and collateral they got back
};

struct RepaymentRun {
  std::vector<std::uint32_t> hurt;  // [repaying reserve] so many of its rows the rate hurts now
  std::vector<double> since_s;      // [row] since when; infinite: done
  std::vector<unsigned char> told;  // [repaying reserve] of the run's story

  void reset(std::size_t reserves, std::size_t rows) {
    hurt.assign(reserves, 0);
    since_s.assign(rows, 0.0);
    told.assign(reserves, 0);
  }
};

}  // namespace faultline
