// What markets believe and hold, as columns. Oracles and protocols both read and write these, so
// the struct lives below both; each column names the one phase that writes it.
#pragma once

#include <vector>

namespace faultline {

/// One run's view of prices and cash. Prices are USD per unit unless said otherwise.
struct MarketState {
  // 1 shock
  std::vector<double> reference;      // [asset] where outside money would trade it; NaN: nowhere
  std::vector<double> contract_rate;  // [asset] what one unit pays by code, in its base asset
  std::vector<double> discount;       // [asset] market value below contract value, a share
  std::vector<unsigned char> halted;  // [venue] 1: the scenario lets nobody trade there
  // 5 execute: the permanent part of impact, a factor on reference
  std::vector<double> permanent;  // [asset]
  // 2 align, 5 execute: refreshed from the venues that moved
  std::vector<double> venue_price;  // [venue] quote per base, marginal, before fees
  // [2 * venue + side] taken per given at the margin, net of fee; then 1 and 0, for lanes without
  // and closed ones; then the best of each bundle of venues
  std::vector<double> venue_rate;
  std::vector<double> spot;  // [asset] market value
  // 1 shock: what a contract's longs have paid so far, and its shorts received, per contract in its
  // settlement asset; 0 for everything else. 6 settle: losses shared by a side
  std::vector<double> funding;  // [2 * reserve + side]: long, short
  // 3 oracle
  std::vector<double> published;      // [oracle] what readers believe; NaN: nothing published
  std::vector<unsigned char> usable;  // [oracle] 0: stale or failed, readers refuse it
  std::vector<double> band;  // [oracle] collateral counts this less, debt this more; mostly 0
  // 1 shock (accrual), 6 settle (haircuts)
  std::vector<double> supply_index;  // [reserve] units of asset per scaled unit supplied
  std::vector<double> borrow_index;  // [reserve] units of asset per scaled unit owed
};

}  // namespace faultline
