// A venue trades one pair, BASE/QUOTE; prices are quote per base. Kinds are curves over plain data:
// Params are compiled once and shared, State is what one run changes. All kernels are unrounded;
// the engine rounds fills to quanta, against the trader, before it applies them.
#pragma once

#include <concepts>
#include <cstdint>

namespace faultline {

/// Who walks the curve: `sell` gives base and takes quote, `buy` gives quote and takes base.
enum class Side : std::uint8_t { sell, buy };

/// What every venue kind offers the engine. in/out are amounts of the given/taken asset, fee
/// included; prices are marginal mid prices in quote per base, before fees.
template <class K>
concept VenueKind = requires(const typename K::Params& p, typename K::State& s,
                             const typename K::State& c, Side side, double x) {
  {K::name};
  { K::fee(p, c) } -> std::same_as<double>;                    // share of the input kept by LPs
  { K::marginal(p, c) } -> std::same_as<double>;               // mid price now
  { K::out_given_in(p, c, side, x) } -> std::same_as<double>;  // taken for `x` given, net of fee
  { K::price_after(p, c, side, x) } -> std::same_as<double>;   // marginal after `x` is given
  {
    K::in_to_price(p, c, side, x)
    } -> std::same_as<double>;                         // given that moves marginal to `x`;
                                                       // 0 where it is already beyond
  { K::most_in(p, c, side) } -> std::same_as<double>;  // greatest input it can fill
  K::apply(p, s, side, x, x);                          // given, taken: both in quanta
  K::relax(p, s, x, x);                                // seconds passed, reference price
  K::withdraw(p, s, x);                                // LPs take this share of depth out
  { K::base_held(p, c) } -> std::same_as<double>;      // tokens the curve stands on
  { K::quote_held(p, c) } -> std::same_as<double>;
};

}  // namespace faultline
