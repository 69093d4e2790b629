// The venue kinds, listed once. A new kind is a header that satisfies VenueCurve, and a name here.
#pragma once

#include "core/registry.hpp"
#include "protocols/venues/band_pool.hpp"
#include "protocols/venues/concentrated_liquidity.hpp"
#include "protocols/venues/constant_product.hpp"
#include "protocols/venues/crypto_pool.hpp"
#include "protocols/venues/metaorder.hpp"
#include "protocols/venues/oracle_pool.hpp"
#include "protocols/venues/order_book.hpp"
#include "protocols/venues/outside.hpp"
#include "protocols/venues/redemption.hpp"
#include "protocols/venues/stableswap.hpp"
#include "protocols/venues/weighted_pool.hpp"

namespace faultline {

using VenueKinds = TypeList<ConstantProduct, ConcentratedLiquidity, OrderBook, Outside, StableSwap,
                            WeightedPool, CryptoPool, BandPool, OraclePool, Metaorder, Redemption>;

}  // namespace faultline
