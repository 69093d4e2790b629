// The breach search against a full scan, and the scan against the definition written out: random
// books, prices both ways, thresholds, interest, partial liquidations, parking, worthless assets.
#include "protocols/margin/breach_search.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/simd.hpp"
#include "protocols/margin/book.hpp"

using namespace faultline;

namespace {

struct Random {
  std::uint64_t state;

  std::uint64_t bits() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(bits() % n); }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  bool chance(double p) { return real(0.0, 1.0) < p; }
};

constexpr std::uint32_t kGroups = 3;
constexpr std::uint32_t kGroupCollateral = 5;  // factors of a group: collateral, then debt
constexpr std::uint32_t kGroupDebt = 3;
constexpr std::uint32_t kFactors = kGroups * (kGroupCollateral + kGroupDebt);

bool is_debt_factor(std::uint32_t factor) {
  return factor % (kGroupCollateral + kGroupDebt) >= kGroupCollateral;
}

std::vector<double> base_factors(Random& random) {
  std::vector<double> y(kFactors);
  for (double& value : y) value = random.real(0.5, 4.0);
  y[1] = 2500.0;
  return y;
}

// Legs of random factors of the group whose health is spread over (0.97, 3.5), mostly low.
std::vector<LegInput> random_legs(Random& random, std::uint32_t group, const std::vector<double>& y,
                                  std::uint32_t collateral_legs, std::uint32_t debt_legs,
                                  bool fixed_mix) {
  const std::uint32_t start = group * (kGroupCollateral + kGroupDebt);
  std::vector<LegInput> legs;
  double health = 0.97 + random.real(0.0, 1.0) * random.real(0.0, 2.5);
  if (random.chance(0.02)) health = 1.0;
  double collateral = 0.0;
  for (std::uint32_t i = 0; i < collateral_legs; ++i) {
    const std::uint32_t factor = start + (fixed_mix ? i : random.below(kGroupCollateral));
    const double amount = random.chance(0.05) ? 0.0 : random.real(0.1, 50.0);
    legs.push_back({factor, amount, false});
    collateral += amount * y[factor];
  }
  for (std::uint32_t i = 0; i < debt_legs; ++i) {
    const std::uint32_t factor =
        start + kGroupCollateral + (fixed_mix ? i : random.below(kGroupDebt));
    const double amount = collateral / (health * y[factor] * debt_legs);
    legs.push_back({factor, random.chance(0.02) ? 0.0 : amount, true});
  }
  if (!legs.empty() && random.chance(0.1)) std::rotate(legs.begin(), legs.begin() + 1, legs.end());
  return legs;
}

// A third of the rows in a few mixes (uniform blocks), the rest in any (mixed blocks).
Book random_book(Random& random, std::uint32_t rows) {
  const std::vector<double> y = base_factors(random);
  BookBuilder builder;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint32_t group = random.below(kGroups);
    const bool fixed = random.chance(0.4);
    const std::uint32_t collateral = fixed ? 2 + group : random.below(5);
    const std::uint32_t debt = fixed ? 1 + group % 2 : random.below(3);
    builder.add_row(group, random_legs(random, group, y, collateral, debt, fixed));
  }
  builder.add_row(1, {});
  return std::move(builder).build(y);
}

// The definition of breach, one row at a time.
std::vector<std::uint32_t> by_definition(const Positions& positions, const std::vector<double>& y) {
  const Book& book = positions.book();
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < book.rows(); ++row) {
    double slack = 0.0;
    bool debt = false;
    for (std::uint32_t leg = 0; leg < book.legs(row); ++leg) {
      const double value = positions.amount(row, leg) * y[book.factor(row, leg)];
      if (leg < book.collateral_legs(row)) {
        slack += value;
      } else {
        slack -= value;
        debt = debt || value > 0.0;
      }
    }
    if (debt && slack < 0.0) rows.push_back(row);
  }
  return rows;
}

