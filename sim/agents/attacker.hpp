// Exploits: an asset minted from nothing at full oracle price, and what its holder does next.
#pragma once

#include "sim/scenario.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// Mints, then posts where most can be borrowed (`borrow_out`), sells, or holds. Acts at once,
/// within supply caps, borrow caps and cash; what cannot be used stays in the attacker's wallet.
void launch_exploit(const Snapshot& world, const Exploit& exploit, Workspace& w);

}  // namespace faultline
