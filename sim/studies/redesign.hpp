// One ecosystem turned into another that holds the same users, assets and debt under another
// design. Losses, cash and collateral are shared by all in a pool, by nobody in isolated markets
// joined only by liquidators and venues; a dynamic design is either, with liquidations sized to a
// target health, a bonus that grows as health falls, a breaker for each collateral and, of its own,
// thresholds that follow volatility.
//
//   split      account with collateral worth w_i (risk-weighted) and debts d_j:
//              part (i, j) gets c_i d_j / D and d_j w_i / W, so that its health is W / D like the
//              account's
//   lenders    a loan asset's lenders are spread over its markets, L_ij = D_ij + free cash by debt.
//              Where the pool lent out borrowers' collateral, an outside lender brings what keeps
//              use at the pool's or at what the rate aims at (the gap), or debts and collateral
//              shrink by what is missing
//   join       accounts of one name become one; collateral counts by its highest threshold
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

/// A design as YAML says it: `isolated: {redesign: isolated, of: pool}`; other keys beside these
/// are an overlay.
struct DesignSpec {
  std::string redesign = "none";
  std::vector<Name> of;
  std::optional<std::string> weights;
  std::string lenders = "pro_rata";
  std::string gap = "lender";

  template <class V>
  void fields(V& v) {
    v("redesign", redesign,
      Field{.help = "none: what else stands here is laid over the file; monolithic: isolated "
                    "markets of one family become a pool; isolated: a pool becomes one market for "
                    "each collateral and loan; dynamic: liquidations to a target health",
            .choices = "none monolithic isolated dynamic"});
    v("of", of,
      Field{.help = "the markets or families it changes; left out: all it can",
            .refers = Refers::market});
    v("weights", weights,
      Field{.help = "risk parameters: as the source has them (the effect of the structure alone), "
                    "or the design's own; left out: `compare` runs both and reports them apart",
            .choices = "source own"});
    v("lenders", lenders,
      Field{.help = "how lenders of a pool spread over its parts: free cash by debt, or by debt "
                    "times threshold; vaults: by debt, through one curated vault a loan asset",
            .choices = "pro_rata risk_weighted vaults"});
    v("gap", gap,
      Field{.help = "where the pool lent out borrowers' collateral: an outside lender brings as "
                    "much, or debts shrink",
            .choices = "lender shrink"});
  }
};

/// What outside lenders bring of an asset, since the design does not lend collateral.
struct DesignGap {
  std::string asset;
  double units = 0, usd = 0;  // at opening references
};

/// An ecosystem under another design.
struct Redesigned {
  Ecosystem eco;
  std::vector<DesignGap> gaps;       // by asset, where above zero
  double idle_usd = 0;               // lenders of assets that nobody owes: no market needs them
  double shrunk_usd = 0;             // debt that `gap: shrink` took away
  std::vector<std::string> changes;  // one sentence a market, for the reader
  double gap_usd() const;
};

/// Applies a design. `world` is `eco` compiled, without errors. A design that finds nothing to
/// change leaves `changes` empty.
Redesigned redesign(const Ecosystem& eco, const Snapshot& world, const DesignSpec& spec);

/// LLTVs that Morpho's governance enabled [morpho_blue_code]: the lowest that is not below a
/// threshold; the threshold itself above all of them.
double lltv_at_least(double threshold);

}  // namespace faultline
