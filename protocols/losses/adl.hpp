// Auto-deleveraging: what is left of a failing position is closed against its counterparties.
//   rank   who is first. With U the unrealised profit, N = |size| mark, A the account's value:
//          hyperliquid  (mark / entry) N / A, for a short entry / mark       [hyperliquid_docs]
//          binance      max(0, U) / max(1, wallet) x MM / A                    [binance_adl]
//          bybit        U / (entry value) x N / A in profit, / (N / A) in loss [bitmex_adl]
//          quantile     Binance's score in equal bins, the first bin pro rata, then the next
//          random       in order of accounts, from a random one                [dydx_v4_code]
//          pro_rata     everyone, by size
//   price  bankruptcy price of the failing account (Binance, Bybit, dYdX), the mark before this
//          round (Hyperliquid), or the oracle (dYdX, markets in final settlement)
// Instead of positions a venue may take profit, every winner's by one index, or share the loss out
// over both sides per contract (Drift, Mango), over winners, or over all holders.
// Least anybody must give up: min(shortfall, sum of profits); more than that is overshoot
// [chitra2025]. All amounts are whole quanta: parts add up to the whole exactly.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/quantity.hpp"
#include "core/values.hpp"

namespace faultline {

enum class AdlRank : std::uint8_t { hyperliquid, binance, bybit, quantile, random, pro_rata };
enum class AdlPrice : std::uint8_t { bankruptcy, previous_mark, oracle };
enum class AdlTakes : std::uint8_t { positions, profit };

/// A venue's rule, ready to run.
struct AdlTerms {
  AdlRank rank = AdlRank::hyperliquid;
  AdlPrice price = AdlPrice::bankruptcy;
  AdlTakes takes = AdlTakes::positions;
  std::uint32_t quantiles = 5;
  double least_wallet_usd = 1;  // Binance's score divides by no less
};

/// An account with a position in the failing contract, in order of `account`.
struct AdlCandidate {
  double size = 0;  // base units, > 0 long; whole quanta
  double entry = 0;
  double account_value = 0;  // equity, USD
  double wallet = 0;         // equity without unrealised profit, USD (binance, quantile)
  double maintenance = 0;    // of the account, USD (binance, quantile)
  std::uint32_t account = 0;
};

/// Unrealised profit of a candidate, USD.
inline double adl_profit(const AdlCandidate& c, double mark) {
  return c.size * (mark - c.entry);
}

/// The higher, the sooner. For ranks without a score: 0. account_value > 0, entry > 0.
double adl_score(const AdlTerms& terms, const AdlCandidate& c, double mark);

/// The price at which positions are closed.
inline double adl_price(AdlPrice rule, double bankruptcy, double previous_mark, double oracle) {
  if (rule == AdlPrice::previous_mark) return previous_mark;
  return rule == AdlPrice::oracle ? oracle : bankruptcy;
}

/// Buffers and the answer, to be kept between calls.
struct AdlWork {
  struct Key {
    double score = 0;
    double amount = 0;
    std::uint32_t account = 0;
    std::uint32_t candidate = 0;
  };
  std::vector<Key> keys;
  std::vector<double> parts;  // by candidate: base units of its position or USD of its profit, >= 0
};

/// Closes `change` base units of a failing position (of opposite sign to it) against positions of
/// the same sign as `change`, of accounts above water. Fills `work.parts` and gives what nobody was
/// left to take. draw: uniform in (0, 1), keyed by who fails (random). Costs a few partial
/// selections over the candidates, not a sort.
double deleverage(const AdlTerms& terms, std::span<const AdlCandidate> candidates, double mark,
                  double change, Quantum quantum, double draw, AdlWork& work);

/// Takes `shortfall` USD out of the profits of candidates on the side of `change`, in the rank's
/// order, pro rata by profit where the rank is pro_rata; nobody gives more than its profit. Fills
/// `work.parts` and gives what was not covered.
double take_profit(const AdlTerms& terms, std::span<const AdlCandidate> candidates, double mark,
                   double change, double shortfall, Quantum quantum, double draw, AdlWork& work);

// ---- sharing out
// ---------------------------------------------------------------------------------

/// Shares `total` out by weights: part i = floor(total W_i / W) - floor(total W_(i-1) / W) with W_i
/// the sum up to i, in quanta, but at most weight i if `capped`. Each part is within a quantum of
/// its exact share, and they add up to the total. Gives what caps left over. weights >= 0.
double share_out(double total, std::span<const double> weights, bool capped, Quantum quantum,
                 std::span<double> parts);

/// Who bears a loss that no counterparty was closed for.
enum class Socialised : std::uint8_t {
  both_sides,  // per contract of every position: Drift, Mango
  winners,     // by unrealised profit, at most that
  holders,     // by account value
};

/// Each candidate's part of a loss in USD; gives what winners could not cover. parts: as many as
/// candidates; weights: a buffer.
double socialise(Socialised by, std::span<const AdlCandidate> candidates, double mark, double loss,
                 Quantum quantum, std::vector<double>& weights, std::span<double> parts);

/// Loss per contract of both sides, USD per base unit: what moves a funding index (Drift).
inline double loss_per_contract(double loss, double longs, double shorts) {
  return longs + shorts > 0 ? loss / (longs + shorts) : 0;
}

// ---- what it did
// ---------------------------------------------------------------------------------

/// The least that had to be given up, USD: min(shortfall, sum of profits). All >= 0.
inline double necessary_haircut(double shortfall, double profits) {
  return shortfall < profits ? shortfall : profits;
}

/// Who bore how much. Shares of one.
struct AdlBurden {
  std::uint64_t hit = 0;  // candidates that gave something up
  double total = 0;       // USD given up
  double overshoot = 0;   // beyond what was necessary
  double top10 = 0;       // share of the ten who gave most
  double top100 = 0;
  double gini = 0;  // among those hit: 0 all alike, towards 1 one alone
};

/// Measures what candidates gave up (USD, >= 0, by candidate); `given` is sorted in place.
AdlBurden adl_burden(std::span<double> given, double shortfall, double profits);

/// Auto-deleveraging as YAML says it.
struct AdlSpec {
  std::string rank = "hyperliquid";
  std::string price = "previous_mark";
  std::string takes = "positions";
  long quantiles = 5;
  Amount least_wallet{1, "$"};

  template <class V>
  void fields(V& v) {
    constexpr auto hyperliquid = "Hyperliquid Docs, Auto-deleveraging (hyperliquid_docs)";
    v("rank", rank,
      Field{.help = "which counterparties are closed first",
            .source = hyperliquid,
            .choices = "hyperliquid binance bybit quantile random pro_rata"});
    v("price", price,
      Field{.help = "at which price they are closed",
            .source = hyperliquid,
            .choices = "bankruptcy previous_mark oracle"});
    v("takes", takes,
      Field{.help = "positions are closed, or only profit is taken",
            .source = hyperliquid,
            .choices = "positions profit"});
    v("quantiles", quantiles,
      Field{.help = "quantile: number of bins",
            .lo = 1,
            .hi = 1000,
            .source = "Binance shows five (binance_adl)"});
    v("least_wallet", least_wallet,
      Field{.help = "binance, quantile: the score divides by no smaller wallet",
            .lo = 0,
            .source = "Binance, ADL (binance_adl)"});
  }
};

/// The rule a checked spec describes.
AdlTerms compile_adl(const AdlSpec& spec);

}  // namespace faultline
