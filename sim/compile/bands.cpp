// Markets of loans on bands: the four reserves of each, its loans placed in bands, and the pool
// opened with what they brought.
//
//   a loan holds coins in its bands above the oracle's and collateral below it, in the oracle's own
//   both, as arbitrage to the oracle leaves them (traded_to_oracle). What the accounts state in
//   coins and collateral is spread so, evenly over the bands of each kind
//   a share of a band is what was put there, in coins at the oracle price
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "sim/compile/context.hpp"
#include "sim/compile/expand_contracts.hpp"
#include "sim/compile/generate_accounts.hpp"
#include "sim/credit/band_loans.hpp"

namespace faultline {

namespace {

const BandMarket::Spec& spec_of(const CompileContext& c, std::uint32_t m) {
  return std::get<BandMarket::Spec>(c.nodes.markets[m].spec.spec);
}

/// Where band 0 begins, coins a unit of collateral.
double base_price(const CompileContext& c, const Named<MarketNode>& node, const BandBook& book,
                  double oracle) {
  const auto& spec = std::get<BandMarket::Spec>(node.spec.spec);
  if (!spec.base_price) return oracle;
  const AssetId coin = c.world.reserves[book.lends].asset;
  return spec.base_price->value / node.spec.rescale / c.reference(coin);
}

/// The band an oracle price lies in, counted from band 0.
long band_of(const BandLoanTerms& t, double base, double oracle) {
  const long n =
      static_cast<long>(std::floor(math::log(base / oracle) / -math::log1p(-1 / t.a) + 1e-9));
  return band_top(t, base, n) < oracle ? n - 1 : n;
}

/// The highest first band a new loan may have: it begins below the oracle.
long highest_first(const BandLoanTerms& t, double base, double oracle) {
  long n = band_of(t, base, oracle) + 1;
  while (!(band_top(t, base, n) < oracle)) ++n;
  return n;
}

/// A loan before it is placed: units, and its bands counted from band 0.
struct Loan {
  double collateral = 0, coins = 0, owed = 0;
  long first = 0, last = 0;
};

/// How one loan's coins and collateral lie in its bands, first to last; `at`: the oracle's band,
/// which begins at `top`.
void spread(const BandLoanTerms& t, Loan loan, double top, double oracle, long at,
            std::vector<BandShare>& out) {
  const long n = loan.last - loan.first + 1;
  const long above = std::clamp(at - loan.first, 0l, n), below = std::clamp(loan.last - at, 0l, n);
  const bool inside = above + below < n;
  out.assign(static_cast<std::size_t>(n), BandShare{});
  // What no price could have left in these bands is exchanged at the oracle's.
  if (!inside && above == 0) loan.collateral += std::exchange(loan.coins, 0) / oracle;
  if (!inside && below == 0) loan.coins += std::exchange(loan.collateral, 0) * oracle;
  const BandShare here = inside ? traded_to_oracle(t, {0, 1}, top, oracle) : BandShare{};
  // Collateral each band began with, so that what is left of it is what the loan has.
  const double each = loan.collateral / std::max(static_cast<double>(below) + here.y, 1e-9);
  const double left_here = below > 0 ? each * here.y : loan.collateral;
  const double coins_here = above > 0 ? std::min(loan.coins, each * here.x) : loan.coins;
  if (inside) {
    out[static_cast<std::size_t>(above)] = {coins_here, left_here};
    loan.coins -= coins_here;
    loan.collateral -= left_here;
  }
  for (long k = 0; k < n; ++k) {
    const long band = loan.first + k;
    if (band < at) out[static_cast<std::size_t>(k)].x = loan.coins / static_cast<double>(above);
    if (band > at)
      out[static_cast<std::size_t>(k)].y = loan.collateral / static_cast<double>(below);
  }
}

/// The loans of a market in the order of its rows, each with its bands.
std::vector<Loan> gather_loans(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m,
                               const BandBook& book, double base, double oracle) {
  std::vector<Loan> loans;
  c.gathered[m].each_account([&](const AccountRows& rows, std::size_t account) {
    Loan loan;
    rows.each_leg(account, [&](std::uint32_t r, double units, bool debt) {
      (debt ? loan.owed : r == book.coins ? loan.coins : loan.collateral) += units;
    });
    const auto& bands = rows.rows->bands;
    if (account < bands.size() && bands[account].stated()) {
      loan.first = bands[account].first;
      loan.last = bands[account].last;
    } else {
      const long n = spec_of(c, m).bands;
      const BandPlace place = place_loan(book.terms, base, band_of(book.terms, base, oracle),
                                         oracle, loan.collateral, loan.owed, n);
      loan.first = place.allowed ? place.first : highest_first(book.terms, base, oracle);
      loan.last = loan.first + n - 1;
      if (loan.coins > 0) {
        c.diagnostics.error("E0585", c.at("markets." + node.name + ".borrowers"),
                            fmt::format("a loan of '{}' holds coins: in which bands?", node.name),
                            "say so: `first_band` and `last_band`, or columns of those");
      }
    }
    loans.push_back(loan);
  });
  return loans;
}

/// Lists each band's loans, and adds up its shares.
void index_bands(BandBook& book, std::size_t bands) {
  book.first_in_band.assign(bands + 1, 0);
  for (const LoanPlace& l : book.loans) {
    for (std::uint32_t k = 0; k < l.bands; ++k) ++book.first_in_band[l.first + k + 1];
  }
  for (std::size_t k = 0; k < bands; ++k) book.first_in_band[k + 1] += book.first_in_band[k];
  book.in_band.resize(book.first_in_band[bands]);
  book.band_shares.assign(bands, 0);
  std::vector<std::uint32_t> next(book.first_in_band.begin(), book.first_in_band.end() - 1);
  for (std::uint32_t i = 0; i < book.loans.size(); ++i) {
    const LoanPlace& l = book.loans[i];
    for (std::uint32_t k = 0; k < l.bands; ++k) {
      book.in_band[next[l.first + k]++] = i;
      book.band_shares[l.first + k] += book.shares[l.first_share + k];
    }
  }
}

/// Puts the loans into the pool, and its tokens on the ledger.
void fill_pool(CompileContext& c, BandBook& book, const std::vector<Loan>& loans, double oracle) {
  Snapshot& world = c.world;
  BandPool::Params& p = world.venue_params.of<BandPool>()[book.pool];
  BandPool::State& s = world.opening.venues.of<BandPool>()[book.pool];
  s = BandPool::State{.average = p.price, .oracle = p.price, .fee = p.fee};
  const std::size_t at = BandPool::band_at(p, oracle);
  const long at_number = p.first + static_cast<long>(at);
  std::vector<BandShare> parts;
  for (const Loan& loan : loans) {
    spread(book.terms, loan, p.up[at], oracle, at_number, parts);
    const auto first = static_cast<std::uint32_t>(loan.first - p.first);
    book.loans.push_back({first, static_cast<std::uint32_t>(parts.size()),
                          static_cast<std::uint32_t>(book.shares.size())});
    for (std::size_t k = 0; k < parts.size(); ++k) {
      s.quote_in[first + k] += parts[k].x;
      s.base_in[first + k] += parts[k].y;
      s.quote += parts[k].x;
      s.base += parts[k].y;
      book.shares.push_back(parts[k].x + parts[k].y * oracle);
    }
  }
  index_bands(book, p.count);
  s.active = at;
  const VenueInfo& venue = world.venues[book.venue.value];
  world.opening.balances[venue.base_account.value] = s.base;
  world.opening.balances[venue.quote_account.value] = s.quote;
}

/// What the loans of a market have at the opening.
BandMarketRun opening_run(const Snapshot& world, const BandBook& book) {
  const BandPool::Params& p = world.venue_params.of<BandPool>()[book.pool];
  const BandPool::State& s = world.opening.venues.of<BandPool>()[book.pool];
  BandMarketRun run;
  run.kept.assign(book.loans.size(), 1.0);
  run.seen.assign(book.loans.size(), 0);
  run.awaits.assign(book.loans.size(), {});
  run.shares = book.band_shares;
  for (auto* column : {&run.coins, &run.collateral, &run.promised}) column->assign(p.count, 0.0);
  for (std::size_t k = 0; k < p.count; ++k) value_band(book, p, s, k, run);
  run.active = static_cast<std::uint32_t>(s.active);
  run.oracle = s.oracle;
  run.oracle_band = static_cast<std::uint32_t>(BandPool::band_at(p, s.oracle));
  return run;
}

}  // namespace

void add_band_market(CompileContext& c, Market& market, MarketId id, const BandMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  const AssetId loan = c.asset(spec.lends.text, path + ".lends");
  const AssetId collateral = c.asset(spec.collateral.text, path + ".collateral");
  if (!loan.valid() || !collateral.valid()) return;
  const auto venue = c.venues.find(band_pool_name(market.name));
  if (loan == collateral || venue == c.venues.end()) {
    c.diagnostics.error("E0580", c.at(path), "the bands of '" + market.name + "' trade nothing",
                        "let it lend one asset against another");
    return;
  }
  BandBook book;
  book.market = id;
  book.venue = VenueId{venue->second};
  const VenueInfo& pool = c.world.venues[book.venue.value];
  book.pool = pool.slot.index;
  book.terms = compile_band_terms(spec);
  book.lends = static_cast<std::uint32_t>(c.world.reserves.size());
  Reserve& lends = add_reserve(c, id, loan, path, std::nullopt);
  lends.rate = compile_rate(spec.rate);
  lends.lent = spec.supplied.has_value();
  lends.minted = !lends.lent;
  if (spec.supplied) c.supplied[book.lends] = c.units(*spec.supplied, loan, path + ".supplied");
  if (spec.borrowed) c.borrowed[book.lends] = c.units(*spec.borrowed, loan, path + ".borrowed");
  const auto add = [&](AssetId asset, const std::optional<Name>& oracle, Lies lies,
                       AccountId account) {
    Reserve& r = add_reserve(c, id, asset, path, oracle);
    r.lent = r.takes_debt = false;
    r.lies = lies;
    if (lies == Lies::in_bands) r.cash = account;
    if (lies == Lies::promised) r.terms.lt = 1;
    return static_cast<std::uint32_t>(c.world.reserves.size() - 1);
  };
  book.collateral = add(collateral, spec.oracle, Lies::in_bands, pool.base_account);
  book.coins = add(loan, std::nullopt, Lies::in_bands, pool.quote_account);
  book.promised = add(loan, std::nullopt, Lies::promised, {});
  market.bands = static_cast<std::int32_t>(c.world.band_books.size());
  c.world.band_books.push_back(std::move(book));
}

std::uint32_t band_reserve(const Snapshot& world, const Market& market, AssetId asset, bool debt) {
  const BandBook& book = world.band_books[static_cast<std::size_t>(market.bands)];
  if (world.reserves[book.lends].asset == asset) return debt ? book.lends : book.coins;
  if (!debt && world.reserves[book.collateral].asset == asset) return book.collateral;
  return 0xffffffffu;
}

// A group's health is that of its loans' full health at the opening, less what the edges of bands
// round away: collateral = debt x health / (price x what a unit of it would become, discounted).
void generate_band_loans(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  const Market& market = c.world.markets[m];
  const BandBook& book = c.world.band_books[static_cast<std::size_t>(market.bands)];
  CompileContext::Gathered& gathered = c.gathered[m];
  const AssetId coin = c.world.reserves[book.lends].asset;
  const double oracle = c.world.venue_params.of<BandPool>()[book.pool].price;
  const double base = base_price(c, node, book, oracle);
  const BandLoanTerms& t = book.terms;
  std::vector<AccountGroup> groups = node.spec.groups;
  if (groups.empty() && gathered.empty() && c.borrowed[book.lends] > 0) {
    AccountGroup all;
    all.name = "borrowers";
    all.count = 1000;
    groups.push_back(all);
  }
  std::sort(groups.begin(), groups.end(),
            [](const AccountGroup& a, const AccountGroup& b) { return a.name < b.name; });
  PositionRows& made = gathered.made;
  made.first_leg.push_back(0);
  for (const AccountGroup& g : groups) {
    double total = g.owes.empty() ? c.borrowed[book.lends] : 0;
    for (const auto& [asset, amount] : g.owes) {
      total += c.units(amount, coin, "markets." + node.name);
    }
    const long bands = g.bands > 0 ? g.bands : spec_of(c, m).bands;
    const std::uint32_t key = name_key((market.name + "/" + g.name).c_str());
    const auto u = [&](std::uint32_t account, std::uint32_t index) {
      return uniform({c.world.seed, 0, key, account, index});
    };
    const auto n = static_cast<std::uint32_t>(std::max(0l, g.count));
    std::vector<double> size(n);
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      sum += size[i] = math::exp(g.size_sd * inverse_normal(u(i, 0)));
    }
    const double becomes = oracle * effective_collateral(t, 1, bands, t.liquidation_discount);
    for (std::uint32_t i = 0; i < n; ++i) {
      // Below 1 + 1/A a band's edge alone could put it in breach.
      const double health = std::max(draw_health(g, u(i, 3)), 1 + 1.1 / t.a);
      const double debt = total * (size[i] / sum), collateral = debt * health / becomes;
      const BandPlace place =
          place_loan(t, base, band_of(t, base, oracle), oracle, collateral, debt, bands);
      const long first = place.allowed ? place.first : highest_first(t, base, oracle);
      made.legs.push_back(
          {static_cast<std::uint16_t>(book.collateral - market.first_reserve), 0, 0});
      made.amounts.push_back(collateral * c.eco.book_scale);
      made.legs.push_back({static_cast<std::uint16_t>(book.lends - market.first_reserve), 1, 0});
      made.amounts.push_back(debt * c.eco.book_scale);
      made.first_leg.push_back(static_cast<std::uint32_t>(made.legs.size()));
      made.bands.push_back({first, first + bands - 1});
    }
    gathered.groups.emplace_back(g.name, n);
  }
  gathered.generated.rows = &made;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    for (auto& reserve_of : gathered.generated.reserve_of) reserve_of.push_back(r);
  }
}

