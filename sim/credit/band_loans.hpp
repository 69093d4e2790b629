// Loans on bands, phase by phase: what trades of the pool make of them, who may be liquidated and
// what that takes. The rules of one loan are in protocols/margin/band_loan.hpp.
#pragma once

#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

/// The loan of a position that lies in the bands of its market.
struct BandLoanAt {
  const BandBook& book;
  std::uint32_t loan = 0;  // among the market's
};
inline BandLoanAt band_loan_at(const Snapshot& world, std::uint32_t position) {
  const Market& market = world.markets[world.positions[position].market.value];
  const BandBook& book = world.band_books[static_cast<std::size_t>(market.bands)];
  return {book, position - book.first_position};
}

/// A loan at the opening, for those who look.
struct BandLoanView {
  long first = 0, last = 0;  // bands
  double converted = 0;      // share of what it has, at the pool's oracle price, that is the coin
  double to_bands = 0;       // fall of that price to its first band, as a share; 0 in its bands
  bool fails = false;        // may be liquidated
};
BandLoanView view_band_loan(const Snapshot& world, std::uint32_t position);

/// What one share of a band holds and promises where its pool stands.
void value_band(const BandBook& book, const BandPool::Params& p, const BandPool::State& s,
                std::size_t band, BandMarketRun& run);
/// What a loan has, of the run's values of its bands.
LoanHolding loan_holding(const Snapshot& world, const BandBook& book, const BandMarketRun& run,
                         std::uint32_t loan);
/// Whether a loan may be liquidated: full health, which counts what stands above its bands, is
/// below zero. `owed` in coins.
bool below_full_health(const BandBook& book, const BandPool::Params& p, const BandPool::State& s,
                       std::uint32_t loan, const LoanHolding& has, double owed);

/// 2 align, 6 settle: rows of loans whose bands trades or the pool's oracle price reached are
/// brought up to date. Costs those bands and their loans.
void refresh_band_loans(const Snapshot& world, Workspace& w);
/// 2 align, direct run: pools with loans trade with the outside world at the reference price, so
/// that bands convert there too.
void align_bands_at_reference(const Snapshot& world, Workspace& w);

/// Whether the loan of a row may be liquidated now, at the opening.
bool loan_fails(const Snapshot& world, const Workspace& w, std::uint32_t position);
bool loan_fails_at_opening(const Snapshot& world, std::uint32_t position);
/// 4 assess: loans that wait for a price which is there are woken: they join `woken` of parked
/// rows.
void wake_band_loans(const Snapshot& world, Workspace& w);
/// A loan that was parked waits for the price at which it fails, or would pay.
void wait_for_price(const Snapshot& world, Workspace& w, std::uint32_t position);
/// Whether a row that is parked, and whose legs or prices moved, is a loan that still waits: its
/// price is not there. It then waits for what that is now.
bool keeps_waiting(const Snapshot& world, Workspace& w, std::uint32_t position);
/// 4 assess: a loan whose health is below 1.
void plan_band_loan(const Snapshot& world, const Workspace& w, std::uint32_t position,
                    double gas_usd, PlannedRows& out);
/// 5 execute: what trades of the round will find in the bands, once the order's loan has left them
/// whole: at least so much.
void leave_bands(const Snapshot& world, const Workspace& w, const LiquidationOrder& order,
                 VenueStates& states);
/// 5 execute: the order's share of its loan leaves the bands: coins repay, the rest is the
/// liquidator's; the collateral is left in the pool's account for its sale. The amounts of the
/// order become those; its fraction 0 where nothing would be left to sell.
void take_from_bands(const Snapshot& world, Workspace& w, LiquidationOrder& order);
/// 6 settle: the order for a loan whose coins repay it, taken from its bands; its fraction is 0
/// where trades of the round left that no longer so.
LiquidationOrder closing_order(const Snapshot& world, Workspace& w, std::uint32_t position);
/// Writes the legs of a loan, and its reserves' totals, as its bands stand.
void write_loan(const Snapshot& world, Workspace& w, std::uint32_t position);

/// Share of what lies in a market's bands that is the coin, at market value.
double coin_share(const Snapshot& world, const Workspace& w, const BandBook& book);
/// That share at the end of a run.
void measure_bands(const Snapshot& world, Workspace& w);

}  // namespace faultline
