// Groups drawn into what a pool's reserves have left: totals are met, nothing is posted beyond what
// was supplied, and who posts and owes what one category takes and lends is in it.
#include <catch2/catch.hpp>

#include "sim/engine.hpp"
#include "tests/sim/small_world.hpp"

using namespace faultline;
using namespace faultline::test;

namespace {

ReserveSpec reserve(double lt, double supplied, double borrowed, const char* asset) {
  ReserveSpec r;
  r.ltv.value = r.lt.value = lt;
  r.collateral = lt > 0;
  r.rate.kind = "none";
  r.supplied = of(supplied, asset);
  if (borrowed > 0) r.borrowed = of(borrowed, asset);
  return r;
}

/// $20m of ETH and $10m of BTC at 0.8 against $15m of USD: a mean health of 1.6 takes all of it.
Ecosystem pool(AccountGroup group) {
  Ecosystem eco;
  add_assets(eco, {{"ETH", 2000}, {"BTC", 50000}, {"USD", 1}});
  PooledLending::Spec spec;
  spec.reserves = {{"ETH", reserve(0.8, 10000, 0, "ETH")},
                   {"BTC", reserve(0.8, 200, 0, "BTC")},
                   {"USD", reserve(0, 2e7, 1.5e7, "USD")}};
  MarketNode node;
  group.name = "others";
  group.count = 2000;
  node.groups = {group};
  node.spec = spec;
  add(eco.markets, "pool", node);
  return eco;
}

struct Drawn {
  Diagnostics found;
  Snapshot world;
  explicit Drawn(const Ecosystem& eco) : world(compile(eco, found, {})) {}

  std::string text() const {
    std::string out;
    for (const Diagnostic& d : found.sorted()) out += d.code + " " + d.message + "\n";
    return out;
  }
  double posted(const char* asset) const {
    double units = 0;
    for (std::uint32_t p = 0; p < world.positions.size(); ++p) {
      for (std::uint32_t leg = 0; leg < world.book->collateral_legs(p); ++leg) {
        const Reserve& r = world.reserves[world.book->factor(p, leg) / 2];
        if (world.assets[r.asset.value].name == asset) units += world.book->base_amount(p, leg);
      }
    }
    return units;
  }
};

}  // namespace

TEST_CASE("generated accounts: an unstated health gives way to what is supplied") {
  const Drawn c(pool({}));
  INFO(c.text());
  CHECK_FALSE(c.found.failed());
  CHECK(c.text().find("N0453 'others': reserves hold too little for a median health of 1.60; it is"
                      " 1.") != std::string::npos);
  CHECK(c.posted("ETH") <= 10000);
  CHECK(c.posted("BTC") <= 200);
  CHECK(c.posted("ETH") * 2000 + c.posted("BTC") * 50000 > 0.9 * 3e7);
  for (std::uint32_t p = 0; p < c.world.positions.size(); ++p) {
    double slack = 0;
    for (std::uint32_t leg = 0; leg < c.world.book->legs(p); ++leg) {
      const double usd =
          c.world.book->base_amount(p, leg) * c.world.opening.factors[c.world.book->factor(p, leg)];
      slack += leg < c.world.book->collateral_legs(p) ? usd : -usd;
    }
    CHECK(slack > 0);
  }
}

TEST_CASE("generated accounts: a stated health is kept, and what it asks for told") {
  AccountGroup group;
  group.health_stated = true;
  group.health_median = 2.5;
  const Drawn c(pool(group));
  CHECK(c.found.failed());
  CHECK(c.text().find("E0444") != std::string::npos);
}

TEST_CASE("generated accounts: what fits is placed as drawn, unasked") {
  AccountGroup group;
  group.owes["USD"] = of(1e6, "USD");
  const Drawn c(pool(group));
  CHECK(c.text().find("N0453") == std::string::npos);
  CHECK_FALSE(c.found.failed());
}

TEST_CASE("generated accounts: the one category that suits a group is its own, or none") {
  AccountGroup group;
  group.posts["BTC"] = 1;
  group.owes["USD"] = of(1e6, "USD");
  for (const bool opts_out : {false, true}) {
    group.emode = opts_out ? "none" : "";
    Ecosystem eco = pool(group);
    EmodeSpec category;
    category.collateral = {{"BTC"}};
    category.borrow = {{"USD"}};
    category.ltv.value = category.lt.value = 0.95;
    std::get<PooledLending::Spec>(eco.markets[0].spec.spec).emodes["near"] = category;
    const Drawn c(eco);
    INFO(c.text());
    REQUIRE_FALSE(c.found.failed());
    const Reserve& r = c.world.reserves[c.world.book->factor(0, 0) / 2];
    CHECK(r.terms.lt == (opts_out ? 0.8 : 0.95));
  }
}
