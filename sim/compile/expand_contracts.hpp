// A perpetual contract is an asset of its own (a claim on its underlying at 1), traded in a book of
// its own, marked by a feed of its own: all three are named `venue.UNDERLYING`. A claim that its
// issuer redeems stands for its exit queue too: the venue `redeem.CLAIM`. A market of loans on
// bands has a pool of its own: the venue `market.bands`. The LP share of a pool is an asset, whose
// rate is in the pool's quote.
#pragma once

#include "sim/ecosystem.hpp"

namespace faultline {

/// Name of a contract's asset, book and feed.
std::string contract_name(const std::string& market, const std::string& underlying);

/// The asset a perpetual venue settles in; empty where it takes no collateral.
std::string settlement_asset(const PerpMarket::Spec& spec);

/// Name of the unit in which a pool of traders counts sizes: a dollar at entry.
std::string face_name(const std::string& market);

/// Name of the pool in whose bands a market's loans lie.
std::string band_pool_name(const std::string& market);

/// The asset a pool's contract follows; empty where its pool is none.
std::string pool_index(const Ecosystem& eco, const PoolPerps::Spec& spec);

/// Name of the venue at which a pool's share is burnt for one of its coins.
std::string way_out_name(const std::string& share, const std::string& coin);

/// Adds what every pool share, every contract of the ecosystem's perpetual venues, every redeemed
/// claim and every market of loans on bands stands for. Once per ecosystem.
void expand_contracts(Ecosystem& eco);

}  // namespace faultline
