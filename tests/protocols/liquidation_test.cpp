#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "protocols/liquidation/economics.hpp"
#include "protocols/liquidation/sizing.hpp"
#include "protocols/liquidation/thresholds.hpp"
#include "protocols/losses/losses.hpp"
#include "protocols/margin/lending_terms.hpp"
#include "protocols/margin/rates.hpp"
#include "tests/known_vectors.hpp"

using namespace faultline;
using nlohmann::json;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

void near(double got, double want, double rel, double abs = 1e-12) {
  CAPTURE(got, want);
  CHECK(std::fabs(got - want) <= std::max(abs, rel * std::fabs(want)));
}

Quantum power_of_two(int k) {
  return Quantum{std::ldexp(1.0, -k), std::ldexp(1.0, k)};
}

// A row on quanta so fine that rounding stays below the tolerance of the published figures.
LiquidationRow row_of(double debt, double debt_price, double collateral, double collateral_price) {
  LiquidationRow r;
  r.debt_quantum = quantum_for(std::max(debt, 1.0) * 2);
  r.collateral_quantum = quantum_for(std::max(collateral, 1.0) * 2);
  r.debt = r.debt_quantum.down(debt);
  r.collateral = r.collateral_quantum.down(collateral);
  r.debt_price = debt_price;
  r.collateral_price = collateral_price;
  r.total_debt_usd = debt * debt_price;
  return r;
}

LendingTerms aave_v3() {
  LendingTermsSpec s;
  s.lt.value = 0.86;
  s.bonus = Ratio{0.05};
  s.protocol_fee.value = 0.1;
  s.close_factor = Ratio{0.5};
  s.close_base = "total";
  s.full_below_hf = Ratio{0.95};
  s.small = Amount{2000, "$"};
  s.min_leftover = Amount{1000, "$"};
  return compile_terms(s);
}

LendingTerms compound(double incentive, double close_factor, double seize_share) {
  LendingTermsSpec s;
  s.bonus = Ratio{incentive - 1};
  s.close_factor = Ratio{close_factor};
  s.seize_share.value = seize_share;
  return compile_terms(s);
}

LendingTerms morpho(double lltv) {
  LendingTermsSpec s;
  s.lltv = Ratio{lltv};
  return compile_terms(s);
}

// ---- Aave v3 ------------------------------------------------------------------------------------

void aave_liquidate(const json& c, double rel) {
  LendingTerms t = aave_v3();
  t.lt = c["lt"];
  t.bonus = c["bonus"];
  t.protocol_fee = c["protocol_fee"];
  double debt = 0;
  if (c.contains("debt_principal")) {
    RateModel m;
    m.kind = RateKind::kink;
    m.kink = c["kink"];
    m.slope1 = c["slope1"];
    m.slope2 = c["slope2"];
    RateState state;
    debt = c["debt_principal"];
    debt *= accrue(m, state, c["pool_liquidity_after_borrow"], debt, 0,
                   c["interest_days"].get<double>() * 86400)
                .borrow_growth;
    near(debt, c["expected"]["debt_with_interest"], rel);
  } else {
    debt = c["debt"];
  }
  LiquidationRow row = row_of(debt, c["debt_price"], c["collateral"], c["collateral_price"]);
  const std::vector<WeightedLeg> in{{row.collateral, row.collateral_price, t.lt}};
  const std::vector<WeightedLeg> out{{row.debt, row.debt_price, 1}};
  row.health = health_factor(in, out);
  const json& want = c["expected"];
  near(row.health, want["health_factor"], rel);
  CHECK(liquidatable(row.health, t));
  std::optional<double> request;
  if (!c["repay_request"].is_null()) request = c["repay_request"].get<double>();
  const LiquidationPlan p = plan_liquidation(row, t, request);
  near(p.repay, want["repaid"], rel);
  near(p.seize, want["seized_total"], rel);
  near(p.to_liquidator, want["to_liquidator"], rel);
  near(p.to_protocol, want["to_protocol"], rel);
  CHECK(p.reverts() == want["reverts"].get<bool>());
  DebtorLeft left;
  left.debt = row.debt - p.repay;
  left.collateral = row.collateral - p.seize;
  left.all_collateral_usd = left.collateral * row.collateral_price;
  near(recognised_loss(Recognition::all_collateral_gone, left), want["deficit"], rel);
}