// One round's move of the factors; kinds alternate so that every path of the search is met.
void move_factors(Random& random, std::uint32_t round, const Book& book, std::vector<double>& y) {
  const std::uint32_t phase = round / 12 % 6;
  for (std::uint32_t f = 0; f < kFactors; ++f) {
    const double noise = random.real(-0.002, 0.002);
    const bool debt = is_debt_factor(f);
    if (phase == 0) y[f] *= 1.0 + noise + (debt ? 0.0 : -0.006);           // fall
    if (phase == 1) y[f] *= 1.0 + noise + (debt ? 0.0 : 0.004);            // rise
    if (phase == 2 && debt) y[f] *= 1.0 + (round % 2 == 0 ? 2e-5 : 1e-6);  // interest only
    if (phase == 3 && random.chance(0.05)) y[f] *= debt ? 1.01 : 0.985;  // thresholds, few factors
    if (phase == 4) y[f] *= 1.0 + 4 * noise;                             // noise
  }
  if (phase != 5) return;
  const std::uint32_t f = random.below(kFactors);  // the extremes, one factor at a time
  const double base = book.base_factors()[f];
  const double values[] = {0.0, base * 1e-160, base * 1e160, base * 0.3, base * 3.0, base, 1e-310};
  y[f] = values[random.below(7)];
  if (round % 12 == 11)
    for (std::uint32_t g = 0; g < kFactors; ++g) y[g] = book.base_factors()[g];
}

struct Script {
  std::uint64_t seed;
  std::uint32_t rounds;
  bool check;
};

// What one run of a script saw.
struct Trace {
  std::vector<std::vector<std::uint32_t>> entered, left;
  BreachSearch::Counters counters;
  std::size_t reported = 0, again = 0, cured = 0;
};

// Repays part of a random debt leg and takes a little more collateral; any row, any outcome.
std::uint32_t liquidate(Random& random, Positions& positions, std::uint32_t row,
                        const std::vector<double>& y) {
  const Book& book = positions.book();
  const std::uint32_t collateral = book.collateral_legs(row);
  const std::uint32_t debt = collateral + random.below(book.legs(row) - collateral);
  const double part = random.chance(0.1) ? 1.0 : 0.5;
  const double repaid = positions.amount(row, debt) * part;
  positions.set_amount(row, debt, positions.amount(row, debt) - repaid);
  if (collateral > 0) {
    const std::uint32_t leg = random.below(collateral);
    const double price = y[book.factor(row, leg)];
    const double seized = price > 0.0 ? 0.8 * repaid * y[book.factor(row, debt)] / price : 0.0;
    positions.set_amount(row, leg, std::max(0.0, positions.amount(row, leg) - seized));
  }
  return row;
}

// Changes any row, sound or not: a borrow, a deposit, a leg filled for the first time.
std::uint32_t disturb(Random& random, Positions& positions) {
  const Book& book = positions.book();
  const std::uint32_t row = random.below(book.rows());
  if (book.legs(row) == 0) return row;
  const std::uint32_t leg = random.below(book.legs(row));
  const double amount = positions.amount(row, leg);
  positions.set_amount(row, leg, random.chance(0.3) ? 0.1 : amount * random.real(0.7, 1.4));
  return row;
}

// The rows in breach as the reports add up to, each change of which must be one.
struct Known {
  std::vector<std::uint8_t> in_breach, touched;

  explicit Known(const Book& book) : in_breach(book.rows()), touched(book.rows()) {}
  std::vector<std::uint32_t> rows() const {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < in_breach.size(); ++row)
      if (in_breach[row] != 0) rows.push_back(row);
    return rows;
  }
  void take(const std::vector<std::uint32_t>& entered, const std::vector<std::uint32_t>& left) {
    REQUIRE(std::is_sorted(entered.begin(), entered.end()));
    REQUIRE(std::is_sorted(left.begin(), left.end()));
    std::vector<std::uint8_t> reported(in_breach.size());
    for (const std::uint32_t row : entered) {
      REQUIRE(reported[row]++ == 0);
      REQUIRE((in_breach[row] == 0 || touched[row] != 0));
      in_breach[row] = 1;
    }
    for (const std::uint32_t row : left) {
      REQUIRE(reported[row]++ == 0);
      REQUIRE(in_breach[row] != 0);
      in_breach[row] = 0;
    }
    for (std::uint32_t row = 0; row < in_breach.size(); ++row) {
      // A touched row in breach is always reported.
      if (touched[row] != 0 && in_breach[row] != 0) REQUIRE(reported[row] == 1);
      touched[row] = 0;
    }
  }
};

