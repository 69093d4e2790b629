#include "protocols/losses/adl.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace faultline {

namespace {

using Key = AdlWork::Key;

/// Strict order of rank: by score, ties by account.
bool sooner(const Key& a, const Key& b) {
  return a.score != b.score ? a.score > b.score : a.account < b.account;
}

double sum_of(std::span<const Key> keys) {
  double sum = 0;  // whole quanta: exact in any order
  for (const Key& k : keys) sum += k.amount;
  return sum;
}

/// Takes keys in order of rank until `need` is met; gives what is missing. Halves the range in
/// which the last one lies, so that a few partial selections find it.
double take_in_order(std::span<Key> keys, double need, std::span<double> parts) {
  while (keys.size() > 32 && need > 0) {
    const std::size_t half = keys.size() / 2;
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(half), keys.end(),
                     sooner);
    const auto first = keys.first(half);
    const double sum = sum_of(first);
    if (sum >= need) {
      keys = first;
      continue;
    }
    for (const Key& k : first) parts[k.candidate] = k.amount;
    need -= sum;
    keys = keys.subspan(half);
  }
  std::sort(keys.begin(), keys.end(), sooner);
  for (const Key& k : keys) {
    if (!(need > 0)) break;
    need -= parts[k.candidate] = std::min(need, k.amount);
  }
  return need;
}

/// Shares `need` out over keys in order of candidates by their amounts, which also cap it.
double take_pro_rata(std::span<const Key> keys, double need, Quantum quantum,
                     std::span<double> parts) {
  const double all = sum_of(keys);
  const double total = std::min(need, all);
  double weight = 0, given = 0;
  for (const Key& k : keys) {
    weight += k.amount;
    const double upto = weight >= all ? total : quantum.down(total * (weight / all));
    const double part = std::min(k.amount, upto - given);
    parts[k.candidate] = part;
    given += part;
  }
  for (const Key& k : keys) {  // the last quanta, where rounding met a cap
    if (given >= total) break;
    const double more = std::min(total - given, k.amount - parts[k.candidate]);
    parts[k.candidate] += more;
    given += more;
  }
  return need - given;
}

/// Bins of equal count by score, each pro rata before the next.
double take_by_bins(std::span<Key> keys, std::uint32_t bins, double need, Quantum quantum,
                    std::span<double> parts) {
  const std::size_t width = std::max<std::size_t>(1, (keys.size() + bins - 1) / bins);
  while (!keys.empty() && need > 0) {
    const auto bin = keys.first(std::min(width, keys.size()));
    if (bin.size() < keys.size()) {
      std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(bin.size()),
                       keys.end(), sooner);
    }
    if (sum_of(bin) > need) {  // shared out in order of candidates
      std::sort(bin.begin(), bin.end(),
                [](const Key& a, const Key& b) { return a.candidate < b.candidate; });
    }
    need = take_pro_rata(bin, need, quantum, parts);
    keys = keys.subspan(bin.size());
  }
  return need;
}

/// In order of candidates, round from a random one.
double take_from_random(std::span<const Key> keys, double need, double draw,
                        std::span<double> parts) {
  const auto start = static_cast<std::size_t>(std::floor(draw * static_cast<double>(keys.size())));
  for (std::size_t n = 0; n < keys.size() && need > 0; ++n) {
    const Key& k = keys[(start + n) % keys.size()];
    need -= parts[k.candidate] = std::min(need, k.amount);
  }
  return need;
}

double take(const AdlTerms& terms, double need, Quantum quantum, double draw, AdlWork& work) {
  switch (terms.rank) {
    case AdlRank::pro_rata:
      return take_pro_rata(work.keys, need, quantum, work.parts);
    case AdlRank::random:
      return take_from_random(work.keys, need, draw, work.parts);
    case AdlRank::quantile:
      return take_by_bins(work.keys, terms.quantiles, need, quantum, work.parts);
    case AdlRank::hyperliquid:
    case AdlRank::binance:
    case AdlRank::bybit:
      return take_in_order(work.keys, need, work.parts);
  }
  return need;
}

/// Whether a candidate stands on the side of `change` and above water.
bool eligible(const AdlCandidate& c, double change) {
  return c.size * change > 0 && c.account_value > 0;
}

}  // namespace

double adl_score(const AdlTerms& terms, const AdlCandidate& c, double mark) {
  const double profit = adl_profit(c, mark), leverage = std::fabs(c.size) * mark / c.account_value;
  switch (terms.rank) {
    case AdlRank::hyperliquid:
      return (c.size > 0 ? mark / c.entry : c.entry / mark) * leverage;
    case AdlRank::binance:
    case AdlRank::quantile:
      return std::max(0.0, profit) / std::max(terms.least_wallet_usd, c.wallet) *
             (c.maintenance / c.account_value);
    case AdlRank::bybit: {
      const double gain = profit / (std::fabs(c.size) * c.entry);
      return gain > 0 ? gain * leverage : gain / leverage;
    }
    case AdlRank::random:
    case AdlRank::pro_rata:
      return 0;
  }
  return 0;
}

