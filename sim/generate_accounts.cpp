#include "sim/generate_accounts.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/math.hpp"
#include "core/rng.hpp"

namespace faultline {

namespace {

constexpr double least_health = 1.002;  // where the opening oracle price would have no room at all

struct Share {
  std::uint32_t reserve = 0;
  double weight = 0;  // of value, running total
};

/// Reserves by share of value, as running totals ending at 1.
std::vector<Share> running(std::vector<Share> shares) {
  double sum = 0;
  for (const Share& s : shares) sum += s.weight;
  double at = 0;
  for (Share& s : shares) s.weight = at += sum > 0 ? s.weight / sum : 0;
  if (!shares.empty()) shares.back().weight = 1;
  return shares;
}

std::uint32_t pick(const std::vector<Share>& shares, double u) {
  for (const Share& s : shares) {
    if (u <= s.weight) return s.reserve;
  }
  return shares.back().reserve;
}

std::uint32_t find_reserve(CompileContext& c, const Market& m, const std::string& asset,
                           bool debt) {
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
    const Reserve& reserve = c.world.reserves[r];
    if (c.world.assets[reserve.asset.value].name != asset) continue;
    if (reserve.emode >= 0) continue;
    if (debt ? reserve.takes_debt : reserve.terms.lt > 0) return r;
  }
  return 0xffffffffu;
}

/// The category a group's accounts are in, by place; -1: none, or none of that name.
std::int32_t emode_of(CompileContext& c, const AccountGroup& g, const Market& m) {
  if (g.emode.empty()) return -1;
  for (std::size_t e = 0; e < m.emodes.size(); ++e) {
    if (m.emodes[e].name == g.emode) return static_cast<std::int32_t>(e);
  }
  c.diagnostics.error("E0544", g.at, fmt::format("'{}' has no e-mode '{}'", m.name, g.emode),
                      "declare it under `emodes`");
  return -1;
}

/// Where a group posts an asset: at its category's terms, or at the reserve's own.
std::uint32_t collateral_reserve(CompileContext& c, const Market& m, std::int32_t emode,
                                 const std::string& asset) {
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
    const Reserve& reserve = c.world.reserves[r];
    if (emode >= 0 && reserve.emode == emode && c.world.assets[reserve.asset.value].name == asset)
      return r;
  }
  return find_reserve(c, m, asset, false);
}

std::vector<Share> collateral_shares(CompileContext& c, const AccountGroup& g, const Market& m,
                                     std::int32_t emode) {
  std::vector<Share> shares;
  for (const auto& [asset, share] : g.posts) {
    const std::uint32_t r = collateral_reserve(c, m, emode, asset);
    if (r == 0xffffffffu || !(c.world.reserves[r].terms.lt > 0)) {
      c.diagnostics.error("E0451", g.at,
                          fmt::format("'{}' takes no {} as collateral", m.name, asset),
                          "name a reserve with a threshold");
      return {};
    }
    shares.push_back({r, share});
  }
  if (!shares.empty()) return running(std::move(shares));
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
    const Reserve& reserve = c.world.reserves[r];
    if (reserve.terms.lt <= 0 || reserve.emode != emode) continue;  // all of the category
    if (!(c.reference(reserve.asset) > 0)) continue;  // worth nothing that could be said
    const double stated = c.supplied[emode < 0 ? r : reserve.pot];
    const double supplied = stated > 0 ? stated * c.reference(reserve.asset) : 1.0;
    shares.push_back({r, supplied});
  }
  return running(std::move(shares));
}

/// Debt still to be owed per reserve: what the group states, or what the reserves have left.
std::vector<Share> debt_totals(CompileContext& c, const AccountGroup& g, const Market& m,
                               std::int32_t emode, const std::vector<double>& left) {
  std::vector<Share> totals;
  for (const auto& [asset, amount] : g.owes) {
    const std::uint32_t r = find_reserve(c, m, asset, true);
    if (r == 0xffffffffu) {
      c.diagnostics.error("E0452", g.at, fmt::format("'{}' does not lend {}", m.name, asset), "");
      continue;
    }
    totals.push_back({r, c.units(amount, c.world.reserves[r].asset, "markets." + m.name)});
  }
  const auto lends = [&](std::uint32_t r) {
    if (emode < 0) return true;
    const auto& may = m.emodes[static_cast<std::size_t>(emode)].borrowable;
    return std::binary_search(may.begin(), may.end(), r);
  };
  for (const Share& s : totals) {
    if (lends(s.reserve)) continue;
    c.diagnostics.error("E0545", g.at,
                        fmt::format("the e-mode '{}' of '{}' does not lend {}", g.emode, m.name,
                                    c.world.assets[c.world.reserves[s.reserve].asset.value].name),
                        "add it to the e-mode's `borrow`, or take the group out of it");
    return {};
  }
  if (!g.owes.empty()) return totals;
  for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
    if (left[r] > 0 && lends(r)) totals.push_back({r, left[r]});
  }
  return totals;
}