void check_round(const Positions& positions, BreachSearch& search, const std::vector<double>& y,
                 const std::vector<std::uint32_t>& known, bool definition) {
  std::vector<std::uint32_t> scanned, entered, left;
  reference_scan(positions.book(), positions, y, scanned);
  if (definition) REQUIRE(scanned == by_definition(positions, y));
  REQUIRE(known == scanned);
  const auto before = search.counters();
  REQUIRE(!search.find(y, entered, left));  // nothing moved: nothing visited, nothing new
  REQUIRE(entered.empty());
  REQUIRE(left.empty());
  REQUIRE(search.counters().blocks_visited == before.blocks_visited);
  REQUIRE(search.counters().rows_evaluated == before.rows_evaluated);
}

template <class ForBlocks>
Trace run_script(const Script& script, Positions& positions, BreachSearch& search,
                 ForBlocks&& for_blocks) {
  Random random{script.seed};
  const Book& book = positions.book();
  std::vector<double> y(book.base_factors().begin(), book.base_factors().end());
  std::vector<std::uint32_t> all(kFactors), entered, left;
  for (std::uint32_t f = 0; f < kFactors; ++f) all[f] = f;
  Trace trace;
  Known known(book);
  for (std::uint32_t round = 0; round < script.rounds; ++round) {
    if (round > 0) move_factors(random, round, book, y);
    REQUIRE(!search.find(y, all, entered, left, for_blocks));
    for (const std::uint32_t row : entered) trace.again += known.in_breach[row];
    known.take(entered, left);
    const std::vector<std::uint32_t> rows = known.rows();
    if (script.check) check_round(positions, search, y, rows, round % 8 == 0);
    const auto touch = [&](std::uint32_t row) {
      search.touch(row);
      known.touched[row] = 1;
    };
    for (const std::uint32_t row : rows)
      if (random.below(10) < 3) touch(liquidate(random, positions, row, y));
    for (int i = 0; i < 3; ++i) touch(disturb(random, positions));
    trace.reported += entered.size() + left.size();
    trace.cured += left.size();
    trace.entered.push_back(entered);
    trace.left.push_back(left);
  }
  trace.counters = search.counters();
  return trace;
}

// A search with the list of rows in breach its reports add up to.
struct Lister {
  BreachSearch search;
  std::vector<std::uint32_t> rows, entered, left;

  template <class... Changed>
  std::optional<std::uint32_t> find(const std::vector<double>& y, Changed... changed) {
    const auto bad = search.find(y, changed..., entered, left);
    for (const auto* reported : {&entered, &left})
      for (const std::uint32_t row : *reported) std::erase(rows, row);
    rows.insert(rows.end(), entered.begin(), entered.end());
    std::sort(rows.begin(), rows.end());
    return bad;
  }
};

const auto serially = [](std::size_t count, auto&& visit) {
  for (std::size_t i = 0; i < count; ++i) visit(i);
};

}  // namespace

TEST_CASE("log_floor is a lower bound within 1.01 units and exact in order", "[breach_search]") {
  Random random{7};
  for (int i = 0; i < 200000; ++i) {
    const double x =
        i % 2 == 0 ? random.real(0.5, 2.5)
                   : std::ldexp(random.real(1.0, 2.0), static_cast<int>(random.below(1600)) - 800);
    const long double exact = std::log(static_cast<long double>(x)) * 1048576.0L;
    const auto units = static_cast<long double>(log_floor(x));
    REQUIRE(units <= exact);
    REQUIRE(units >= exact - 1.01L);
  }
  CHECK(log_floor(1.0) == -1);
}

