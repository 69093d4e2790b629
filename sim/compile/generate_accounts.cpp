#include "sim/compile/generate_accounts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/math.hpp"
#include "core/rng.hpp"
#include "sim/compile/clusters.hpp"

namespace faultline {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();
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

/// Whether a category takes all a group posts and lends all it owes.
bool suits(CompileContext& c, const AccountGroup& g, const Market& m, std::size_t e) {
  const auto is = [&](std::uint32_t r, const std::string& asset) {
    return c.world.assets[c.world.reserves[r].asset.value].name == asset;
  };
  const auto taken = [&](const auto& entry) {
    for (std::uint32_t r = m.first_reserve; r < m.first_reserve + m.reserve_count; ++r) {
      if (c.world.reserves[r].emode == static_cast<std::int32_t>(e) && is(r, entry.first))
        return true;
    }
    return false;
  };
  const auto& lends = m.emodes[e].borrowable;
  const auto lent = [&](const auto& entry) {
    return std::any_of(lends.begin(), lends.end(),
                       [&](std::uint32_t r) { return is(r, entry.first); });
  };
  return std::all_of(g.posts.begin(), g.posts.end(), taken) &&
         std::all_of(g.owes.begin(), g.owes.end(), lent);
}

/// The category a group's accounts are in, by place; -1: none, or none of that name.
std::int32_t emode_of(CompileContext& c, const AccountGroup& g, const Market& m) {
  if (g.emode == "none") return -1;
  std::int32_t found = -1, count = 0;
  for (std::size_t e = 0; e < m.emodes.size(); ++e) {
    const bool is = g.emode.empty() ? !g.posts.empty() && !g.owes.empty() && suits(c, g, m, e)
                                    : m.emodes[e].name == g.emode;
    if (!is) continue;
    found = static_cast<std::int32_t>(e);
    ++count;
  }
  if (g.emode.empty()) return count == 1 ? found : -1;
  if (count > 0) return found;
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

/// What a market's reserves have left for groups to owe and to post, units by reserve; what is
/// posted counts at the pot. No limit where nobody says what was supplied.
struct Left {
  std::vector<double> debt, room;
};

/// One generated account: reserves, debt in units and collateral in USD after its threshold.
struct Account {
  std::uint32_t owes = 0, posts = 0;
  double size = 0, debt = 0, debt_usd = 0, health = 0;
};

double weighted_usd(const CompileContext& c, std::uint32_t r) {
  const Reserve& reserve = c.world.reserves[r];
  return c.reference(reserve.asset) * reserve.terms.lt;
}

/// Who owes what of the totals, and at what health.
std::vector<Account> draw_accounts(CompileContext& c, const AccountGroup& g, std::uint32_t key,
                                   const std::vector<Share>& totals,
                                   const std::vector<Share>& posts) {
  const auto u = [&](std::uint32_t account, std::uint32_t index) {
    return uniform({c.world.seed, 0, key, account, index});
  };
  std::vector<Share> by_value;
  std::vector<double> total(c.world.reserves.size(), 0), sum(c.world.reserves.size(), 0);
  for (const Share& t : totals) {
    by_value.push_back({t.reserve, t.weight * c.reference(c.world.reserves[t.reserve].asset)});
    total[t.reserve] += t.weight;
  }
  by_value = running(std::move(by_value));
  const auto n = static_cast<std::uint32_t>(g.count);
  std::vector<Account> out(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    out[i].size = math::exp(g.size_sd * inverse_normal(u(i, 0)));
    // Stratified, so that every debt asset with a share of at least 1/n has debtors.
    out[i].owes = pick(by_value, (i + u(i, 1)) / n);
    out[i].posts = pick(posts, u(i, 2));
    out[i].health = draw_health(g, u(i, 3));
    sum[out[i].owes] += out[i].size;
  }
  for (Account& a : out) {
    a.debt = total[a.owes] * (a.size / sum[a.owes]);
    a.debt_usd = a.debt * c.reference(c.world.reserves[a.owes].asset);
  }
  return out;
}

/// Where a group says neither its health nor what it posts, and the usual health asks for more
/// than is left, what lies above the least shrinks to what there is.
void fit_health(CompileContext& c, const AccountGroup& g, const std::vector<Share>& posts,
                const Left& left, std::vector<Account>& accounts) {
  constexpr double filled = 0.97;  // of what is left: accounts do not fit together without a gap
  if (g.health_stated || !g.posts.empty()) return;
  double room = 0, least = 0, needed = 0;
  for (const Share& s : posts) {
    room += left.room[c.world.reserves[s.reserve].pot] * weighted_usd(c, s.reserve);
  }
  for (const Account& a : accounts) {
    least += least_health * a.debt_usd;
    needed += a.health * a.debt_usd;
  }
  if (!(needed > filled * room)) return;
  const double kept = (filled * room - least) / (needed - least);
  if (!(kept > 0)) return;  // it cannot fit: what is posted beyond what is supplied is told later
  for (Account& a : accounts) a.health = least_health + (a.health - least_health) * kept;
  c.diagnostics.note(
      "N0453", g.at,
      fmt::format("'{}': reserves hold too little for a median health of {:.2f}; it is {:.2f}",
                  g.name, g.health_median, least_health + (g.health_median - least_health) * kept),
      "state `health`, or more `supplied`");
}

/// Each posts what was drawn. Where a group does not say what it posts and a reserve would hold
/// more than is left of it, the largest choose first, and where that is full, what has most left.
void place_accounts(CompileContext& c, const AccountGroup& g, const std::vector<Share>& posts,
                    Left& left, std::vector<Account>& accounts) {
  const auto room_usd = [&](std::uint32_t r) {
    return left.room[c.world.reserves[r].pot] * weighted_usd(c, r);
  };
  std::vector<double> drawn(c.world.reserves.size(), 0);
  for (const Account& a : accounts) drawn[a.posts] += a.debt_usd * a.health;
  const bool full = g.posts.empty() && std::any_of(posts.begin(), posts.end(), [&](const Share& s) {
                      return drawn[s.reserve] > room_usd(s.reserve);
                    });
  std::vector<Account*> order;
  for (Account& a : accounts) order.push_back(&a);
  if (full) {
    std::stable_sort(order.begin(), order.end(), [](const Account* a, const Account* b) {
      return a->debt_usd * a->health > b->debt_usd * b->health;
    });
  }
  for (Account* a : order) {
    const double usd = a->debt_usd * a->health;
    if (full && room_usd(a->posts) < usd) {
      for (const Share& s : posts) {
        if (room_usd(s.reserve) > room_usd(a->posts)) a->posts = s.reserve;
      }
    }
    left.room[c.world.reserves[a->posts].pot] -= usd / weighted_usd(c, a->posts);
  }
}

void generate_group(CompileContext& c, const AccountGroup& g, std::uint32_t m, Left& left) {
  const Market& market = c.world.markets[m];
  const std::int32_t emode = emode_of(c, g, market);
  const std::vector<Share> totals = debt_totals(c, g, market, emode, left.debt);
  const std::vector<Share> posts = collateral_shares(c, g, market, emode);
  if (totals.empty() || posts.empty() || g.count <= 0) return;
  for (const Share& t : totals) {
    left.debt[t.reserve] = std::max(0.0, left.debt[t.reserve] - t.weight);
  }
  const std::uint32_t key = name_key((market.name + "/" + g.name).c_str());
  std::vector<Account> accounts = draw_accounts(c, g, key, totals, posts);
  fit_health(c, g, posts, left, accounts);
  place_accounts(c, g, posts, left, accounts);
  PositionRows& out = c.gathered[m].made;
  out.first_leg.reserve(out.first_leg.size() + accounts.size());
  out.legs.reserve(out.legs.size() + 2 * accounts.size());
  out.amounts.reserve(out.amounts.size() + 2 * accounts.size());
  const auto leg = [&](std::uint32_t reserve, double units, std::uint8_t side) {
    out.legs.push_back({static_cast<std::uint16_t>(reserve - market.first_reserve), side, 0});
    out.amounts.push_back(units);
  };
  for (const Account& a : accounts) {
    const double debt = a.debt * c.eco.book_scale;
    const double value = debt * c.reference(c.world.reserves[a.owes].asset) * a.health;
    leg(a.posts, value / weighted_usd(c, a.posts), 0);
    leg(a.owes, debt, 1);
    out.first_leg.push_back(static_cast<std::uint32_t>(out.legs.size()));
  }
  c.gathered[m].groups.emplace_back(g.name, static_cast<std::uint32_t>(accounts.size()));
}

/// What listed accounts and nobody else leave of what the reserves state.
Left what_is_left(CompileContext& c, std::uint32_t m) {
  const Market& market = c.world.markets[m];
  Left left{c.borrowed, std::vector<double>(c.supplied.size(), no_limit)};
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    const bool limited = c.world.owns_pot(r) && market.perp < 0 && market.bands < 0;
    if (limited && c.supplied[r] > 0) left.room[r] = c.supplied[r];
  }
  c.gathered[m].each_account([&](const AccountRows& rows, std::size_t account) {
    rows.each_leg(account, [&](std::uint32_t reserve, double units, bool debt) {
      if (debt) {
        left.debt[reserve] -= units / c.eco.book_scale;
      } else {
        left.room[c.world.reserves[reserve].pot] -= units / c.eco.book_scale;
      }
    });
  });
  return left;
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
  Left left = what_is_left(c, m);
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
  for (const AccountGroup& g : groups) {
    if (market.vault_cluster < 0) {
      generate_group(c, g, m, left);
      continue;
    }
    for (const AccountGroup& part : parts_by_vault(c, market, g, left.debt)) {
      generate_group(c, part, m, left);
    }
  }
  gathered.generated.rows = &gathered.made;
  for (std::uint32_t r = market.first_reserve; r < market.first_reserve + market.reserve_count;
       ++r) {
    for (auto& reserve_of : gathered.generated.reserve_of) reserve_of.push_back(r);
  }
}

}  // namespace faultline
