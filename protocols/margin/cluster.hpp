// A cluster of vaults that take each other's shares as collateral: what users write of it. Every
// asset is a vault of its own; whoever owes one posts shares of the vaults it lists, at the terms
// of the pair, and owes no other. Collateral is lent out, so it is a claim. Mechanics: Euler v2.
// Source: docs/model.md, "Clusters of vaults".
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/margin/rates.hpp"

namespace faultline {

/// What a vault's debtors get for shares of another.
struct ClusterPairSpec {
  static constexpr std::string_view shorthand = "lt";
  Ratio lt{0.85};
  std::optional<Ratio> ltv;

  template <class V>
  void fields(V& v) {
    v("lt", lt,
      Field{.help = "share of their value that counts in health",
            .lo = 0,
            .hi = 1,
            .source = "WETH against USDC, Euler's Prime cluster (euler_v2_clusters)"});
    v("ltv", ltv,
      Field{.help = "share of their value that may be borrowed; left out: lt less 2%",
            .lo = 0,
            .hi = 1,
            .source = "spreadLTV of Euler's own clusters (euler_v2_clusters)"});
  }
};

struct ClusterVaultSpec {
  std::optional<Amount> supplied, borrowed, supply_cap, borrow_cap;
  std::optional<Name> oracle;
  bool escrow = false;
  std::map<std::string, ClusterPairSpec> collateral;
  Ratio max_discount{0.15};
  Seconds ramp{0};
  bool socialise = true;
  Amount least_socialised{0, "$"};
  RateSpec rate;

  template <class V>
  void fields(V& v) {
    constexpr auto evk = "EVault Liquidation (euler_v2_code)";
    v("supplied", supplied,
      Field{.help = "units deposited, borrowers' collateral included", .lo = 0});
    v("borrowed", borrowed, Field{.help = "units owed", .lo = 0});
    v("supply_cap", supply_cap, Field{.help = "no new supply above this; absent: none", .lo = 0});
    v("borrow_cap", borrow_cap, Field{.help = "no new debt above this; absent: none", .lo = 0});
    v("oracle", oracle, Field{.help = "feed, if not the asset's own", .refers = Refers::oracle});
    v("escrow", escrow, Field{.help = "its deposits are lent to nobody"});
    v("collateral", collateral,
      Field{.help = "vaults whose shares its debtors may post, by asset; none: nobody can borrow",
            .refers = Refers::asset});
    v("max_discount", max_discount,
      Field{.help = "liquidators get shares at a discount of 1 - health, at most this",
            .lo = 0,
            .hi = 0.5,
            .source = "Euler's Prime cluster (euler_v2_clusters)"});
    v("ramp", ramp,
      Field{.help = "a lower lt comes in over this long; a higher one, and any ltv, at once",
            .lo = 0,
            .hi = 3.2e7,
            .source = evk});
    v("socialise", socialise,
      Field{.help = "debt of an account without shares left is erased, and a share of this vault "
                    "worth less; no: it stays",
            .source = evk});
    v("least_socialised", least_socialised,
      Field{.help = "unless the account owed less than this", .lo = 0, .source = evk});
    v("rate", rate, Field{.help = "borrow rate of this vault"});
  }
};

struct Cluster {
  static constexpr std::string_view name = "cluster";

  struct Spec {
    std::map<std::string, ClusterVaultSpec> vaults;

    template <class V>
    void fields(V& v) {
      v("vaults", vaults,
        Field{
            .help = "vaults of the cluster, by asset", .required = true, .refers = Refers::asset});
    }
  };
};

/// The opening LTV of a pair.
inline double opening_ltv(const ClusterPairSpec& s) {
  return s.ltv ? s.ltv->value : std::max(0.0, s.lt.value - 0.02);
}

}  // namespace faultline
