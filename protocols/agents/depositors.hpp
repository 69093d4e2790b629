// Lenders who watch, and leave where they see trouble: a run. They lend in markets, or through
// curated vaults. Of those who lend in a place a share X reacts in the end; each of them asks for
// his money after an exponential delay. Trouble elsewhere is hearsay: fewer react to it, and later.
//   flow = max(0, stays - (1 - X) members) (1 - exp(-h dt)),  h = speed (1 + herding gone) / within
//   gone = 1 - stays / members, over all of the place; speed: `faster` of the large, 1 of the
//   others; over `hearsay` where the trouble is another's
// Exact for any dt where herding is none, first order in dt otherwise. Form: our choice; what they
// are seen to go by: diamond_dybvig1983 (first come, first served), events of 2025 and 2026.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// What they take for trouble; each may be left out.
struct DepositorSightSpec {
  std::optional<Ratio> hole{Ratio{0.001}};
  std::optional<Ratio> deficit{Ratio{0.0001}};
  std::optional<Ratio> depeg{Ratio{0.03}};
  std::optional<Ratio> full{Ratio{0.995}};

  template <class V>
  void fields(V& v) {
    constexpr auto ours = "our choice";
    v("hole", hole,
      Field{.help = "new bad debt at market value above this share of the market's deposits, "
                    "whatever its books say; of a vault what is missing behind its shares",
            .lo = 0,
            .hi = 10,
            .source = ours});
    v("deficit", deficit,
      Field{.help = "loss the books admit above this share of deposits",
            .lo = 0,
            .hi = 10,
            .source = ours});
    v("depeg", depeg,
      Field{.help = "market value of what they lend, or of collateral there, below what its code "
                    "or its feed says, by so much more than at the start",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("full", full,
      Field{.help =
                "so much of their reserve is lent out, or so little of what their vault owes could "
                "be paid now, that they may not be paid",
            .lo = 0.01,
            .hi = 1,
            .source = ours});
  }
};

struct DepositorsSpec {
  static constexpr std::string_view name = "depositors";
  std::vector<Name> in;
  DepositorSightSpec sees;
  Ratio reacts{0.5};
  Seconds within{43200};
  Ratio herding{0};
  Ratio large{0}, faster{4};
  Ratio fear{0}, same_curator{0}, same_asset{0}, hearsay{1};
  Ratio borrows_out{0}, margin{0.95};
  std::map<std::string, Ratio> havens;

  template <class V>
  void fields(V& v) {
    constexpr auto ours = "our choice";
    v("in", in,
      Field{.help = "lending markets whose plain lenders they are, and curated vaults whose "
                    "depositors; left out: all",
            .refers = Refers::any});
    v("sees", sees, Field{.help = "what they take for trouble"});
    v("reacts", reacts,
      Field{.help = "share of deposits that leaves in the end", .lo = 0, .hi = 1, .source = ours});
    v("within", within,
      Field{.help = "mean time until one who reacts asks for his money: an exponential delay",
            .lo = 1,
            .hi = 3.2e8,
            .source = ours});
    v("herding", herding,
      Field{.help = "they hurry by so much more when all have left: 2x for three times the speed",
            .lo = 0,
            .hi = 100,
            .source = ours});
    v("large", large,
      Field{.help = "share of deposits that large lenders hold", .lo = 0, .hi = 1, .source = ours});
    v("faster", faster,
      Field{.help = "how many times faster these react", .lo = 1, .hi = 1000, .source = ours});
    v("fear", fear,
      Field{.help = "share of those who react that does so already where another of their markets "
                    "is in trouble with collateral that this one takes too",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("same_curator", same_curator,
      Field{.help = "the same where another vault of their vault's curator is in trouble",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("same_asset", same_asset,
      Field{.help =
                "the same where another of their markets or vaults that lends the same asset is "
                "in trouble, whatever with",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("hearsay", hearsay,
      Field{.help = "how many times longer they take over trouble that is not their own",
            .lo = 0.01,
            .hi = 1000,
            .source = ours});
    v("borrows_out", borrows_out,
      Field{.help = "share of the trapped who borrow another asset against their claims, where "
                    "these count as collateral; with the same delay",
            .lo = 0,
            .hi = 1,
            .source = ours});
    v("margin", margin,
      Field{.help = "of what they may borrow, they borrow this much",
            .lo = 0.01,
            .hi = 1,
            .source = ours});
    v("havens", havens,
      Field{.help = "markets and vaults where they lend what they were paid, with the share of it; "
                    "the rest stays in their wallets",
            .lo = 0,
            .hi = 1,
            .refers = Refers::any});
  }
};

/// What of it a run may change. Thresholds nobody goes by are infinite.
struct DepositorRules {
  double hole = 0, deficit = 0, depeg = 0, full = 0;
  double reacts = 0, within_s = 0, herding = 0, faster = 1, fear = 0, borrows_out = 0, margin = 1;
  double same_curator = 0, same_asset = 0, hearsay = 1;
};

DepositorRules compile_depositor_rules(const DepositorsSpec& spec);

/// How fast those who react ask for their money, per second. gone: share of all that has left.
inline double leaving_rate(const DepositorRules& rules, bool large, double gone) {
  return (large ? rules.faster : 1) * (1 + rules.herding * gone) / rules.within_s;
}

/// Who of `members`, of whom `stays` have not asked for their money, asks for it within dt, where
/// the share `reacts` leaves in the end: amounts in one unit. The last ten-thousandth goes at once.
double leaving(double stays, double members, double reacts, double rate, double dt_s);

}  // namespace faultline
