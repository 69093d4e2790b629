// Every kind of market the YAML may name. A new kind is one header and one line here.
#pragma once

#include "core/registry.hpp"
#include "protocols/margin/absorbing_market.hpp"
#include "protocols/margin/band_market.hpp"
#include "protocols/margin/cdp_market.hpp"
#include "protocols/margin/cluster.hpp"
#include "protocols/margin/isolated_market.hpp"
#include "protocols/margin/perp_market.hpp"
#include "protocols/margin/pool_perp_market.hpp"
#include "protocols/margin/pooled_lending.hpp"
#include "protocols/margin/trove_market.hpp"

namespace faultline {

template <class... Kinds>
struct MarketTypeList {
  using Specs = std::variant<typename Kinds::Spec...>;
  static constexpr std::array<std::string_view, sizeof...(Kinds)> names{Kinds::name...};
};

using MarketKinds = MarketTypeList<PooledLending, IsolatedMarket, PerpMarket, PoolPerps, CdpMarket,
                                   BandMarket, TroveMarket, AbsorbingMarket, Cluster>;

}  // namespace faultline