void open_bands(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  Snapshot& world = c.world;
  BandBook& book = world.band_books[static_cast<std::size_t>(world.markets[m].bands)];
  BandPool::Params& p = world.venue_params.of<BandPool>()[book.pool];
  const double oracle = p.price, base = base_price(c, node, book, oracle);
  const std::vector<Loan> loans = gather_loans(c, node, m, book, base, oracle);
  long low = band_of(book.terms, base, oracle), high = low;
  const AssetId coin = world.reserves[book.lends].asset;
  for (const Loan& loan : loans) {
    low = std::min(low, loan.first);
    high = std::max(high, loan.last);
    // A promise is counted in the coin's quanta too, and it may be of more coins than there are.
    c.holdings[coin.value] += loan.coins + loan.collateral * band_top(book.terms, base, loan.first);
  }
  if (high - low >= static_cast<long>(BandPool::most_bands)) {
    c.diagnostics.error(
        "E0581", c.at("markets." + node.name + ".borrowers"),
        fmt::format("the loans of '{}' and its price lie in bands {} to {}, {} apart", node.name,
                    low, high, high - low),
        fmt::format("keep them within {}; is `base_price` that of the accounts' date?",
                    BandPool::most_bands));
    return;
  }
  BandPool::lay(p, base, low, static_cast<std::size_t>(high - low + 1));
  fill_pool(c, book, loans, oracle);
}

