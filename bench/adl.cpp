// What auto-deleveraging among 100,000 accounts costs in one round, against one std::sort of them.
//
//   bench_adl [--accounts N]
//
// Every rank, at needs of 0.1%, 10%, 50% and 100% of all counterparty size. The sort orders the
// same keys (score, amount, account) once, scores given. Each time is the least of nine.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/fingerprint.hpp"
#include "core/rng.hpp"
#include "protocols/losses/adl.hpp"

using namespace faultline;

namespace {

constexpr double mark = 100;
constexpr int repeats = 9;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double draw(std::uint32_t account, std::uint32_t purpose) {
  return uniform({.seed = 3, .scenario = 0, .entity = account, .purpose = purpose, .index = 0});
}

std::vector<AdlCandidate> crowd(std::uint32_t count, Quantum quantum) {
  std::vector<AdlCandidate> out;
  for (std::uint32_t a = 0; a < count; ++a) {
    AdlCandidate c;
    c.account = a;
    c.size = -quantum.down(1 / (draw(a, 1) + 1e-4));  // heavy-tailed shorts
    c.entry = 90 + 40 * draw(a, 2);
    c.account_value = -c.size * (5 + 95 * draw(a, 3));
    c.wallet = c.account_value - adl_profit(c, mark);
    c.maintenance = -0.03 * c.size * mark;
    out.push_back(c);
  }
  return out;
}

template <class Work>
double least(Work&& work) {
  double best = 1e9;
  for (int n = 0; n < repeats; ++n) {
    const double start = seconds();
    work();
    best = std::min(best, seconds() - start);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t count = 100000;
  if (argc == 3 && std::strcmp(argv[1], "--accounts") == 0) {
    count = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  }
  const Quantum quantum = quantum_for(1e9);
  const auto all = crowd(count, quantum);
  double held = 0;
  std::vector<AdlWork::Key> unsorted;
  for (const AdlCandidate& c : all) {
    held -= c.size;
    unsorted.push_back({adl_score({}, c, mark), -c.size, c.account, c.account});
  }
  std::vector<AdlWork::Key> keys;
  const double sorting = least([&] {
    keys = unsorted;
    std::sort(keys.begin(), keys.end(), [](const AdlWork::Key& a, const AdlWork::Key& b) {
      return a.score != b.score ? a.score > b.score : a.account < b.account;
    });
  });
  std::printf("%u accounts, one sort %.2f ms\n", count, sorting * 1e3);
  const struct {
    AdlRank rank;
    const char* name;
  } ranks[] = {{AdlRank::hyperliquid, "hyperliquid"},
               {AdlRank::binance, "binance"},
               {AdlRank::bybit, "bybit"},
               {AdlRank::quantile, "quantile"},
               {AdlRank::random, "random"},
               {AdlRank::pro_rata, "pro_rata"}};
  AdlWork work;
  Fingerprint hash;
  for (const auto& r : ranks) {
    for (const double share : {0.001, 0.1, 0.5, 1.0}) {
      const double need = quantum.down(share * held);
      const AdlTerms terms{.rank = r.rank};
      const double time = least([&] { deleverage(terms, all, mark, -need, quantum, 0.4, work); });
      for (const double part : work.parts) hash.add(part);
      std::printf("  %-12s %5.1f%%  %.2f ms  %.2f of a sort\n", r.name, share * 100, time * 1e3,
                  time / sorting);
    }
  }
  std::printf("hash %s\n", hash.text().c_str());
}