void aave_max_repay(const json& c, double rel) {
  LendingTerms t = aave_v3();
  t.small_usd = c["small"];
  double total = 0;
  for (const auto& [asset, debt] : c["reserve_debts"].items()) total += debt.get<double>();
  const double debt = c["reserve_debts"][c["target"].get<std::string>()];
  LiquidationRow row = row_of(debt, 1, c["collateral_value"], 1);
  row.total_debt_usd = total;
  row.health = c["health_factor"];
  near(max_repay(row, t), c["expected"]["max_repay"], rel);
  t.close_base = CloseBase::reserve;  // v3.0 to v3.2
  t.small_usd = 0;
  near(max_repay(row, t), c["expected"]["max_repay_before_v3_3"], rel);
}

void aave_dust(const json& c, double rel) {
  LendingTerms t = aave_v3();
  t.lt = c["lt"];
  t.bonus = c["bonus"];
  t.protocol_fee = c["protocol_fee"];
  const double health = c["health_factor_target"];
  const double collateral_value =
      c["collateral"].get<double>() * c["collateral_price"].get<double>() +
      c["other_collateral_value"].get<double>();
  const double debt = collateral_value * t.lt / health / c["debt_price"].get<double>();
  LiquidationRow row = row_of(debt, c["debt_price"], c["collateral"], c["collateral_price"]);
  row.health = health;
  const LiquidationPlan p = plan_liquidation(row, t, c["repay_request"].get<double>());
  near(p.seize, c["expected"]["seized_total"], rel);
  near(row.collateral - p.seize, c["expected"]["collateral_left"], rel);
  CHECK(p.reverts() == c["expected"]["reverts"].get<bool>());
}

void aave_dust_edge(const json& c, double rel) {
  LendingTerms t = aave_v3();
  const double health = c["health_factor_target"];
  LiquidationRow row = row_of(c["reserve_debt"], 1, c["collateral"], 1);
  row.health = health;
  row.total_debt_usd = c["collateral"].get<double>() * c["lt"].get<double>() / health;
  near(row.total_debt_usd, c["expected"]["total_debt"], rel);
  const LiquidationPlan max = plan_liquidation(row, t, infinite);
  near(max.max_repay, c["expected"]["max_repay"], rel);
  near(row.debt - max.repay, c["expected"]["debt_left"], rel);
  CHECK(max.reverts() == c["expected"]["reverts"].get<bool>());
  const LiquidationPlan informed = plan_liquidation(row, t);
  CHECK(informed.max_reverts);
  CHECK_FALSE(informed.reverts());
  near(informed.repay, 3200, rel);  // leaves exactly $1,000
}

// ---- Compound v2 --------------------------------------------------------------------------------

void compound_seize(const json& c, double rel) {
  const LendingTerms t = compound(c["incentive"], 1.0, 0);
  const double ctoken = c["p_coll"].get<double>() * c["exchange_rate"].get<double>();
  LiquidationRow row = row_of(c["repay"], c["p_borrow"], 1000, ctoken);
  const LiquidationPlan p = plan_liquidation(row, t);
  near(p.seize, c["expected"], rel);
}

void compound_liquidity(const json& c, double rel) {
  std::vector<WeightedLeg> in, out;
  for (const auto& s : c["supplies"]) in.push_back({s["amount"], s["price"], s["cf"]});
  for (const auto& b : c["borrows"]) out.push_back({b["amount"], b["price"], 1});
  near(account_liquidity(in, out), c["expected"], rel);
}

// Interest at a rate per block; here a block is 15 s and the year has 2,102,400 of them.
double accrued(double borrow, double rate_per_block, double blocks) {
  RateSpec spec;
  spec.kind = "fixed";
  spec.compounding = "simple";
  spec.base.value = rate_per_block * 2102400;
  RateState state;
  return borrow * accrue(compile_rate(spec), state, 0, borrow, 0, blocks * 15).borrow_growth;
}

