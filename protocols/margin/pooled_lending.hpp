// A monolithic pool: one account may post any mix of the reserves and owe any mix. What users
// write; compiled to the same reserves, terms and position book as every other lending design.
// Mechanics: Compound v2, Aave v2 and v3 as presets. Source: docs/model.md, "Lending".
#pragma once

#include <map>
#include <optional>
#include <string>

#include "protocols/margin/emode.hpp"
#include "protocols/margin/lending_spec.hpp"

namespace faultline {

struct PooledLending {
  static constexpr std::string_view name = "pooled_lending";

  struct Spec {
    std::map<std::string, ReserveSpec> reserves;
    std::map<std::string, EmodeSpec> emodes;
    std::optional<Name> shares_cash_with;
    LossSpec losses;
    bool stand_in = false;

    template <class V>
    void fields(V& v) {
      v("reserves", reserves,
        Field{.help = "assets lent or posted here, by asset",
              .required = true,
              .refers = Refers::asset});
      v("emodes", emodes,
        Field{.help = "categories of assets that move together, with terms of their own"});
      v("shares_cash_with", shares_cash_with,
        Field{.help = "the pool whose reserves it lends from and supplies to, asset by asset: a "
                      "spoke of that hub",
              .refers = Refers::market});
      v("losses", losses,
        Field{.help = "when bad debt is booked, and who bears it in which order"});
      v("stand_in", stand_in,
        Field{.help = "hosted here only until its real mechanism exists; every summary says so"});
    }
  };
};

}  // namespace faultline