TEST_CASE("eight rows compute what one row does", "[breach_search]") {
  Random random{3};
  double a[8], b[8], sum[8];
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < 8; ++i) {
      a[i] = random.real(-2.0, 2.0);
      b[i] = random.chance(0.2) ? a[i] : random.real(-2.0, 2.0);
    }
    (Rows8::load(a) * Rows8(3.0) - Rows8::load(b) / Rows8(7.0)).store(sum);
    Rows8::Bits expected = 0;
    for (unsigned i = 0; i < 8; ++i) {
      CHECK(sum[i] == a[i] * 3.0 - b[i] / 7.0);
      expected |= (a[i] < b[i] ? 1u : 0u) << i;
    }
    CHECK(less(Rows8::load(a), Rows8::load(b)) == expected);
    CHECK(Rows8::load(a).least() == *std::min_element(a, a + 8));
  }
  CHECK(cpu_is_supported());
}

TEST_CASE("a book keeps every row, in blocks of one group", "[breach_search]") {
  Random random{11};
  const std::vector<double> y = base_factors(random);
  BookBuilder builder;
  std::vector<std::vector<LegInput>> rows;
  for (std::uint32_t i = 0; i < 6000; ++i) {
    const bool fixed = random.chance(0.5);
    rows.push_back(random_legs(random, i % kGroups, y, fixed ? 3 : random.below(5),
                               fixed ? 2 : random.below(3), fixed));
    REQUIRE(builder.add_row(i % kGroups, rows.back()) == i);
  }
  const Book book = std::move(builder).build(y);
  REQUIRE(book.rows() == rows.size());
  std::size_t mixed = 0, uniform = 0;
  for (const Book::Family& family : book.families()) ++(family.mixed ? mixed : uniform);
  CHECK(mixed > 5);
  CHECK(uniform >= 3);
  for (const Book::Block& block : book.blocks()) {
    REQUIRE(block.rows <= kBlockRows);
    REQUIRE(block.rows > 0);
  }
  for (std::uint32_t row = 0; row < book.rows(); ++row) {
    std::stable_partition(rows[row].begin(), rows[row].end(),
                          [](const LegInput& leg) { return !leg.debt; });
    REQUIRE(book.legs(row) == rows[row].size());
    REQUIRE(book.group(row) == row % kGroups);
    const Book::Place place = book.place(row);
    REQUIRE(book.position(book.blocks()[place.block], place.slot) == row);
    for (std::uint32_t leg = 0; leg < book.legs(row); ++leg) {
      REQUIRE(book.factor(row, leg) == rows[row][leg].factor);
      REQUIRE(book.base_amount(row, leg) == rows[row][leg].amount);
      REQUIRE((leg >= book.collateral_legs(row)) == rows[row][leg].debt);
    }
  }
}

TEST_CASE("the search reports what the scan finds", "[breach_search]") {
  BreachSearch::Counters sum;
  std::size_t reported = 0, again = 0, cured = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Random random{seed * 1000};
    const Book book = random_book(random, seed % 2 == 0 ? 9000 : 2500);
    Positions positions(book);
    BreachSearch search(book, positions);
    const Trace trace = run_script({seed, 150, true}, positions, search, serially);
    sum.rekeys += trace.counters.rekeys;
    sum.spent_rekeys += trace.counters.spent_rekeys;
    reported += trace.reported;
    again += trace.again;
    cured += trace.cured;
  }
  CHECK(reported > 20000);
  CHECK(again > 1000);
  CHECK(cured > 5000);
  CHECK(sum.spent_rekeys > 100);
  CHECK(sum.rekeys > sum.spent_rekeys + 50);  // moves beyond every key
}

TEST_CASE("thousands of rounds on a small book", "[breach_search]") {
  for (std::uint64_t seed = 31; seed <= 32; ++seed) {
    Random random{seed * 1000};
    const Book book = random_book(random, 700);
    Positions positions(book);
    BreachSearch search(book, positions);
    run_script({seed, 2500, true}, positions, search, serially);
  }
}