void compound_in_kind(const json& c, double rel) {
  const json& want = c["expected"];
  const double cash = c["supply"].get<double>() - c["borrow"].get<double>();
  const double debt = accrued(c["borrow"], c["rate_per_block"], c["blocks"]);
  near(debt, want["borrow_after_accrual"], rel);
  const double tokens = c["tokens0"], cf = c["cf"], price = c["price"];
  const double rate = exchange_rate(cash, debt, 0, tokens);
  near(rate, want["exchange_rate"], rel);
  const auto liquidity = [&](double t, double r, double d) {
    const std::vector<WeightedLeg> in{{t, r * price, cf}}, out{{d, price, 1}};
    return account_liquidity(in, out);
  };
  near(liquidity(tokens, rate, debt), want["liquidity_before"], 1e-7);
  const LendingTerms t = compound(c["incentive"], 0.5, c["seize_share"]);
  LiquidationRow row = row_of(debt, price, tokens, price * rate);
  const LiquidationPlan p = plan_liquidation(row, t, c["repay"].get<double>());
  near(row.collateral - p.seize, want["borrower_tokens_after"], rel);
  near(p.to_liquidator, want["liquidator_tokens"], rel);
  near(row.debt - p.repay, want["borrow_after"], rel);
  near(cash + p.repay, want["cash_after"], rel);
  const double after = exchange_rate(cash + p.repay, row.debt - p.repay, p.to_protocol * rate,
                                     tokens - p.to_protocol);
  near(liquidity(tokens - p.seize, after, row.debt - p.repay), want["liquidity_after"], 1e-6);
}

void compound_in_kind_check(const json& c, double rel) {
  const Quantum wei = power_of_two(40);
  const double debt = wei.down(accrued(c["borrow"], c["rate_per_block"], c["blocks"]));
  near(debt, c["expected"]["borrow_after_accrual"], rel);
  const double cash = c["supply"].get<double>() - c["borrow"].get<double>();
  const double worth = wei.down(cash + debt);
  const std::vector<WeightedLeg> in{{worth, 1, c["cf"]}}, out{{debt, 1, 1}};
  near(account_liquidity(in, out), c["expected"]["liquidity"], rel, 1e-11);
  LendingTerms t = compound(1.1, 0.5, 0);
  CHECK(liquidatable(health_factor(in, out), t) == c["expected"]["liquidatable"].get<bool>());
}

// The source's cTokens have 8 decimals at an exchange rate of 0.2: seizures fall on quanta of 2e-9
// of the underlying (its figures show it). Collateral is therefore counted in those quanta.
void compound_steps(const json& c, double rel) {
  const double quantum = 2e-9;
  LiquidationRow row;
  row.debt_quantum = power_of_two(50);
  row.collateral_quantum = Quantum{1, 1};
  row.debt = c["debt"];
  row.debt_price = c["p_debt"];
  row.collateral = std::round(c["collateral"].get<double>() / quantum);
  row.collateral_price = c["p_coll"].get<double>() * quantum;
  const double cf = c["cf"];
  const auto liquidity = [&] {
    const std::vector<WeightedLeg> in{{row.collateral, row.collateral_price, cf}};
    const std::vector<WeightedLeg> out{{row.debt, row.debt_price, 1}};
    return account_liquidity(in, out);
  };
  for (std::size_t i = 0; i < c["steps"].size(); ++i) {
    const json& s = c["steps"][i];
    const LendingTerms t = compound(s["incentive"], c["close_factor"], 0);
    const double before = liquidity();
    const LiquidationPlan p = plan_liquidation(row, t, s["repay"].get<double>());
    REQUIRE_FALSE(p.reverts());
    row.debt -= p.repay;
    row.collateral -= p.seize;
    near(row.debt, c["expected"]["debt"][i], rel);
    near(row.collateral * quantum, c["expected"]["collateral"][i], rel);
    if (c["expected"].contains("liquidity_change"))
      near(liquidity() - before, c["expected"]["liquidity_change"][i], rel);
  }
  DebtorLeft left;
  left.debt = row.debt;
  CHECK(recognised_loss(Recognition::never, left) == 0.0);
}

void compound_seize_share(const json& c, double rel) {
  const LendingTerms t = compound(1.0, 1.0, c["seize_share"]);
  LiquidationRow row = row_of(c["seized_tokens"], 1, c["seized_tokens"], 1);
  const LiquidationPlan p = plan_liquidation(row, t);
  near(p.to_liquidator, c["expected"]["liquidator"], rel);
  near(p.to_protocol, c["expected"]["reserves"], rel);
}