double deleverage(const AdlTerms& terms, std::span<const AdlCandidate> candidates, double mark,
                  double change, Quantum quantum, double draw, AdlWork& work) {
  work.keys.clear();
  work.parts.assign(candidates.size(), 0.0);
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const AdlCandidate& c = candidates[i];
    if (!eligible(c, change)) continue;
    work.keys.push_back({adl_score(terms, c, mark), std::fabs(c.size), c.account, i});
  }
  return take(terms, std::fabs(change), quantum, draw, work);
}

double take_profit(const AdlTerms& terms, std::span<const AdlCandidate> candidates, double mark,
                   double change, double shortfall, Quantum quantum, double draw, AdlWork& work) {
  work.keys.clear();
  work.parts.assign(candidates.size(), 0.0);
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const AdlCandidate& c = candidates[i];
    const double profit = quantum.down(adl_profit(c, mark));
    if (!eligible(c, change) || !(profit > 0)) continue;
    work.keys.push_back({adl_score(terms, c, mark), profit, c.account, i});
  }
  return take(terms, shortfall, quantum, draw, work);
}

double share_out(double total, std::span<const double> weights, bool capped, Quantum quantum,
                 std::span<double> parts) {
  double all = 0;
  for (const double w : weights) all += w;
  std::fill(parts.begin(), parts.end(), 0.0);
  if (!(all > 0)) return total;
  double upto = 0, given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    upto += weights[i];
    const double target = upto >= all ? total : quantum.down(total * (upto / all));
    parts[i] = target - given;
    if (capped) parts[i] = std::min(parts[i], quantum.down(weights[i]));
    given += parts[i];
  }
  for (std::size_t i = 0; i < weights.size() && given < total; ++i) {  // only under caps
    const double more = std::min(total - given, quantum.down(weights[i]) - parts[i]);
    if (!(more > 0)) continue;
    parts[i] += more;
    given += more;
  }
  return total - given;
}

double socialise(Socialised by, std::span<const AdlCandidate> candidates, double mark, double loss,
                 Quantum quantum, std::vector<double>& weights, std::span<double> parts) {
  weights.clear();
  for (const AdlCandidate& c : candidates) {
    weights.push_back(by == Socialised::both_sides ? std::fabs(c.size)
                      : by == Socialised::winners  ? std::max(0.0, adl_profit(c, mark))
                                                   : std::max(0.0, c.account_value));
  }
  return share_out(loss, weights, by == Socialised::winners, quantum, parts);
}

AdlBurden adl_burden(std::span<double> given, double shortfall, double profits) {
  AdlBurden b;
  std::sort(given.begin(), given.end(), std::greater<>());
  double ranked = 0;  // sum of (rank x amount), the greatest first
  for (std::size_t i = 0; i < given.size() && given[i] > 0; ++i) {
    ++b.hit;
    b.total += given[i];
    ranked += static_cast<double>(b.hit) * given[i];
    if (b.hit == 10) b.top10 = b.total;
    if (b.hit == 100) b.top100 = b.total;
  }
  if (b.hit == 0) return b;
  if (b.hit < 10) b.top10 = b.total;
  if (b.hit < 100) b.top100 = b.total;
  const double n = static_cast<double>(b.hit);
  b.gini = (n + 1 - 2 * ranked / b.total) / n;
  b.top10 /= b.total;
  b.top100 /= b.total;
  b.overshoot = b.total - necessary_haircut(shortfall, profits);
  return b;
}

AdlTerms compile_adl(const AdlSpec& s) {
  AdlTerms t;
  t.rank = s.rank == "binance"    ? AdlRank::binance
           : s.rank == "bybit"    ? AdlRank::bybit
           : s.rank == "quantile" ? AdlRank::quantile
           : s.rank == "random"   ? AdlRank::random
           : s.rank == "pro_rata" ? AdlRank::pro_rata
                                  : AdlRank::hyperliquid;
  t.price = s.price == "bankruptcy" ? AdlPrice::bankruptcy
            : s.price == "oracle"   ? AdlPrice::oracle
                                    : AdlPrice::previous_mark;
  t.takes = s.takes == "profit" ? AdlTakes::profit : AdlTakes::positions;
  t.quantiles = static_cast<std::uint32_t>(s.quantiles);
  t.least_wallet_usd = s.least_wallet.value;
  return t;
}

}  // namespace faultline