void generate_group(CompileContext& c, const AccountGroup& g, std::uint32_t m,
                    std::vector<double>& left) {
  const Market& market = c.world.markets[m];
  const std::int32_t emode = emode_of(c, g, market);
  const std::vector<Share> totals = debt_totals(c, g, market, emode, left);
  const std::vector<Share> posts = collateral_shares(c, g, market, emode);
  if (totals.empty() || posts.empty() || g.count <= 0) return;
  std::vector<Share> by_value;
  for (const Share& t : totals) {
    by_value.push_back({t.reserve, t.weight * c.reference(c.world.reserves[t.reserve].asset)});
    left[t.reserve] = std::max(0.0, left[t.reserve] - t.weight);
  }
  by_value = running(std::move(by_value));
  const std::uint32_t key = name_key((market.name + "/" + g.name).c_str());
  const auto u = [&](std::uint32_t account, std::uint32_t index) {
    return uniform({c.world.seed, 0, key, account, index});
  };
  const auto n = static_cast<std::uint32_t>(g.count);
  std::vector<double> size(n), sum(c.world.reserves.size(), 0);
  std::vector<std::uint32_t> owes(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    size[i] = math::exp(g.size_sd * inverse_normal(u(i, 0)));
    // Stratified, so that every debt asset with a share of at least 1/n has debtors.
    owes[i] = pick(by_value, (i + u(i, 1)) / n);
    sum[owes[i]] += size[i];
  }
  PositionRows& out = c.gathered[m].made;
  out.first_leg.reserve(out.first_leg.size() + n);
  out.legs.reserve(out.legs.size() + 2 * std::size_t{n});
  out.amounts.reserve(out.amounts.size() + 2 * std::size_t{n});
  const auto leg = [&](std::uint32_t reserve, double units, std::uint8_t side) {
    out.legs.push_back({static_cast<std::uint16_t>(reserve - market.first_reserve), side, 0});
    out.amounts.push_back(units);
  };
  for (std::uint32_t i = 0; i < n; ++i) {
    double total = 0;
    for (const Share& t : totals) total += t.reserve == owes[i] ? t.weight : 0;
    const double debt = total * (size[i] / sum[owes[i]]) * c.eco.book_scale;
    const std::uint32_t r = pick(posts, u(i, 2));
    const double value =
        debt * c.reference(c.world.reserves[owes[i]].asset) * draw_health(g, u(i, 3));
    const double units =
        value / (c.reference(c.world.reserves[r].asset) * c.world.reserves[r].terms.lt);
    leg(r, units, 0);
    leg(owes[i], debt, 1);
    out.first_leg.push_back(static_cast<std::uint32_t>(out.legs.size()));
  }
  c.gathered[m].groups.emplace_back(g.name, n);
}

}  // namespace

double draw_health(const AccountGroup& g, double u) {
  const double mu = math::log(g.health_median);
  const double z = inverse_normal(g.health_low_quantile);
  const double sigma = std::max(1e-9, (math::log(g.health_low) - mu) / z);
  const double z_least = (math::log(least_health) - mu) / sigma;
  // Normal above z_least: P(Z < z_least) by the complementary error function's own inverse pair is
  // not needed; draws below the cut are folded into the half above the median.
  double x = inverse_normal(u);
  if (x < z_least) x = std::max(z_least, -x);
  return math::exp(mu + sigma * x);
}

void generate_accounts(CompileContext& c, const Named<MarketNode>& node, std::uint32_t m) {
  std::vector<AccountGroup> groups = node.spec.groups;
  const Market& market = c.world.markets[m];
  CompileContext::Gathered& gathered = c.gathered[m];
  std::vector<double> left = c.borrowed;
  if (!groups.empty()) {
    gathered.each_account([&](const AccountRows& rows, std::size_t account) {
      rows.each_leg(account, [&](std::uint32_t reserve, double units, bool debt) {
        if (debt) left[reserve] -= units / c.eco.book_scale;
      });
    });
  }
  bool owed = false;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    owed = owed || c.borrowed[r] > 0;
  }
  if (groups.empty() && owed && gathered.empty()) {
    AccountGroup all;
    all.name = "borrowers";
    all.count = 1000;
    groups.push_back(all);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const AccountGroup& a, const AccountGroup& b) {
    return a.owes.empty() != b.owes.empty() ? !a.owes.empty() : a.name < b.name;
  });
  gathered.made.first_leg.push_back(0);
  for (const AccountGroup& g : groups) generate_group(c, g, m, left);
  gathered.generated.rows = &gathered.made;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    for (auto& reserve_of : gathered.generated.reserve_of) reserve_of.push_back(r);
  }
}

}  // namespace faultline