// ---- Morpho Blue --------------------------------------------------------------------------------

void morpho_liquidate_all(const json& c, double rel) {
  const json& want = c["expected"];
  const LendingTerms t = morpho(c["lltv"]);
  near(1 + t.bonus, want["lif"], rel);
  LiquidationRow row = row_of(c["debt"], 1, c["collateral"], c["price"]);
  const LiquidationPlan p = plan_liquidation(row, t);
  near(p.repay, want["repaid"], rel);
  CHECK(p.takes_all(row));
  DebtorLeft left;
  left.debt = row.debt - p.repay;
  left.collateral = row.collateral - p.seize;
  LossSpec spec;
  spec.recognise = "collateral_gone";
  spec.bearers = {"haircut"};
  const LossPolicy policy = compile_losses(spec);
  const double loss = recognised_loss(policy.recognition, left);
  near(loss, want["bad_debt"], rel);
  const Absorbed a = absorb(loss, 0, c["supply"], policy);
  near(c["supply"].get<double>() - a.haircut, want["total_supply_after"], rel);
  near(row.debt - p.repay - loss, want["total_borrow_after"], rel);
  near(claim_factor(c["supply"], a.haircut), want["share_price_factor"], rel);
}

void morpho_irm(const json& c, double rel) {
  RateSpec spec;
  spec.kind = "adaptive";
  RateState state;
  if (!c["rate_at_target"].is_null()) state.rate_at_target = c["rate_at_target"];
  const double u = c["u"];
  const Accrual a = accrue(compile_rate(spec), state, 1 - u, u, 0, c["days"].get<double>() * 86400);
  const double tolerance = c.value("tol_rel", rel);
  if (c["expected"].contains("avg_rate"))
    near(a.rates.borrow, c["expected"]["avg_rate"], tolerance);
  near(state.rate_at_target, c["expected"]["rate_at_target"], tolerance);
}

void morpho_health(const json& c, double rel) {
  const double value = c["collateral"].get<double>() * c["price"].get<double>();
  const std::vector<WeightedLeg> in{{c["collateral"], c["price"], c["lltv"]}};
  const std::vector<WeightedLeg> out{{c["debt"], 1, 1}};
  near(health_factor(in, out), c["expected"]["health_factor"], rel);
  near(weighted_value(out) / value, c["expected"]["ltv"], rel);
  near(account_liquidity(in, out), c["expected"]["max_more_borrow"], rel);
}

void morpho_case(const json& c, double rel) {
  const std::string type = c["type"];
  if (type == "lif") {
    near(incentive_from_lltv(c["lltv"]), c["expected"], rel);
  } else if (type == "utilisation") {
    const double debt = c["borrow"], supply = c["supply"];
    near(utilisation(supply - debt, debt), c["expected"], rel);
  } else if (type == "max_borrow") {
    const std::vector<WeightedLeg> in{{c["collateral"], c["price"], c["lltv"]}};
    near(account_liquidity(in, {}), c["expected"], rel);
  } else if (type == "supply_to_utilisation") {
    near(supply_change_to_utilisation(c["supply"], c["borrow"], c["target"]), c["expected"], rel);
  } else if (type == "withdraw_to_utilisation") {
    near(-supply_change_to_utilisation(c["supply"], c["borrow"], c["target"]), c["expected"], rel);
  } else if (type == "borrow_to_utilisation") {
    near(debt_change_to_utilisation(c["supply"], c["borrow"], c["target"]), c["expected"], rel);
  } else if (type == "repay_to_utilisation") {
    near(-debt_change_to_utilisation(c["supply"], c["borrow"], c["target"]), c["expected"], rel);
  } else if (type == "health") {
    morpho_health(c, rel);
  } else if (type == "apy") {
    RateSpec spec;
    spec.kind = "fixed";
    spec.base.value = c["rate"];
    RateState state;
    near(accrue(compile_rate(spec), state, 1, 1, 0, year_s).borrow_growth - 1, c["expected"], rel);
  } else if (type == "liquidate_all") {
    morpho_liquidate_all(c, rel);
  } else if (type == "irm") {
    morpho_irm(c, rel);
  } else {
    FAIL("unknown case type " << type);
  }
}

}  // namespace

