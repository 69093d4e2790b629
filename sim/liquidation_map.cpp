#include "sim/liquidation_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "protocols/margin/breach_search.hpp"
#include "sim/credit/band_loans.hpp"

namespace faultline {

namespace {

double believed_price(const Snapshot& world, std::uint32_t reserve) {
  return world.opening.market.published[world.reserves[reserve].oracle.value];
}

std::string short_number(double x) {
  constexpr std::pair<double, const char*> steps[] = {{1e9, "bn"}, {1e6, "m"}, {1e3, "k"}};
  for (const auto& [unit, suffix] : steps) {
    if (x >= 0.9995 * unit) return fmt::format("{:.3g}{}", x / unit, suffix);
  }
  return fmt::format("{:.3g}", x);
}

/// What a feed's readers see after its source moved by `factor`: within bounds, the move; beyond
/// them the bound, or, where reports are rejected, the opening price for ever.
double after_bounds(const FeedParams& params, double opening, double factor) {
  const double usd = opening * factor;
  if (usd >= params.min_usd && usd <= params.max_usd) return factor;
  if (!params.clamp) return 1;
  return std::clamp(usd, params.min_usd, params.max_usd) / opening;
}

bool posts(const Snapshot& world, std::uint32_t position, AssetId asset) {
  const Book& book = *world.book;
  for (std::uint32_t leg = 0; leg < book.collateral_legs(position); ++leg) {
    const Reserve& reserve = world.reserves[book.factor(position, leg) / 2];
    if (reserve.asset == asset && book.base_amount(position, leg) > 0) return true;
  }
  return false;
}

}  // namespace

double AccountView::health() const {
  return debt_usd > 0 ? weighted_usd / debt_usd : std::numeric_limits<double>::infinity();
}

double AccountView::ltv() const {
  if (debt_usd == 0) return 0;
  return debt_usd / collateral_usd;
}

// k (W - S) = D - S at health 1, with weighted collateral W, debt D, of which S in posted assets.
double AccountView::distance() const {
  if (to_bands) return *to_bands;
  if (weighted_usd < debt_usd) return weighted_usd > 0 ? 1 - debt_usd / weighted_usd : -1;
  const double other = debt_usd - same_usd;
  return other > 0 ? 1 - other / (weighted_usd - same_usd) : 1;
}

bool AccountView::toxic() const {
  return debt_usd > 0 && debt_usd * (1 + main_bonus) > collateral_usd;
}

AccountView view_account(const Snapshot& world, std::uint32_t position) {
  AccountView view;
  view.position = position;
  const Book& book = *world.book;
  double main = 0;
  if (const auto& m = world.markets[world.positions[position].market.value]; m.bands >= 0) {
    const BandLoanView loan = view_band_loan(world, position);
    view.to_bands = loan.fails ? -1 : loan.to_bands;
  }
  for (std::uint32_t leg = 0; leg < book.legs(position); ++leg) {
    const std::uint32_t r = book.factor(position, leg) / 2;
    const double usd = book.base_amount(position, leg) * believed_price(world, r);
    if (leg >= book.collateral_legs(position)) {
      view.debt_usd += usd;
      if (posts(world, position, world.reserves[r].asset)) view.same_usd += usd;
      continue;
    }
    const LendingTerms& terms = world.reserves[r].terms;
    if (world.reserves[r].lies != Lies::promised) view.collateral_usd += usd;
    view.weighted_usd += usd * terms.lt;
    if (usd * terms.lt > main) {
      main = usd * terms.lt;
      view.main_bonus = terms.bonus;
    }
  }
  return view;
}

std::string legs_text(const Snapshot& world, std::uint32_t position, bool debt, std::size_t most) {
  struct SizedLeg {
    double usd, units;
    const std::string* asset;
  };
  const Book& book = *world.book;
  std::vector<SizedLeg> legs;
  for (std::uint32_t leg = 0; leg < book.legs(position); ++leg) {
    if ((leg >= book.collateral_legs(position)) != debt) continue;
    const std::uint32_t r = book.factor(position, leg) / 2;
    const double units = book.base_amount(position, leg);
    if (units == 0 || world.reserves[r].lies == Lies::promised) continue;
    legs.push_back({units * believed_price(world, r), units,
                    &world.assets[world.reserves[r].asset.value].name});
  }
  std::stable_sort(legs.begin(), legs.end(),
                   [](const SizedLeg& a, const SizedLeg& b) { return a.usd > b.usd; });
  std::string out;
  for (std::size_t i = 0; i < legs.size() && i < most; ++i) {
    out += (i == 0 ? "" : " + ") + short_number(legs[i].units) + " " + *legs[i].asset;
  }
  if (legs.size() > most) out += fmt::format(" + {} more", legs.size() - most);
  return out.empty() ? "nothing" : out;
}

StaticPrices static_prices(const Snapshot& world, std::span<const AssetId> falling,
                           std::span<const double> factors) {
  StaticPrices out;
  out.market.assign(world.assets.size(), 1);
  out.believed.assign(world.oracles.size(), 1);
  for (const AssetId a : world.price_order) {  // a base before its claims
    const AssetId base = world.assets[a.value].base;
    if (base.valid()) out.market[a.value] = out.market[base.value];
    for (std::size_t i = 0; i < falling.size(); ++i) {
      if (falling[i] == a) out.market[a.value] = factors[i];
    }
  }
  // A rate feed may stand before the feed it multiplies: ask down the chain for each.
  const auto believed = [&](auto&& self, std::uint32_t o) -> double {
    const OracleInfo& oracle = world.oracles[o];
    double moved = out.market[oracle.asset.value];
    if (oracle.unit.valid()) moved /= out.market[oracle.unit.value];
    if (oracle.params.source == SourceKind::fixed) moved = 1;
    if (oracle.below.valid()) moved = self(self, oracle.below.value);
    if (oracle.times.valid()) moved *= self(self, oracle.times.value);
    if (oracle.over.valid()) moved /= self(self, oracle.over.value);
    return after_bounds(oracle.params, world.opening.market.published[o], moved);
  };
  for (std::uint32_t o = 0; o < world.oracles.size(); ++o) out.believed[o] = believed(believed, o);
  return out;
}

std::vector<AssetId> falling_assets(const Snapshot& world) {
  constexpr double near_a_dollar = 0.08;
  std::vector<bool> dollar(world.assets.size(), false);
  for (const AssetId a : world.spot_order) {  // after the asset its price is read through
    const AssetInfo& info = world.assets[a.value];
    const bool near = std::fabs(world.opening.market.reference[a.value] - 1) <= near_a_dollar;
    bool among = true;
    if (info.pricing.valid()) {
      const VenueInfo& v = world.venues[info.pricing.value];
      among = dollar[(v.base == a ? v.quote : v.base).value];
    }
    dollar[a.value] = near && among;
  }
  std::vector<AssetId> out;
  for (std::uint32_t a = 0; a < world.assets.size(); ++a) {
    const bool priced = world.opening.market.reference[a] > 0;
    if (!world.assets[a].base.valid() && priced && !dollar[a]) out.push_back(AssetId{a});
  }
  return out;
}

namespace {

double debt_of(const Book& book, std::uint32_t p, const std::vector<double>& factors) {
  double usd = 0;
  for (std::uint32_t leg = book.collateral_legs(p); leg < book.legs(p); ++leg) {
    usd += book.base_amount(p, leg) * factors[book.factor(p, leg)];
  }
  return usd;
}

/// Debt above collateral at market prices, less what was there at the opening.
void add_bad_debt(const Snapshot& world, const std::vector<double>& market,
                  const std::vector<std::uint32_t>& rows, std::vector<StaticLoss>& out) {
  const Book& book = *world.book;
  std::size_t legacy = 0;
  for (const std::uint32_t p : rows) {
    double hole = debt_of(book, p, market);
    for (std::uint32_t leg = 0; leg < book.collateral_legs(p); ++leg) {
      hole -= book.base_amount(p, leg) * market[book.factor(p, leg)];
    }
    while (legacy < world.legacy_rows.size() && world.legacy_rows[legacy] < p) ++legacy;
    const bool known = legacy < world.legacy_rows.size() && world.legacy_rows[legacy] == p;
    hole -= known ? world.legacy_usd[legacy] : 0;
    hole = world.whole_usd(hole);
    if (hole > 0) out[world.positions[p].market.value].bad_debt_usd += hole;
  }
}

}  // namespace

std::vector<StaticLoss> static_losses(const Snapshot& world, const StaticPrices& prices) {
  const Book& book = *world.book;
  std::vector<double> believed = world.opening.factors, market = world.opening.market_factors;
  for (const Reserve& reserve : world.reserves) {
    for (const std::uint32_t f : {reserve.collateral_factor, reserve.debt_factor}) {
      believed[f] *= prices.believed[reserve.oracle.value];
      market[f] *= prices.market[reserve.asset.value];
    }
  }
  std::vector<StaticLoss> out(world.markets.size());
  for (std::uint32_t p = 0; p < book.rows(); ++p) {
    out[world.positions[p].market.value].debt_usd += debt_of(book, p, believed);
  }
  const Positions positions(book);
  std::vector<std::uint32_t> rows;
  reference_scan(book, positions, believed, rows);
  for (const std::uint32_t p : rows) {
    const MarketId m = world.positions[p].market;
    // Loans above their bands wait for trades, which nobody does here.
    if (world.markets[m.value].bands >= 0 && !loan_fails_at_opening(world, p)) continue;
    StaticLoss& loss = out[m.value];
    ++loss.accounts;
    loss.liquidatable_usd += debt_of(book, p, believed);
  }
  reference_scan(book, positions, market, rows);
  add_bad_debt(world, market, rows, out);
  return out;
}

}  // namespace faultline
