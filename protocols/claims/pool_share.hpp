// LP shares of a pool as an asset: what one is worth, and by which reading.
//   fair(Pb, Pq) = V(Pb, Pq) / S        V: worth of the tokens the curve would hold had arbitrage
//                                       brought it to these prices (protocols/venues/curve.hpp,
//                                       lp_value); on constant product 2*sqrt(base*quote*Pb*Pq)
//                                       (angeris2020)
//   spot(Pb, Pq) = (base*Pb + quote*Pq) / S      the reserves as they stand: whoever trades in the
//                                                pool moves it, up whichever way (warp_2020)
// No trade inside the pool raises the first but by the fee it pays.
#pragma once

#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/venues/curve.hpp"

namespace faultline {

/// The LP share of a venue.
struct PoolShareSpec {
  static constexpr std::string_view name = "lp_share";
  Name of;
  std::optional<std::string> issues;
  std::optional<Amount> supply;

  template <class V>
  void fields(V& v) {
    v("of", of,
      Field{.help = "the pool whose LP share it is: of constant product, weighted, StableSwap or "
                    "CryptoSwap, with two coins",
            .required = true,
            .refers = Refers::venue});
    v("issues", issues, Field{.help = "the asset's name; left out: the vault's"});
    v("supply", supply,
      Field{.help = "shares there are at the opening, in the share; left out: one for each dollar "
                    "of the pool's fair value then. What no market, venue or agent holds of them "
                    "is with the pool's other providers",
            .lo = 0});
  }
};

/// How a share is read.
enum class ShareReading : std::uint8_t { fair, reserves };

/// Worth of all of a pool's shares at these prices of its coins, and of one; 0 where there are
/// none.
template <class K>
double pool_value(const typename K::Params& p, const typename K::State& s, ShareReading reading,
                  double base_price, double quote_price) {
  if (reading == ShareReading::fair) return lp_value<K>(p, s, base_price, quote_price);
  double base = K::base_held(p, s), quote = K::quote_held(p, s);
  if constexpr (requires { s.aside_base; }) {  // the administrator's
    base -= s.aside_base;
    quote -= s.aside_quote;
  }
  return base * base_price + quote * quote_price;
}

}  // namespace faultline
