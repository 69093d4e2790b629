// Curated vaults over isolated markets: MetaMorpho v1.0, v1.1 and Morpho Vault V2
// [metamorpho_code, morpho_vault_v2_code].
//   price   (assets + v) / (shares + v), v one smallest unit against inflation attacks
//   supply  along the supply queue up to min(cap - claim); a rest means the deposit fails
//   withdraw along the withdraw queue min(claim, market's cash); a rest means it fails. The order
//           decides which markets are drained first and who is left with the illiquid rest
//   loss    v1.0 assets are what the markets owe: the price falls at once
//           v1.1 what went missing is added back, lost = last - real: the price never falls, first
//                out is paid in full, the hole is carried
//           V2   assets = min(real, last (1 + max_rate t)): losses at once, gains slowly
//   fee     of interest only, in new shares at the price after it; V2 has one on assets, too
//   caps    gate what comes in, never what is there; raising one waits the timelock
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// What a curator does about the markets his vault lends to.
struct ReallocationSpec {
  std::vector<Name> out_of{{"full"}, {"bad"}};
  Seconds after{7200};
  Ratio full{0.995};
  Ratio off{0.05};
  bool raises_caps = false;
  std::optional<Seconds> gives_up;

  template <class V>
  void fields(V& v) {
    v("out_of", out_of,
      Field{.help =
                "markets he leaves, as far as their cash allows: `full` ones, those with a hole "
                "(`bad`), and those that take a named asset once it has come off",
            .source = "our choice: what keeps his depositors from being paid"});
    v("after", after,
      Field{.help = "how long after it began", .lo = 0, .hi = 3.2e7, .source = "our choice"});
    v("full", full,
      Field{.help = "share lent out from which a market is full",
            .lo = 0,
            .hi = 1,
            .source = "our choice"});
    v("off", off,
      Field{.help =
                "how far a named asset must be worth less than what its claim is on, or than at "
                "the opening, if it is a claim on nothing",
            .lo = 0,
            .hi = 1,
            .source = "our choice"});
    v("raises_caps", raises_caps,
      Field{.help = "where the rest of the caps leave no room he asks for more, in force after the "
                    "timelock"});
    v("gives_up", gives_up,
      Field{.help =
                "how long after it began he strikes a market with a hole off the books, if cash "
                "has not let him out by then: what it owes counts for nothing; left out: never",
            .lo = 0,
            .hi = 3.2e7});
  }
};

/// A vault as YAML says it.
struct CuratedVaultSpec {
  static constexpr std::string_view name = "curated_vault";
  Name asset;
  std::map<std::string, Amount> allocates, caps;
  std::vector<Name> supply_queue, withdraw_queue;
  std::string losses = "carry";
  Ratio performance_fee{0};
  PerYear management_fee{0};
  std::optional<PerYear> max_rate;
  Seconds timelock{0};
  std::optional<Name> issues;
  std::string redeems = "at_once";
  std::optional<std::string> curator;
  std::optional<ReallocationSpec> reallocates;

  template <class V>
  void fields(V& v) {
    v("asset", asset,
      Field{.help = "what is deposited and lent", .required = true, .refers = Refers::asset});
    v("allocates", allocates,
      Field{.help = "what it lends to which market, pool or other vault; `idle`: to nobody",
            .required = true});
    v("caps", caps, Field{.help = "most it may lend where; left out: no limit"});
    v("supply_queue", supply_queue,
      Field{.help = "where deposits go first; left out: all by name"});
    v("withdraw_queue", withdraw_queue,
      Field{.help = "what is drained first, after what lies idle; left out: all by name"});
    v("losses", losses,
      Field{.help = "realise: the price of a share falls with what markets admit; carry: it never "
                    "falls, the hole waits for who is last",
            .source = "MetaMorpho v1.1: lost assets are added back (metamorpho_code)",
            .choices = "realise carry"});
    v("performance_fee", performance_fee,
      Field{.help = "of interest, in new shares",
            .lo = 0,
            .hi = 0.5,
            .source = "MAX_FEE is 50% (metamorpho_code)"});
    v("management_fee", management_fee,
      Field{.help = "of assets, in new shares",
            .lo = 0,
            .hi = 0.05,
            .source = "at most 5% a year (morpho_vault_v2_code)"});
    v("max_rate", max_rate,
      Field{.help = "how fast its assets may grow at most; left out: as fast as they do",
            .lo = 0,
            .hi = 100});
    v("timelock", timelock,
      Field{.help = "until a raised cap is in force",
            .lo = 0,
            .hi = 3.2e7,
            .source = "none: presets state one"});
    v("issues", issues,
      Field{.help = "its share as an asset, whose rate is counted in what the vault lends",
            .refers = Refers::asset});
    v("redeems", redeems,
      Field{.help = "at_once: anybody may hand in issued shares for the cash there is, liquidators "
                    "who seized them too; asked: depositors only, when they leave",
            .source = "ERC-4626 redeem (metamorpho_code)",
            .choices = "at_once asked"});
    v("curator", curator, Field{.help = "who runs it, for people"});
    v("reallocates", reallocates, Field{.help = "what its curator does when markets go bad"});
  }
};

