// Compiling clusters of vaults: private to sim/.
#pragma once

#include "sim/compile/context.hpp"

namespace faultline {

/// Reserves of a cluster: its vaults, then for each that lends the shares its debtors may post.
void add_cluster(CompileContext& c, Market& market, MarketId id, const Cluster::Spec& spec);
/// One more set of terms for what a reserve holds, for accounts of a category.
void add_sharer(CompileContext& c, std::uint32_t pot, std::int32_t emode,
                const LendingTerms& terms);
/// Of a cluster: which vault each listed account owes, hence in which category it is; reports who
/// owes two, and shares that the vault does not take.
void find_controllers(CompileContext& c, const Market& market, AccountRows& rows);
/// A group of a cluster's accounts as groups that owe one vault each: what it states, or what is
/// `left` [reserve] to be owed; accounts in proportion to dollars.
std::vector<AccountGroup> parts_by_vault(CompileContext& c, const Market& market,
                                         const AccountGroup& group,
                                         const std::vector<double>& left);
/// The row in which liquidators with capital hold what they take over at a vault; empty: none.
void held_legs(const CompileContext& c, const ClusterInfo& cluster, const ClusterVault& vault,
               std::vector<LegInput>& legs);

}  // namespace faultline