void open_band_runs(CompileContext& c) {
  Snapshot& world = c.world;
  for (const BandBook& book : world.band_books) {
    BandMarketRun run = opening_run(world, book);
    const VenueInfo& venue = world.venues[book.venue.value];
    run.base = world.opening.balances[venue.base_account.value];
    run.quote = world.opening.balances[venue.quote_account.value];
    const double coins = run.quote * c.reference(venue.quote);
    run.told = coins > 0 ? coins / (coins + run.base * c.reference(venue.base)) : 0;
    world.opening.bands.push_back(std::move(run));
  }
}

void band_loan_legs(const CompileContext& c, std::uint32_t m, std::uint32_t loan, double owed,
                    std::vector<LegInput>& legs) {
  const Snapshot& world = c.world;
  const auto place = static_cast<std::size_t>(world.markets[m].bands);
  const BandBook& book = world.band_books[place];
  const LoanHolding has = loan_holding(world, book, world.opening.bands[place], loan);
  const auto add = [&](std::uint32_t reserve, double amount) {
    legs.push_back({world.reserves[reserve].collateral_factor, amount, false});
  };
  legs.clear();
  add(book.collateral, has.collateral);
  add(book.coins, has.coins);
  add(book.promised, has.promised);
  legs.push_back({world.reserves[book.lends].debt_factor,
                  world.assets[world.reserves[book.lends].asset.value].quantum.up(owed), true});
}

}  // namespace faultline