enum class VaultLoss : std::uint8_t {
  realise,  // v1.0 and V2
  carry,    // v1.1
};

struct VaultTerms {
  VaultLoss loss = VaultLoss::carry;
  double performance_fee = 0;                                 // of interest
  double management_fee = 0;                                  // V2: of assets, per second
  double max_rate = std::numeric_limits<double>::infinity();  // V2: growth per second, at most
  double virtual_units = 0;  // v: 1 wei of the asset, in units; 0 counts it as nothing
  double timelock_s = 0;
};

/// A vault's own books.
struct CuratedVault {
  double shares = 0;
  double assets = 0;  // as last counted, lost ones included
  double lost = 0;    // v1.1: missing but counted
};

/// Assets a share is worth by the vault's books.
double vault_price(const VaultTerms& terms, const CuratedVault& v);

/// Counts anew: `real` is what markets owe the vault and what lies idle. Gives the shares minted as
/// fees (they are in `shares`).
double accrue_vault(const VaultTerms& terms, CuratedVault& v, double real, double dt_s = 0);

/// Shares for a deposit, assets for shares, at the books as they are (accrue first).
double shares_for(const VaultTerms& terms, const CuratedVault& v, double assets);
double assets_for(const VaultTerms& terms, const CuratedVault& v, double shares);

/// Books a deposit or withdrawal of assets (moved along the queues by the caller). Gives the shares
/// minted, or burned.
double book_deposit(const VaultTerms& terms, CuratedVault& v, double assets);
double book_withdrawal(const VaultTerms& terms, CuratedVault& v, double assets);

/// A market as its vault sees it.
struct VaultMarket {
  double claim = 0;  // what it owes the vault
  double cash = 0;   // what it can pay now, to anybody
  double cap = 0;    // of the vault's supply
};

/// Most a deposit can place, and most a withdrawal can take out, along a queue (indices of markets,
/// which may repeat only in the supply queue).
double placeable(std::span<const std::uint32_t> supply_queue, std::span<const VaultMarket> markets);
double withdrawable(std::span<const std::uint32_t> withdraw_queue,
                    std::span<const VaultMarket> markets);

/// Moves assets along a queue, market by market, and changes their claims and cash. Gives what is
/// left; where that is above zero the contract refuses the whole.
double supply_along(std::span<const std::uint32_t> queue, std::span<VaultMarket> markets,
                    double assets);
double withdraw_along(std::span<const std::uint32_t> queue, std::span<VaultMarket> markets,
                      double assets);

/// An allocator's move: claims become `targets` (same order), first down, then up. Refused, and
/// nothing moves, if cash or caps are short or the sums differ.
bool reallocate(std::span<VaultMarket> markets, std::span<const double> targets);

/// A cap asked for and not yet in force.
struct PendingCap {
  double cap = 0;
  double due_in_s = 0;
  bool waiting = false;
};

/// Lowers a cap at once; a higher one waits the timelock.
void submit_cap(const VaultTerms& terms, VaultMarket& market, PendingCap& pending, double cap);
/// Time passes; a cap that is due comes into force. (Revoking it: waiting = false.)
void pass_timelock(VaultMarket& market, PendingCap& pending, double dt_s);

/// What the public may move of a vault's funds, per market: each move out lets as much back in.
struct FlowCap {
  double most_in = 0;
  double most_out = 0;
};

/// Most that anybody may move from one market to another.
double movable(const VaultMarket& from, const FlowCap& from_cap, const VaultMarket& to,
               const FlowCap& to_cap);
/// Moves it: amount <= movable.
void move_between(VaultMarket& from, FlowCap& from_cap, VaultMarket& to, FlowCap& to_cap,
                  double amount);

/// V2: a risk several markets share (a collateral, an oracle), with its two caps.
struct RiskCap {
  double allocated = 0;
  double absolute = std::numeric_limits<double>::infinity();
  double relative = 1;  // of the vault's assets; checked only when something is allocated
};

/// Most that may yet be allocated under all of these caps.
double allocatable(std::span<const RiskCap> caps, double vault_assets);

/// V2: a holder pulls liquidity out of any market for a penalty, its shares withdrawn at the price
/// as it is; the assets stay, so the others gain them (at most at max_rate).
struct ForcedExit {
  double pulled = 0;   // now idle
  double penalty = 0;  // assets' worth of shares burned
};
ForcedExit force_deallocate(VaultMarket& market, double assets, double penalty_rate);
/// The most a holder of `assets` can take out of a vault without cash: it must keep the penalty.
double best_forced_exit(const VaultMarket& market, double assets, double penalty_rate);

/// Yearly yield of a vault from its markets' supply rates, weighed by claims: exp(mean) - 1.
double vault_apy(std::span<const VaultMarket> markets, std::span<const double> supply_rates,
                 double performance_fee);

}  // namespace faultline