TEST_CASE("aave v3 liquidation: every published case") {
  const json file = test::known("lending/aave_v3_liquidation");
  const double rel = file["tolerance"]["rel"];
  REQUIRE(file["cases"].size() == 7);
  CHECK(aave_v3().small_usd == file["constants"]["small_position_usd"].get<double>());
  CHECK(aave_v3().min_leftover_usd == file["constants"]["min_leftover_usd"].get<double>());
  for (const json& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const std::string type = c["type"];
    if (type == "liquidate") {
      aave_liquidate(c, rel);
    } else if (type == "max_repay") {
      aave_max_repay(c, rel);
    } else if (type == "liquidate_reserve") {
      aave_dust(c, rel);
    } else if (type == "liquidate_reserve_edge") {
      aave_dust_edge(c, rel);
    } else {
      FAIL("unknown case type " << type);
    }
  }
}

TEST_CASE("compound v2: every published case") {
  const json file = test::known("lending/compound_v2");
  const double rel = file["tolerance"]["rel"];
  REQUIRE(file["cases"].size() == 14);
  for (const json& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const std::string type = c["type"];
    if (type == "seize_tokens") {
      compound_seize(c, rel);
    } else if (type == "liquidity") {
      compound_liquidity(c, rel);
    } else if (type == "in_kind") {
      compound_in_kind(c, rel);
    } else if (type == "in_kind_check") {
      compound_in_kind_check(c, rel);
    } else if (type == "steps") {
      compound_steps(c, rel);
    } else if (type == "seize_share") {
      compound_seize_share(c, rel);
    } else {
      FAIL("unknown case type " << type);
    }
  }
}

TEST_CASE("morpho blue: every published case") {
  const json file = test::known("lending/morpho_blue");
  const double rel = file["tolerance"]["rel"];
  REQUIRE(file["cases"].size() == 23);
  for (const json& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    morpho_case(c, rel);
  }
}

TEST_CASE("toxic liquidation: every published case") {
  const json file = test::known("lending/toxic_liquidation");
  const double rel = std::stod(file["tolerance"].get<std::string>());
  for (const json& c : file["thresholds"])
    near(toxic_ltv(c["liquidation_bonus"]), c["toxic_ltv"], rel);
  for (const json& c : file["morpho_lif"]["cases"]) {
    const double lif = incentive_from_lltv(c["lltv"]);
    near(lif, c["lif"], rel);
    near(toxic_ltv(lif - 1), c["toxic_ltv"], rel);
    near(toxic_ltv(lif - 1) - c["lltv"].get<double>(), c["buffer_lltv_to_toxic"], rel);
  }
  for (const json& c : file["paths"]) {
    CAPTURE(c["name"].get<std::string>());
    const LendingTerms t = compound(1 + c["bonus"].get<double>(), c["close_factor"], 0);
    near(toxic_ltv(t.bonus), c["frontier"], rel);
    LiquidationRow row = row_of(c["debt"], 1, c["collateral"], 1);
    bool first = true;
    for (const json& at : c["path_half_at_a_time"]) {
      if (!first) {
        const LiquidationPlan p = plan_liquidation(row, t);
        row.debt -= p.repay;
        row.collateral -= p.seize;
      }
      first = false;
      near(row.debt, at["debt"], rel);
      near(row.collateral, at["collateral"], rel);
      if (!at["ltv"].is_null()) near(row.debt / row.collateral, at["ltv"], 2 * rel);
    }
    const double lost = bad_debt_exhausted(c["collateral"], c["debt"], c["bonus"]);
    const double frozen = bad_debt_frozen(c["collateral"], c["debt"]);
    near(lost, c["bad_debt_if_fully_liquidated"], rel);
    near(frozen, c["bad_debt_if_frozen"], rel);
    near(lost - frozen, c["value_lost_to_bonus_beyond_frozen"], rel);
  }
}