TEST_CASE("a search may start at other factors than the book", "[breach_search]") {
  Random random{55};
  const Book book = random_book(random, 3000);
  std::vector<double> base(book.base_factors().begin(), book.base_factors().end());
  for (double& y : base) y *= random.real(0.8, 1.25);
  base[2] = 0.0;
  base[3] = 1e-200;  // beyond what keys are proven for
  Positions positions(book);
  BreachSearch search(book, positions, base);
  std::vector<std::uint32_t> entered, left, scanned;
  for (int again = 0; again < 2; ++again) {
    REQUIRE(!search.find(base, entered, left));
    reference_scan(book, positions, base, scanned);
    REQUIRE(entered == scanned);
    CHECK(scanned.size() > 50);
    CHECK(left.empty());
    CHECK(search.counters().blocks_visited == 0);  // known beforehand
    Known known(book);
    known.take(entered, left);
    std::vector<double> y = base;
    for (int round = 0; round < 40; ++round) {
      move_factors(random, static_cast<std::uint32_t>(round), book, y);
      REQUIRE(!search.find(y, entered, left));
      known.take(entered, left);
      check_round(positions, search, y, known.rows(), round % 8 == 0);
    }
    search.reset();
  }
}

TEST_CASE("after reset the same run gives the same rows and takes no memory", "[breach_search]") {
  Random random{77};
  const Book book = random_book(random, 6000);
  Positions positions(book);
  BreachSearch search(book, positions);
  const Script script{5, 60, false};
  const Trace first = run_script(script, positions, search, serially);
  CHECK(positions.touched_blocks() > 10);
  const std::size_t pool = positions.pool_bytes();
  for (int again = 0; again < 3; ++again) {
    search.reset();
    positions.reset();
    CHECK(positions.touched_blocks() == 0);
    const Trace next = run_script(script, positions, search, serially);
    REQUIRE(next.entered == first.entered);
    REQUIRE(next.left == first.left);
    CHECK(next.counters.rows_evaluated == first.counters.rows_evaluated);
    CHECK(positions.pool_bytes() == pool);
  }
  search.reset();
  positions.reset();
  run_script({6, 40, true}, positions, search, serially);  // another run, on the same memory
}

TEST_CASE("blocks in parallel and in any order give the same rows", "[breach_search]") {
  Random random{21};
  const Book book = random_book(random, 8000);
  const Script script{9, 80, false};
  Positions positions(book), other(book);
  BreachSearch search(book, positions), parallel(book, other);
  const Trace serial = run_script(script, positions, search, serially);
  const Trace threaded = run_script(script, other, parallel, [](std::size_t count, auto&& visit) {
    const auto every_third = [&](std::size_t from) {
      for (std::size_t i = from; i < count; i += 3) visit(count - 1 - i);
    };
    std::thread a(every_third, 0), b(every_third, 1);
    every_third(2);
    a.join();
    b.join();
  });
  REQUIRE(threaded.entered == serial.entered);
  REQUIRE(threaded.left == serial.left);
  CHECK(threaded.counters.rows_evaluated == serial.counters.rows_evaluated);
  CHECK(threaded.counters.blocks_visited == serial.counters.blocks_visited);
  CHECK(threaded.counters.rekeys == serial.counters.rekeys);
}

