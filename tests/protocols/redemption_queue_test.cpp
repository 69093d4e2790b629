// Withdrawal queues: every case of lido_withdrawal_queue.json, and what must hold of any queue.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "protocols/claims/redemption_queue.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;
using test::check_near;

namespace {

/// The pool that pays: its rate is pooled / shares.
struct StakedPool {
  double pooled = 0, shares = 0;
  double rate() const { return pooled / shares; }
};

}  // namespace

TEST_CASE("withdrawal queue: lido_withdrawal_queue.json") {
  const json file = test::known("lending/lido_withdrawal_queue");
  std::size_t compared = 0;
  for (const json& c : file["cases"]) {
    INFO(c["name"]);
    const double rel = test::tolerance_of(file, c);
    const std::string type = c["type"];
    if (type == "prefinalize") {
      std::vector<QueuedRequest> queue;
      for (const json& r : c["requests"]) queue.push_back({.amount = r[0], .shares = r[1]});
      const Finalised f = finalise(queue, c["max_share_rate"], c["budget"]);
      check_near(f.paid, c["expected"]["eth"], rel);
      check_near(f.shares, c["expected"]["shares"], rel);
      CHECK(f.count == c["expected"]["finalised"].get<std::size_t>());
      if (c["expected"].contains("budget_left")) {
        check_near(f.budget_left, c["expected"]["budget_left"], rel);
      }
    } else if (type == "claim") {
      const QueuedRequest r{.amount = c["steth"], .shares = c["shares"]};
      check_near(payout(r, c["rate_at_finalisation"]), c["expected"], rel);
    } else if (type == "share_rate") {
      const json& amounts = c["cum_steth"];
      const json& shares = c["cum_shares"];
      check_near(batch_share_rate(amounts[0], amounts[1], shares[0], shares[1]), c["expected"],
                 rel);
    } else {
      FAIL("a type of case nobody reads: " + type);
    }
    ++compared;
  }
  CHECK(compared == file["cases"].size());
}

TEST_CASE("withdrawal queue: in order, within the budget, never at the cost of who stays") {
  const auto draw = [](std::uint32_t n, std::uint32_t purpose) {
    return uniform({.seed = 5, .scenario = 0, .entity = n, .purpose = purpose, .index = 0});
  };
  StakedPool pool{10500, 10000};
  std::vector<QueuedRequest> queue;
  std::size_t next = 0;
  double asked = 0, paid = 0;
  for (std::uint32_t n = 0; n < 300; ++n) {
    const double amount = 50 * draw(n, 1) * draw(n, 2);
    if (asked + amount < 8000) {
      queue.push_back(queue_up(amount, pool.rate(), n, n));
      asked += amount;
    }
    if (draw(n, 3) < 0.1) pool.pooled *= 1 - 0.02 * draw(n, 4);  // slashing
    pool.pooled *= 1 + 1e-4;                                     // rewards
    if (n % 10 != 9) continue;
    const double before = pool.rate(), budget = 200 * draw(n, 5);
    const auto open = std::span(queue).subspan(next);
    const Finalised f = finalise(open, before, budget, n - 3.0);
    CHECK(f.paid <= budget);
    CHECK(f.paid + f.budget_left == Approx(budget));
    CHECK(f.paid <= f.amount);
    CHECK(f.paid <= f.shares * before * (1 + 1e-12));
    if (f.count < open.size()) {
      const QueuedRequest& first = open[f.count];
      CHECK((first.placed_s > n - 3.0 || payout(first, before) > f.budget_left));
    }
    pool.pooled -= f.paid;
    pool.shares -= f.shares;
    CHECK(pool.rate() >= before * (1 - 1e-12));
    next += f.count;
    paid += f.paid;
  }
  CHECK(next > 100);
  CHECK(paid <= asked);
}

TEST_CASE("withdrawal queue: who waits earns nothing and bears slashing") {
  const QueuedRequest r = queue_up(11, 1.1, 0, 0);
  CHECK(r.shares == Approx(10));
  CHECK(payout(r, 1.2) == 11);
  CHECK(payout(r, 1.0) == Approx(10));
  const std::vector<QueuedRequest> queue{queue_up(100, 1, 0, 0), queue_up(1, 1, 0, 1)};
  CHECK(finalise(queue, 1, 50).count == 0);  // the small one does not overtake
  CHECK(finalise(queue, 1, 1000, -1).count == 0);
  CHECK(queue_wait(100, 200, 1) == 0);
  CHECK(queue_wait(200, 100, 2) == 50);
  CHECK(std::isinf(queue_wait(200, 100, 0)));
}