TEST_CASE("health step identity and the loss frontier of loops") {
  const json file = test::known("lending/toxic_liquidation");
  const json& in = file["health_factor_step"]["inputs"];
  const json& out = file["health_factor_step"]["expected"];
  const double lt = in["LT"], debt = in["B"], repay = in["repay"], bonus = in["bonus"];
  const double health = in["C"].get<double>() * lt / debt;
  near(health, out["HF"], 1e-12);
  const double after = health_after(health, lt, bonus, repay / debt);
  near(after, out["HF_after"], 1e-12);
  CHECK((after > health) == out["improves"].get<bool>());
  CHECK((health > toxic_health(lt, bonus)) == out["improves"].get<bool>());

  const json& loop = file["loop_loss_frontier"];
  const LoopFrontier f =
      loop_frontier(loop["inputs"]["leverage"], loop["inputs"]["LT"], loop["inputs"]["bonus"]);
  near(f.health, loop["expected"]["HF0"], 1e-12);
  near(f.eligible_from, loop["expected"]["eligible_from"], 1e-12);
  near(f.loss_from, loop["expected"]["D_star"], 1e-12);
  near(f.eligible_from, loop["expected"]["published"][0], 0, 5e-4);
  near(f.loss_from, loop["expected"]["published"][1], 0, 5e-4);
}

