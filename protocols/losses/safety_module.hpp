// Stakers who stand behind one reserve: Aave's Umbrella and, before it, stkAAVE
// [aave_umbrella_code, aave_stk_code].
//   new deficit = max(0, deficit - offset - pending);  offset: first loss, kept by the DAO
//   slash    anybody, min(new deficit (1 + fee) price / stake's price, stake - least); the stake's
//            rate falls pro rata; covered = new deficit x slashed / asked becomes pending
//   pending  until a permissioned call burns it against the deficit: the hole is carried until then
//   leave    after a cooldown, within a window, no more than was held when it began; stake in
//            cooldown is slashed like any other
// Umbrella's stake is a claim on the reserve it covers (its aToken), so it brings no new cash.
// stkAAVE is slashed by a vote, at most 30%, and must be sold for what is missing.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

struct SafetyModuleTerms {
  double fee = 0;                 // slashed beyond the deficit, share of it
  double least_stake = 0;         // Umbrella: 1e6 wei stay
  double most_share = 1;          // of the stake, in one slash; stkAAVE 0.3
  double cooldown_s = 1728e3;     // 20 d
  double window_s = 172800;       // 2 d
  bool open_after_slash = false;  // stkAAVE: no cooldown until a slash is settled
};

/// A module as YAML says it.
struct SafetyModuleSpec {
  static constexpr std::string_view name = "safety_module";
  Amount holds;
  Name covers;
  bool claim = false;
  std::optional<Amount> offset, leaving;
  std::optional<Seconds> leaves_in;
  Ratio fee{0};
  Seconds cooldown{1728e3}, window{172800};

  template <class V>
  void fields(V& v) {
    constexpr auto umbrella = "Aave Umbrella (aave_umbrella_code)";
    v("holds", holds, Field{.help = "what is staked at the start", .lo = 0, .required = true});
    v("covers", covers,
      Field{.help = "the reserve it stands behind, as `pool.WETH`; it is staked in that asset",
            .required = true});
    v("claim", claim, Field{.help = "staked are claims on that reserve itself: no new cash"});
    v("offset", offset, Field{.help = "deficit that is never taken from stakers", .lo = 0});
    v("fee", fee,
      Field{.help = "taken beyond the deficit, share of it", .lo = 0, .hi = 1, .source = umbrella});
    v("cooldown", cooldown,
      Field{
          .help = "from a wish to leave until one may", .lo = 0, .hi = 3.2e8, .source = umbrella});
    v("window", window,
      Field{.help = "after the cooldown, while one may leave",
            .lo = 0,
            .hi = 3.2e8,
            .source = umbrella});
    v("leaving", leaving,
      Field{.help = "of what is staked, in cooldown at the start: leaves as soon as it may",
            .lo = 0});
    v("leaves_in", leaves_in,
      Field{.help = "when it may; left out: its cooldown begins now", .lo = 0, .hi = 3.2e8});
  }
};

/// All stakers of one module: a share is worth assets / shares.
struct StakePool {
  double assets = 0;
  double shares = 0;

  double rate() const { return shares > 0 ? assets / shares : 1; }
};

/// One reserve's hole as the module sees it, in the reserve's units.
struct CoveredDeficit {
  double deficit = 0;  // the reserve's
  double offset = 0;   // of it not to be slashed for
  double pending = 0;  // slashed for already, not yet burned
};

/// Deficit that may be slashed for now.
inline double new_deficit(const CoveredDeficit& d) {
  return std::max(0.0, d.deficit - d.offset - d.pending);
}

/// What one slash does.
struct Slash {
  double taken = 0;    // stake units, to the collector
  double covered = 0;  // reserve units of deficit, pending now
  double fee = 0;      // reserve units' worth taken beyond
};

/// Slashes for all of the new deficit as far as the stake goes. Prices in one unit of account.
inline Slash slash(const SafetyModuleTerms& t, StakePool& pool, CoveredDeficit& d,
                   double reserve_price = 1, double stake_price = 1) {
  const double missing = new_deficit(d);
  if (!(missing > 0) || !(stake_price > 0)) return {};
  const double asked = missing * (1 + t.fee) * reserve_price / stake_price;
  const double most =
      std::max(0.0, std::min(pool.assets - t.least_stake, pool.assets * t.most_share));
  Slash s{.taken = std::min(asked, most)};
  const double share = s.taken < asked ? s.taken / asked : 1;
  s.covered = missing * share;
  s.fee = missing * t.fee * share;
  pool.assets -= s.taken;
  d.pending += s.covered;
  return s;
}

/// Burns up to `amount` of claims against what is pending: the deficit falls. Gives what it took.
inline double cover_pending(CoveredDeficit& d, double amount) {
  const double part = std::min(amount, d.pending);
  d.pending -= part;
  d.deficit -= part;
  return part;
}

/// The same for the DAO's first loss; an offset raised beyond the deficit covers only what is
/// there.
inline double cover_offset(CoveredDeficit& d, double amount) {
  const double there = std::max(0.0, std::min(d.offset, d.deficit - d.pending));
  const double part = std::min(amount, there);
  d.offset -= part;
  d.deficit -= part;
  return part;
}

/// A staker's wish to leave.
struct Cooldown {
  double shares = 0;
  double elapsed_s = 0;
  bool running = false;
};

/// Begins it anew for all shares held.
inline void start_cooldown(Cooldown& c, double held) {
  c = {held, 0, true};
}

/// Shares a staker holding `held` may redeem now.
inline double redeemable_shares(const SafetyModuleTerms& t, const Cooldown& c, double held,
                                bool slash_unsettled = false) {
  if (t.open_after_slash && slash_unsettled) return held;
  if (!c.running || c.elapsed_s < t.cooldown_s) return 0;
  return c.elapsed_s <= t.cooldown_s + t.window_s ? std::min(held, c.shares) : 0;
}

/// Pays out shares (at most `redeemable_shares`). Gives stake units.
inline double redeem_stake(StakePool& pool, Cooldown& c, double shares) {
  const double paid = shares * pool.rate();
  pool.assets -= paid;
  pool.shares -= shares;
  c.shares = std::max(0.0, c.shares - shares);
  return paid;
}

/// Puts assets in. Gives shares; no cooldown covers them.
inline double stake(StakePool& pool, double assets) {
  const double shares = assets / pool.rate();
  pool.assets += assets;
  pool.shares += shares;
  return shares;
}

}  // namespace faultline
