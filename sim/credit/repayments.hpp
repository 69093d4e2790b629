// Borrowers whom a high rate drives to repay (protocols/agents/repayers.hpp): out of money they
// have outside, so that a market whose lenders leave has cash again.
//   hurt       rate now - rate at the opening > tolerance
//   repays     share of the debt, once hurt for the delay and still; once in a run
//   gets back  the same share, by value, of his collateral, as far as its reserve has cash
// Who owes more than his collateral is worth at market pays nothing.
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// 6 settle, before lenders are paid. Costs those whom the rate hurts.
void settle_repayments(const Snapshot& world, Workspace& w);

/// Yearly rate that debtors of a reserve pay at some cash, debt, claims and rate state.
double borrow_rate_of(const RateModel& model, const ReserveState& state, double cash, double debt,
                      double claims);
/// The same now, of the pot a reserve draws on.
double borrow_rate_now(const Snapshot& world, const Workspace& w, std::uint32_t reserve);

}  // namespace faultline