TEST_CASE("plans are whole quanta, add up, and never exceed the account") {
  std::mt19937_64 rng(11);
  std::uniform_real_distribution<double> unit(0, 1);
  const LendingTerms kinds[] = {aave_v3(), compound(1.08, 0.5, 0.028), morpho(0.86)};
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const LendingTerms& t = kinds[i % 3];
    LiquidationRow row;
    row.debt_quantum = power_of_two(20);
    row.collateral_quantum = power_of_two(26);
    row.debt = row.debt_quantum.down(12000 * unit(rng));
    row.collateral = row.collateral_quantum.down(10 * unit(rng));
    row.debt_price = 0.9 + 0.2 * unit(rng);
    row.collateral_price = 500 + 2500 * unit(rng);
    row.total_debt_usd = row.debt * row.debt_price * (1 + unit(rng));
    row.health = 0.9 + 0.1 * unit(rng);
    std::optional<double> request;
    if (i % 2 == 0) request = 15000 * unit(rng);
    const LiquidationPlan p = plan_liquidation(row, t, request);
    if (p.reverts()) {
      ++refused;
      if (!request) CHECK(p.refusal == Refusal::dust);
      continue;
    }
    REQUIRE(row.debt_quantum.whole(p.repay));
    REQUIRE(row.collateral_quantum.whole(p.seize));
    REQUIRE(row.collateral_quantum.whole(p.to_protocol));
    REQUIRE(p.to_liquidator + p.to_protocol == p.seize);
    REQUIRE(p.repay <= p.max_repay);
    REQUIRE(p.repay <= row.debt);
    REQUIRE(p.seize <= row.collateral);
    const double debt_left = (row.debt - p.repay) * row.debt_price;
    const double left = (row.collateral - p.seize) * row.collateral_price;
    if (debt_left > 0 && left > 0) {
      REQUIRE(debt_left >= t.min_leftover_usd);
      REQUIRE(left >= t.min_leftover_usd);
    }
    if (!request && t.min_leftover_usd > 0 && p.max_reverts) {  // a little more is refused
      const LiquidationPlan more = plan_liquidation(row, t, p.repay + 0.001);
      REQUIRE((more.reverts() || more.repay > p.repay));
      REQUIRE((more.repay < p.max_repay ? more.reverts() : true));
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("doubling every amount, and the quanta with them, changes no ratio's bits") {
  const LendingTerms t = aave_v3();
  for (int n : {-10, 1, 12}) {
    const double k = std::ldexp(1.0, n);
    LendingTerms big = t;
    big.small_usd *= k;
    big.min_leftover_usd *= k;
    LiquidationRow a;
    a.debt_quantum = power_of_two(20);
    a.collateral_quantum = power_of_two(30);
    a.debt = a.debt_quantum.down(4211.37);
    a.debt_price = 0.9991;
    a.collateral = a.collateral_quantum.down(2.71828);
    a.collateral_price = 1871.5;
    a.total_debt_usd = 7001.1;
    a.health = 0.981;
    LiquidationRow b = a;
    b.debt *= k;
    b.collateral *= k;
    b.total_debt_usd *= k;
    b.debt_quantum = power_of_two(20 - n);
    b.collateral_quantum = power_of_two(30 - n);
    const LiquidationPlan x = plan_liquidation(a, t), y = plan_liquidation(b, big);
    CHECK(y.repay == x.repay * k);
    CHECK(y.seize == x.seize * k);
    CHECK(y.to_protocol == x.to_protocol * k);
    CHECK(y.max_repay == x.max_repay * k);
    CHECK(y.max_reverts == x.max_reverts);
    CHECK(required_price(y, 3 * k) == required_price(x, 3));
  }
}

TEST_CASE("an informed liquidator who can leave nothing admissible is refused") {
  LendingTerms t = aave_v3();
  t.small_usd = 0;
  LiquidationRow row = row_of(900, 1, 1100, 1);  // half of it would leave 450 and 627
  row.health = 0.97;
  const LiquidationPlan p = plan_liquidation(row, t);
  CHECK(p.refusal == Refusal::dust);
  CHECK(p.repay == 0.0);
  CHECK(p.max_reverts);
  CHECK(p.max_repay == Approx(450));
}

TEST_CASE("the close factor is full at the threshold itself and for small positions below theirs") {
  const LendingTerms t = aave_v3();
  LiquidationRow row = row_of(10000, 1, 12000, 1);
  row.health = 0.95;
  CHECK(max_repay(row, t) == 10000);
  row.health = std::nextafter(0.95, 1.0);
  CHECK(max_repay(row, t) == 5000);
  row.debt = 2000;
  row.total_debt_usd = 2000;
  CHECK(max_repay(row, t) == 1000);  // not below $2,000
  row.debt = 1999;
  CHECK(max_repay(row, t) == 1999);
}

TEST_CASE("nobody sizes a seizure without prices, debt or collateral") {
  const LendingTerms t = morpho(0.86);
  CHECK(plan_liquidation(row_of(10, 1, 10, 0), t).refusal == Refusal::no_price);
  CHECK(plan_liquidation(row_of(10, std::nan(""), 10, 1), t).refusal == Refusal::no_price);
  CHECK(plan_liquidation(row_of(10, 1, 0, 1), t).refusal == Refusal::nothing);
  CHECK(plan_liquidation(row_of(0, 1, 10, 1), t).refusal == Refusal::nothing);
  CHECK(plan_liquidation(row_of(10, 1, 20, 1), t, 0.0).refusal == Refusal::nothing);
  CHECK(plan_liquidation(row_of(10, 1, 20, 1), t, std::nan("")).repay == 10.0);
}

TEST_CASE("triggers: strict for Aave, Compound and Morpho, inclusive for Euler") {
  LendingTerms t = aave_v3();
  CHECK_FALSE(liquidatable(1.0, t));
  CHECK(liquidatable(std::nextafter(1.0, 0.0), t));
  t.trigger = Trigger::at_or_below;
  CHECK(liquidatable(1.0, t));
  CHECK_FALSE(liquidatable(std::nan(""), t));
}

TEST_CASE("the required price is where the liquidator breaks even") {
  LiquidationRow row = row_of(1000, 1, 1, 1500);
  row.health = 0.9;
  const LendingTerms t = aave_v3();
  const LiquidationPlan p = plan_liquidation(row, t);
  const double gas = 7;
  const double least = required_price(p, gas);
  CHECK(least == Approx((1000 + gas) / (1000 / 1500.0 * (1 + 0.05 * 0.9))).epsilon(1e-9));
  CHECK(liquidation_profit(p, least, gas) == Approx(0).margin(1e-9));
  CHECK(liquidation_profit(p, least * 1.01, gas) > 0);
  CHECK(required_price(LiquidationPlan{}, gas) == infinite);

  const double slippage = break_even_slippage(t, 0.003, gas / 1000);
  CHECK(profit_per_repaid(t, {slippage, 0.003, gas / 1000}) == Approx(0).margin(1e-14));
  CHECK(row.collateral_price * (1 - slippage) * (1 - 0.003) == Approx(least).epsilon(1e-9));
  // bonus (1 - fee) - slippage - pool fee - gas, to first order
  CHECK(profit_per_repaid(t, {0.01, 0.003, 0.001}) ==
        Approx(0.05 * 0.9 - 0.01 - 0.003 - 0.001).margin(1e-3));
  CHECK(liquidator_share(compound(1.08, 0.5, 0.028)) * 1.08 == Approx(1.04976));
}
