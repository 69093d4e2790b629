// What is behind synthetic dollars, and when their issuers admit that less is
// (protocols/claims/synthetic_dollar.hpp).
#pragma once

#include "sim/snapshot.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// What an issuer's carry books and reserve are worth, USD: positions at the mark, coins at market.
double issuer_worth(const Snapshot& world, const Workspace& w, const DollarIssuer& issuer);

/// 7 mark-down: finds what is behind each dollar; whether that changed.
bool back_dollars(const Snapshot& world, Workspace& w);

/// 1 shock: lets the rates of issuers who report now say what was found the round before; whether
/// one moved. rebuilt: contract rates have just been set anew by the scenario.
bool admit_losses(const Snapshot& world, Workspace& w, bool rebuilt);

/// Whether some issuer has yet to report what is behind its dollar.
bool reports_pending(const Snapshot& world, const Workspace& w);

/// Share of what a dollar pays by contract now that is behind it.
inline double unadmitted_share(const Workspace& w, std::int32_t issuer) {
  const DollarState& d = w.dollars[static_cast<std::size_t>(issuer)];
  return d.behind / d.admitted;
}

}  // namespace faultline
