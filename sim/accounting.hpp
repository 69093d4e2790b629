// The books around a run: wealth by bearer at its start and end, and the audit of law 1.
#pragma once

#include <string>

#include "sim/workspace.hpp"

namespace faultline {

/// Notes opening wealth and prices. Call after reset.
void open_books(const Snapshot& world, Workspace& w);

/// Computes what the outcome says of the end: gains by bearer, exit values, what stayed unserved;
/// and audits the ledger (a failure becomes the stop reason).
void close_books(const Snapshot& world, Workspace& w);

/// Law 1: every asset's accounts sum to what was there plus what was minted, every amount is whole,
/// and scaled supply and debt equal the sum over their holders. Empty when all holds.
/// `with_rows` also sums all position rows and holds the search of rows under water against a scan
/// (costs the size of the book).
std::string audit(const Snapshot& world, Workspace& w, bool with_rows);

}  // namespace faultline