TEST_CASE("a quiet world is not visited, an unmoved block neither", "[breach_search]") {
  const std::vector<double> y0 = {1.0, 2.0, 1.0, 1.0};
  BookBuilder builder;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const std::uint32_t side = i % 2;  // two markets that share nothing: factors 0, 2 and 1, 3
    const double debt = 100.0 * y0[side] / (1.05 + 0.01 * i);
    const LegInput legs[] = {{side, 100.0, false}, {2 + side, debt, true}};
    builder.add_row(side, legs);
  }
  const Book book = std::move(builder).build(y0);
  Positions positions(book);
  Lister lister{BreachSearch(book, positions), {}, {}, {}};
  const BreachSearch::Counters& counters = lister.search.counters();
  using Factors = std::span<const std::uint32_t>;
  REQUIRE(!lister.find(y0));
  CHECK(lister.rows.empty());
  CHECK(counters.blocks_visited == 0);

  std::vector<double> y = y0;
  y[0] = 0.9;
  const std::vector<std::uint32_t> moved = {0};
  REQUIRE(!lister.find(y, Factors(moved)));
  CHECK(lister.entered == std::vector<std::uint32_t>{0, 2, 4, 6});  // 1.05, 1.07, 1.09, 1.11
  CHECK(counters.blocks_visited == 1);
  CHECK(counters.rows_evaluated < 50);
  REQUIRE(!lister.find(y, Factors()));
  CHECK(lister.entered.empty());
  CHECK(counters.blocks_visited == 1);

  lister.search.touch(2);  // nothing changed: reported again
  REQUIRE(!lister.find(y, Factors()));
  CHECK(lister.entered == std::vector<std::uint32_t>{2});
  CHECK(counters.blocks_visited == 2);
  positions.set_amount(2, 1, 0.0);
  lister.search.touch(2);
  positions.set_amount(599, 1, 1e6);  // a new borrow in the other market
  lister.search.touch(599);
  REQUIRE(!lister.find(y, Factors()));
  CHECK(lister.left == std::vector<std::uint32_t>{2});
  CHECK(lister.entered == std::vector<std::uint32_t>{599});
  CHECK(lister.rows == std::vector<std::uint32_t>{0, 4, 6, 599});
  y[0] = 0.92;
  y[1] = 2.001;
  REQUIRE(!lister.find(y));
  CHECK(lister.left == std::vector<std::uint32_t>{4, 6});
}

TEST_CASE("rows deep in breach cost nothing while interest accrues", "[breach_search]") {
  const std::vector<double> y0 = {1.0, 1.0};
  BookBuilder builder;
  for (std::uint32_t i = 0; i < 800; ++i) {
    const double collateral = i % 4 == 0 ? 0.0 : i % 2 == 0 ? 40.0 : 120.0;  // none, 0.4, 1.2
    builder.add_row(std::vector<LegInput>{{0, collateral, false}, {1, 100.0, true}});
  }
  const Book book = std::move(builder).build(y0);
  Positions positions(book);
  Lister lister{BreachSearch(book, positions), {}, {}, {}};
  std::vector<double> y = y0;
  for (int round = 0; round < 1000; ++round) {
    REQUIRE(!lister.find(y));
    REQUIRE(lister.entered.size() == (round == 0 ? 400 : 0));
    REQUIRE(lister.left.empty());
    y[0] *= 1.0 + 1e-7;
    y[1] *= 1.0 + 2e-7;
  }
  CHECK(lister.search.counters().blocks_visited == 0);
  y[0] *= 2.6;  // those of 0.4 recover, those without collateral never
  REQUIRE(!lister.find(y));
  CHECK(lister.left.size() == 200);
  CHECK(lister.rows.size() == 200);
}

TEST_CASE("moves far below a key's step are never missed", "[breach_search]") {
  Random random{77};
  BookBuilder builder;
  const std::vector<double> base = base_factors(random);
  for (std::uint32_t row = 0; row < 4096; ++row) {  // two mixes, within 2% of breach
    const std::uint32_t collateral = random.below(2), debt = kGroupCollateral;
    const double amount = random.real(1.0, 50.0), health = 1 + random.real(-2e-2, 2e-2);
    builder.add_row(
        0, std::vector<LegInput>{{collateral, amount, false},
                                 {debt, amount * base[collateral] / (base[debt] * health), true}});
  }
  const Book book = std::move(builder).build(base);
  Positions positions(book);
  BreachSearch search(book, positions);
  std::vector<double> y = base;
  std::vector<std::uint32_t> entered, left, rows, scanned;
  std::size_t changes = 0;
  for (std::uint32_t round = 0; round < 1500; ++round) {
    for (std::uint32_t f = 0; f < kFactors;
         ++f) {  // up and down again, each by a step too small to be taken
      const double step = random.real(0.0, 1.5e-6);
      y[f] *= (round / 300 % 2 == 0) == is_debt_factor(f) ? 1 + step : 1 - step;
    }
    REQUIRE(!search.find(y, entered, left));
    changes += round > 0 ? entered.size() + left.size() : 0;
    rows.clear();
    search.members(rows);
    reference_scan(book, positions, y, scanned);
    REQUIRE(rows == scanned);
  }
  CHECK(changes > 100);
}

