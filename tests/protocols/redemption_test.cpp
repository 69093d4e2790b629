// An exit queue by hand.
#include "protocols/venues/redemption.hpp"

#include <catch2/catch.hpp>

#include "data/ecosystem_file.hpp"
#include "tests/data/findings.hpp"

using namespace faultline;

namespace {

/// 57,600 ETH a day for a claim at 1.21 ETH, places kept for an hour.
Redemption::Params queue() {
  Redemption::Spec spec;
  spec.capacity = {57600.0 / 86400, "ETH"};
  const auto made = Redemption::compile(spec, {"wstETH", "ETH", 1.21 * 3800, 3800, 1.21, 1, true});
  CHECK(made.problem == "");
  return made.params;
}

}  // namespace

TEST_CASE("a redemption pays the contract rate as far as the queue lets out") {
  const Redemption::Params p = queue();
  auto s = Redemption::open(p);
  CHECK(s.room == Approx(2400));  // an hour of 57,600 a day
  CHECK(Redemption::out_given_in(p, s, Side::sell, 100) == Approx(121));
  CHECK(Redemption::most_in(p, s, Side::sell) == Approx(2400 / 1.21));
  CHECK(Redemption::most_in(p, s, Side::buy) == 0);  // nobody is issued to
  CHECK(Redemption::in_to_rate(p, s, Side::sell, 1.2) == Approx(2400 / 1.21));
  CHECK(Redemption::in_to_rate(p, s, Side::sell, 1.22) == 0);
  Redemption::apply(p, s, Side::sell, 1000, 1210);
  CHECK(s.room == Approx(1190));
  CHECK(Redemption::relax(p, s, 600, 0));  // ten minutes: 400 ETH more
  CHECK(s.room == Approx(1590));
  CHECK(Redemption::relax(p, s, 1e6, 0));
  CHECK(s.room == Approx(2400));
  CHECK(!Redemption::relax(p, s, 60, 0));  // full
}

TEST_CASE("a queue follows its contract rate, and half of it may close") {
  const Redemption::Params p = queue();
  auto s = Redemption::open(p);
  CHECK(Redemption::re_rate(p, s, 1.1, 1));
  CHECK(Redemption::out_given_in(p, s, Side::sell, 100) == Approx(110));
  CHECK(!Redemption::re_rate(p, s, 0, 1));  // a worthless claim leaves it where it was
  Redemption::withdraw(p, s, 0.5);
  CHECK(s.room == Approx(1200));
  Redemption::relax(p, s, 1e6, 0);
  CHECK(s.room == Approx(1200));
}

TEST_CASE("only claims have a queue") {
  Redemption::Spec spec;
  spec.capacity = {1, "ETH"};
  CHECK(Redemption::compile(spec, {"ETH", "USDC", 3800, 1}).problem ==
        "let the first of the pair be a claim with a rate in the second");
}

TEST_CASE("an asset that is no claim cannot be redeemed") {
  test::Desk desk;
  const LoadedEcosystem loaded = load_ecosystem_text(
      "t.yaml", "faultline: 1\nassets: {ETH: $2000, BTC: {price: $9, redeem: 5 ETH/d}}\n", "",
      desk.reading);
  compile(loaded.eco, desk.diagnostics, loaded.spans());
  CHECK(desk.findings().find("E0489: nobody redeems 'BTC': it is no claim") != std::string::npos);
}