TEST_CASE("worthless collateral and legs filled later are found", "[breach_search]") {
  const std::vector<double> y0 = {3.0, 1.0, 0.0, 1.0};
  BookBuilder builder;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const LegInput legs[] = {{0, 10.0, false}, {2, i % 3 == 0 ? 5.0 : 0.0, false}, {3, 8.0, true}};
    builder.add_row(legs);
  }
  const Book book = std::move(builder).build(y0);
  Positions positions(book);
  Lister lister{BreachSearch(book, positions), {}, {}, {}};
  std::vector<std::uint32_t> scanned;
  std::vector<double> y = y0;
  for (const auto& [first, second] : std::vector<std::pair<double, double>>{{3.0, 0.0},
                                                                            {0.0, 0.0},
                                                                            {0.0, 2.0},
                                                                            {0.0, 0.0},
                                                                            {0.81, 0.0},
                                                                            {0.79, 1e300},
                                                                            {1e-200, 1.6},
                                                                            {3.0, 1e-130}}) {
    y[0] = first;
    y[2] = second;
    REQUIRE(!lister.find(y));
    reference_scan(book, positions, y, scanned);
    CHECK(lister.rows == scanned);
  }
  y = y0;
  REQUIRE(!lister.find(y));
  positions.set_amount(7, 0, 0.0);
  positions.set_amount(7, 1, 1000.0);  // the reserved leg, of an asset worth nothing so far
  lister.search.touch(7);
  REQUIRE(!lister.find(y));
  CHECK(lister.rows == std::vector<std::uint32_t>{7});
  y[2] = 0.5;
  REQUIRE(!lister.find(y));
  CHECK(lister.rows.empty());
}

TEST_CASE("factors beyond the range of the keys wake every block", "[breach_search]") {
  for (const double before : {1.0, 1e150, 1e-150}) {
    const std::vector<double> y0 = {before, 1.0};
    BookBuilder builder;
    for (int i = 0; i < 40; ++i)
      builder.add_row(std::vector<LegInput>{{0, (10.0 + i) / before, false}, {1, 0.01, true}});
    const Book book = std::move(builder).build(y0);
    for (const double after : {1e-160, 1e-140, 1e160, 0.5, 1e-3}) {
      Positions positions(book);
      Lister lister{BreachSearch(book, positions), {}, {}, {}};
      std::vector<std::uint32_t> scanned;
      for (const double now : {after, before, after}) {
        const std::vector<double> y = {now, 1.0};
        REQUIRE(!lister.find(y));
        reference_scan(book, positions, y, scanned);
        CHECK(lister.rows == scanned);
      }
    }
  }
}

TEST_CASE("a factor that is no number stops the round and harms nothing", "[breach_search]") {
  const std::vector<double> y0 = {1.0, 1.0};
  BookBuilder builder;
  for (int i = 0; i < 20; ++i)
    builder.add_row(std::vector<LegInput>{{0, 2.0 + i, false}, {1, 1.9, true}});
  const Book book = std::move(builder).build(y0);
  Positions positions(book);
  Lister lister{BreachSearch(book, positions), {}, {}, {}};
  std::vector<double> y = y0;
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    y = {0.9, bad};
    CHECK(lister.find(y) == 1u);
    CHECK(lister.rows.empty());
  }
  y = {0.9, 1.0};
  REQUIRE(!lister.find(y));
  CHECK(lister.rows == std::vector<std::uint32_t>{0});
}
