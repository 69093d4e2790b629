// After the books: fills reach the accounts; a vault takes failing accounts over; what an account
// can never pay is borne in the venue's order: funds, vaults, counterparties (auto-deleveraging),
// or all holders of the contract.
#include <algorithm>
#include <cmath>

#include "core/rng.hpp"
#include "protocols/losses/adl.hpp"
#include "protocols/margin/perp_account.hpp"
#include "sim/narration.hpp"
#include "sim/perpetuals/perps.hpp"
#include "sim/perpetuals/pool_perps.hpp"

namespace faultline {

namespace {

constexpr std::uint32_t no_leg = 0xffffffffu;

const Quantum& settlement_quantum(const Snapshot& world, const PerpVenue& venue) {
  return world.assets[world.reserves[venue.settles].asset.value].quantum;
}

double settlement_usd(const Snapshot& world, const Workspace& w, const PerpVenue& venue) {
  return w.market.published[world.reserves[venue.settles].oracle.value];
}

void touch(Workspace& w, std::uint32_t position) {
  w.touch(position);
  if (w.is_parked(position)) w.set_parked(position, false);
}

/// Takes `size` contracts off a leg at `price`; the balance gets what they were worth less the
/// funding they had paid (F is per contract and side: sim/perpetuals/perp_venue.hpp).
void close_part(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t position,
                std::uint32_t leg, double size, double quote) {
  const std::uint32_t f = world.book->factor(position, leg);
  const double side = f % 2 == 0 ? 1 : -1;
  const double gain = side * (quote - size * w.market.funding[f]);
  set_leg(world, w, position, leg, w.positions.amount(position, leg) - size);
  add_balance(world, w, venue, position, settlement_quantum(world, venue).down(gain));
  touch(w, position);
}

/// Moves money between two accounts of a venue.
void pay_between(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t from,
                 std::uint32_t to, double amount) {
  add_balance(world, w, venue, from, -amount);
  add_balance(world, w, venue, to, amount);
  touch(w, from);
  touch(w, to);
}

double balance_of(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                  std::uint32_t position) {
  return w.positions.amount(position, leg_with_factor(world, position, 2 * venue.settles)) -
         w.positions.amount(position, leg_with_factor(world, position, 2 * venue.settles + 1));
}

const Backstop* first_fund(const PerpVenue& venue) {
  for (const PerpAbsorber& a : venue.absorbers) {
    if (a.kind == PerpAbsorber::Kind::backstop && !venue.backstops[a.backstop].takes_over) {
      return &venue.backstops[a.backstop];
    }
  }
  return nullptr;
}

/// A long and a short of one contract in one account are nothing: both legs pay what they owe.
void net_legs(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t position,
              const PerpContract& c) {
  const std::uint32_t long_leg = leg_with_factor(world, position, 2 * c.reserve);
  const std::uint32_t short_leg = leg_with_factor(world, position, 2 * c.reserve + 1);
  const double both =
      std::min(w.positions.amount(position, long_leg), w.positions.amount(position, short_leg));
  if (both == 0) return;
  close_part(world, w, venue, position, long_leg, both, 0);
  close_part(world, w, venue, position, short_leg, both, 0);
}

/// Moves part of a position to another account of the venue at a price both agree on; the other
/// holds it from then on.
void hand_over(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t from,
               std::uint32_t leg, std::uint32_t to, double size, double quote) {
  const std::uint32_t f = world.book->factor(from, leg);
  const double side = f % 2 == 0 ? 1 : -1;
  close_part(world, w, venue, from, leg, size, quote);
  const std::uint32_t held = leg_with_factor(world, to, f);
  set_leg(world, w, to, held, w.positions.amount(to, held) + size);
  const double cost = side * (quote - size * w.market.funding[f]);
  add_balance(world, w, venue, to, -settlement_quantum(world, venue).up(cost));
  touch(w, to);
}

/// Margin an account lacks for the venue's buffer, USD.
double shortage(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
                std::uint32_t position) {
  const TraderView view = view_trader(world, w, venue, position);
  const double buffer = w.settings.perps[venue.number].liquidation.buffer;
  return std::max(0.0, view.maintenance + buffer * view.notional - view.equity);
}

/// What an order left, the fund takes at the bankruptcy price, where the rule says so and the fund
/// would still meet its own margin.
void leave_to_fund(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                   const PerpOrder& o) {
  const Backstop* fund = first_fund(venue);
  if (fund == nullptr || !w.settings.perps[venue.number].liquidation.leftover_to_fund) return;
  const double rest = std::min(o.size - o.filled, w.positions.amount(o.position, o.leg));
  if (!(rest > 0)) return;
  const double usd = settlement_usd(world, w, venue);
  const double mark = w.market.published[world.reserves[o.reserve].oracle.value];
  const double loss = rest * (o.sells ? o.bankruptcy * usd - mark : mark - o.bankruptcy * usd);
  const TraderView view = view_trader(world, w, venue, fund->row);
  const double margin = maintenance_margin(venue.contract_of(o.reserve).tiers, rest * mark);
  if (view.equity - loss < view.maintenance + margin * venue.liquidate_at) return;
  hand_over(world, w, venue, o.position, o.leg, fund->row, rest, rest * o.bankruptcy);
  net_legs(world, w, venue, fund->row, venue.contract_of(o.reserve));
  w.outcome.perps[venue.contract_of(o.reserve).number].takeover_usd += rest * mark;
  w.perps.round_takeover_usd[venue.market.value] += rest * mark;
}

/// The fund's part of a fill, out of what it brought above the bankruptcy price.
void pay_fund_fee(const Snapshot& world, Workspace& w, const PerpVenue& venue, const PerpOrder& o) {
  const PerpLiquidationTerms& rule = w.settings.perps[venue.number].liquidation;
  const Backstop* fund = first_fund(venue);
  if (fund == nullptr || !(rule.fund_fee > 0)) return;
  const double side = o.sells ? 1 : -1;
  const double fee = fund_delta(rule, side * o.quote, side * o.filled * o.bankruptcy);
  const double paid = settlement_quantum(world, venue).down(std::max(0.0, fee));
  if (paid > 0) pay_between(world, w, venue, o.position, fund->row, paid);
}

void settle_perp_order(const Snapshot& world, Workspace& w, const PerpOrder& o) {
  const PerpVenue& venue = venue_of(world, o.position);
  const bool backstop = venue.backstop_of(o.position) != nullptr;
  const double lacked = backstop ? 0 : shortage(world, w, venue, o.position);
  if (o.filled > 0) {
    close_part(world, w, venue, o.position, o.leg, o.filled, o.quote);
    *w.perps.ordered_s.try_emplace(o.position, w.now_s).first = w.now_s;
  }
  if (backstop) return;
  if (o.filled > 0) pay_fund_fee(world, w, venue, o);
  leave_to_fund(world, w, venue, o);
  *w.perps.freed_usd.try_emplace(o.position, 0.0).first +=
      std::max(0.0, lacked - shortage(world, w, venue, o.position));
  if (o.filled == 0) return;
  const double usd = o.quote * w.market.spot[world.reserves[venue.settles].asset.value];
  note_liquidation(w, venue.market, usd);
  w.round_liquidated_usd[venue.market.value] += usd;
  w.outcome.perps[venue.contract_of(o.reserve).number].liquidated_usd += usd;
}

/// Whether a vault could carry an account's positions and still meet its own margin.
bool can_take(const Snapshot& world, const Workspace& w, const PerpVenue& venue,
              const Backstop& vault, const TraderView& account) {
  const TraderView own = view_trader(world, w, venue, vault.row);
  return own.equity + account.equity >= own.maintenance + account.maintenance;
}

/// The vault takes the whole account, margin and all.
void take_over(const Snapshot& world, Workspace& w, const PerpVenue& venue, const Backstop& vault,
               std::uint32_t position, const TraderView& view) {
  Leg legs[kMostLegs];
  const RowLegs row = w.positions.row(position, legs);
  for (std::uint32_t leg = 0; leg < row.count; ++leg) {
    const auto [f, amount] = legs[leg];
    if (amount == 0) continue;
    const std::uint32_t to = leg_with_factor(world, vault.row, f);
    set_leg(world, w, position, leg, 0);
    set_leg(world, w, vault.row, to, w.positions.amount(vault.row, to) + amount);
    if (world.reserves[f / 2].contract) {
      w.outcome.perps[venue.contract_of(f / 2).number].takeover_usd +=
          amount * w.market.published[world.reserves[f / 2].oracle.value];
    }
  }
  add_balance(world, w, venue, vault.row, 0);  // what it is owed against what it owes
  for (const PerpContract& c : venue.contracts) net_legs(world, w, venue, vault.row, c);
  touch(w, position);
  touch(w, vault.row);
  w.perps.round_takeover_usd[venue.market.value] += view.notional;
}

bool taken_over(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t position,
                const TraderView& view) {
  for (const PerpAbsorber& a : venue.absorbers) {
    if (a.kind != PerpAbsorber::Kind::backstop) continue;
    const Backstop& vault = venue.backstops[a.backstop];
    if (!vault.takes_over || vault.row == position) continue;
    if (!can_take(world, w, venue, vault, view)) continue;
    take_over(world, w, venue, vault, position, view);
    return true;
  }
  return false;
}

/// A fund pays what an account lacks, as far as its rule and its money go. Gives what it paid, USD.
double fund_pays(const Snapshot& world, Workspace& w, const PerpVenue& venue, std::uint32_t which,
                 std::uint32_t position, double lacks_usd) {
  const Backstop& fund = venue.backstops[which];
  const double usd = settlement_usd(world, w, venue);
  const double has = std::max(0.0, balance_of(world, w, venue, fund.row)) * usd;
  InsuranceSpent& spent = w.perps.spent[fund.number];
  const double pays = insurable(fund.insurance, spent, lacks_usd, has);
  const double units = std::min(settlement_quantum(world, venue).up(pays / usd),
                                std::max(0.0, balance_of(world, w, venue, fund.row)));
  if (!(units > 0)) return 0;
  pay_between(world, w, venue, fund.row, position, units);
  spent.window_usd += units * usd;
  w.perps.round_fund_usd[venue.market.value] += units * usd;
  return units * usd;
}

/// The loss of an account is laid on every contract of the venue by its worth, both sides alike.
void socialise_loss(const Snapshot& world, Workspace& w, const PerpVenue& venue,
                    std::uint32_t position, double lacks_usd) {
  const auto mark = [&](const PerpContract& c) {
    return w.market.published[world.reserves[c.reserve].oracle.value];
  };
  double longs = 0, shorts = 0;
  for (const PerpContract& c : venue.contracts) {
    longs += w.reserves[c.reserve].supply_scaled * mark(c);
    shorts += w.reserves[c.reserve].debt_scaled * mark(c);
  }
  if (!(longs + shorts > 0)) return;
  const double usd = settlement_usd(world, w, venue);
  const double each = loss_per_contract(lacks_usd, longs, shorts);  // of a dollar held
  for (const PerpContract& c : venue.contracts) {
    w.market.funding[2 * c.reserve] += each * mark(c) / usd;
    w.market.funding[2 * c.reserve + 1] -= each * mark(c) / usd;
    w.changed_factors.push_back(2 * c.reserve);
    w.changed_factors.push_back(2 * c.reserve + 1);
    fold_funding(world, w, venue, c);
  }
  add_balance(world, w, venue, position, settlement_quantum(world, venue).down(lacks_usd / usd));
  touch(w, position);
}

/// A failing position to be closed against winners.
struct Closing {
  std::uint32_t position = 0;
  std::uint32_t leg = 0;
  double size = 0;       // contracts
  double price = 0;      // settlement asset per contract
  double shortfall = 0;  // of the account, this contract's share, USD
};

/// Closes losers against winners of the other side of one contract, by the venue's rule.
class Deleveraging {
 public:
  Deleveraging(const Snapshot& world, Workspace& w, const PerpVenue& venue, const PerpContract& c,
               bool losers_long)
      : world_(world),
        w_(w),
        venue_(venue),
        contract_(c),
        losers_long_(losers_long),
        usd_(settlement_usd(world, w, venue)),
        mark_(w.market.published[world.reserves[c.reserve].oracle.value]) {}

  void add(const Closing& closing) { losers_.push_back(closing); }
  bool empty() const { return losers_.empty(); }

  void run() {
    gather_winners();
    double size = 0, shortfall = 0;
    for (const Closing& c : losers_) size += c.size, shortfall += c.shortfall;
    w_.perps.shortfall_usd[venue_.market.value] += shortfall;
    const double draw = uniform({world_.seed, w_.round, name_key("adl"), contract_.number, 0});
    const double change = losers_long_ ? -size : size;
    if (w_.settings.perps[venue_.number].adl.takes == AdlTakes::profit) {
      const Quantum& q = settlement_quantum(world_, venue_);
      take_profit(w_.settings.perps[venue_.number].adl, winners_, mark_, change, shortfall, q, draw,
                  w_.perps.adl);
      haircut(shortfall);
    } else {
      const Quantum& q = world_.assets[world_.reserves[contract_.reserve].asset.value].quantum;
      deleverage(w_.settings.perps[venue_.number].adl, winners_, mark_, change, q, draw,
                 w_.perps.adl);
      close();
    }
  }

 private:
  std::uint32_t winning_factor() const { return 2 * contract_.reserve + (losers_long_ ? 1 : 0); }

  /// Everyone of the other side who is above water, in order of their rows.
  void gather_winners() {
    const std::uint32_t end = venue_.first_position + venue_.positions;
    for (std::uint32_t p = venue_.first_position; p < end; ++p) add_winner(p);
    for (const Backstop& b : venue_.backstops) add_winner(b.row);
  }

  void add_winner(std::uint32_t p) {
    const std::uint32_t leg = leg_with_factor(world_, p, winning_factor());
    if (leg == no_leg || w_.positions.amount(p, leg) == 0) return;
    const TraderView view = view_trader(world_, w_, venue_, p);
    if (!(view.equity > 0)) return;
    const double size = w_.positions.amount(p, leg);
    winners_.push_back({.size = losers_long_ ? -size : size,
                        .entry = entry_usd(p, leg),
                        .account_value = view.equity,
                        .wallet = view.equity - profit(p),
                        .maintenance = view.maintenance,
                        .account = p});
  }

  /// What a leg was entered at; a backstop's, the mark: it took it over there.
  double entry_usd(std::uint32_t p, std::uint32_t leg) const {
    if (venue_.backstop_of(p) != nullptr) return mark_;
    std::size_t k = 0;
    for (std::uint32_t l = 0; l < leg; ++l) {
      if (world_.reserves[world_.book->factor(p, l) / 2].contract) ++k;
    }
    return venue_.entries(p)[k] * usd_;
  }

  /// Unrealised profit of an account over all its contracts, USD.
  double profit(std::uint32_t p) const {
    double sum = 0;
    for (std::uint32_t leg = 0; leg < world_.book->legs(p); ++leg) {
      const std::uint32_t f = world_.book->factor(p, leg);
      const double amount = w_.positions.amount(p, leg);
      if (amount == 0 || !world_.reserves[f / 2].contract) continue;
      const double price = w_.market.published[world_.reserves[f / 2].oracle.value];
      sum += (f % 2 == 0 ? amount : -amount) * (price - entry_usd(p, leg));
    }
    return sum;
  }

  void close() {
    std::size_t loser = 0;
    for (std::size_t i = 0; i < winners_.size(); ++i) {
      double left = w_.perps.adl.parts[i];
      while (left > 0 && loser < losers_.size()) {
        Closing& from = losers_[loser];
        const double size = std::min(left, from.size);
        match(from, winners_[i].account, size);
        left -= size;
        from.size -= size;
        if (from.size == 0) ++loser;
      }
    }
  }

  void match(const Closing& loser, std::uint32_t winner, double size) {
    const double quote = size * loser.price;
    const std::uint32_t leg = leg_with_factor(world_, winner, winning_factor());
    close_part(world_, w_, venue_, loser.position, loser.leg, size, quote);
    close_part(world_, w_, venue_, winner, leg, size, quote);
    const double lost = (losers_long_ ? 1 : -1) * (loser.price * usd_ - mark_) * size;
    note(winner, size * mark_, lost);
  }

  /// Winners pay the losers' shortfall out of their profit and keep their positions.
  void haircut(double shortfall) {
    double paid = 0;
    for (std::size_t i = 0; i < winners_.size(); ++i) {
      const double units = settlement_quantum(world_, venue_).down(w_.perps.adl.parts[i] / usd_);
      if (!(units > 0)) continue;
      add_balance(world_, w_, venue_, winners_[i].account, -units);
      touch(w_, winners_[i].account);
      paid += units;
      note(winners_[i].account, 0, units * usd_);
    }
    double left = paid;
    for (const Closing& c : losers_) {
      const double part = settlement_quantum(world_, venue_).down(paid * (c.shortfall / shortfall));
      const double gets = &c == &losers_.back() ? left : std::min(left, part);
      add_balance(world_, w_, venue_, c.position, gets);
      touch(w_, c.position);
      left -= gets;
    }
  }

  void note(std::uint32_t winner, double closed_usd, double lost_usd) {
    w_.perps.round_deleveraged_usd[venue_.market.value] += closed_usd > 0 ? closed_usd : lost_usd;
    PerpOutcome& out = w_.outcome.perps[contract_.number];
    out.deleveraged_usd += closed_usd;
    out.given_up_usd += std::max(0.0, lost_usd);
    if (out.first_deleveraged_s < 0) out.first_deleveraged_s = w_.now_s;
    *w_.perps.given_usd.try_emplace(winner, 0.0).first += closed_usd > 0 ? closed_usd : lost_usd;
  }

  const Snapshot& world_;
  Workspace& w_;
  const PerpVenue& venue_;
  const PerpContract& contract_;
  bool losers_long_;
  double usd_, mark_;
  std::vector<Closing> losers_;
  std::vector<AdlCandidate> winners_;
};

/// What an account does next once its equity is below zero, absorber by absorber.
class LossOrder {
 public:
  LossOrder(const Snapshot& world, Workspace& w, const PerpVenue& venue)
      : world_(world), w_(w), venue_(venue) {
    for (const PerpContract& c : venue.contracts) {
      losing_longs_.emplace_back(world, w, venue, c, true);
      losing_shorts_.emplace_back(world, w, venue, c, false);
    }
  }

  void bear(std::uint32_t position) {
    const Backstop* own = venue_.backstop_of(position);
    for (const PerpAbsorber& a : venue_.absorbers) {
      const TraderView view = view_trader(world_, w_, venue_, position);
      if (!(view.equity < 0)) return;
      if (a.kind == PerpAbsorber::Kind::backstop) {
        if (own == &venue_.backstops[a.backstop]) continue;
        if (!venue_.backstops[a.backstop].takes_over) {
          fund_pays(world_, w_, venue_, a.backstop, position, -view.equity);
        } else if (own == nullptr && view.contracts > 0 &&
                   can_take(world_, w_, venue_, venue_.backstops[a.backstop], view)) {
          take_over(world_, w_, venue_, venue_.backstops[a.backstop], position, view);
          return;
        }
      } else if (a.kind == PerpAbsorber::Kind::socialise) {
        if (view.contracts == 0) socialise_loss(world_, w_, venue_, position, -view.equity);
      } else if (view.contracts > 0) {
        deleverage(position, view);
        return;
      }
    }
  }

  void close_all() {
    for (auto* side : {&losing_longs_, &losing_shorts_}) {
      for (Deleveraging& d : *side) {
        if (!d.empty()) d.run();
      }
    }
  }

 private:
  /// Every position of the account, at the venue's price.
  void deleverage(std::uint32_t position, const TraderView& view) {
    Leg legs[kMostLegs];
    const RowLegs row = w_.positions.row(position, legs);
    const double usd = settlement_usd(world_, w_, venue_);
    for (std::uint32_t leg = 0; leg < row.count; ++leg) {
      const auto [f, amount] = legs[leg];
      if (amount == 0 || !world_.reserves[f / 2].contract) continue;
      const PerpContract& c = venue_.contract_of(f / 2);
      const double mark = w_.market.published[world_.reserves[f / 2].oracle.value];
      const double size = f % 2 == 0 ? amount : -amount;
      const double own = maintenance_margin(c.tiers, amount * mark) * venue_.liquidate_at;
      const double bankruptcy =
          std::max(0.0, bankruptcy_price(view.equity, size, mark, own, view.maintenance));
      const double before =
          w_.perps.mark_before[c.number] > 0 ? w_.perps.mark_before[c.number] : mark;
      const double price = adl_price(w_.settings.perps[venue_.number].adl.price, bankruptcy, before,
                                     w_.market.published[c.index.value]);
      const double shortfall = -view.equity * (own / view.maintenance);
      const std::size_t k = f / 2 - venue_.contracts[0].reserve;
      (f % 2 == 0 ? losing_longs_ : losing_shorts_)[k].add(
          {position, leg, amount, price / usd, shortfall});
    }
  }

  const Snapshot& world_;
  Workspace& w_;
  const PerpVenue& venue_;
  std::vector<Deleveraging> losing_longs_, losing_shorts_;  // [contract of the venue]
};

void note_basis(const Snapshot& world, Workspace& w) {
  for (const PerpVenue& venue : world.perps) {
    for (const PerpContract& c : venue.contracts) {
      const double mark = w.market.published[world.reserves[c.reserve].oracle.value];
      const double index = w.market.published[c.index.value];
      w.perps.mark_before[c.number] = mark;
      if (!(index > 0 && mark > 0)) continue;  // a broken feed says nothing of the basis
      PerpOutcome& out = w.outcome.perps[c.number];
      const double basis = c.inverse ? index / mark - 1 : mark / index - 1;
      out.basis_least = std::min(out.basis_least, basis);
      out.basis_most = std::max(out.basis_most, basis);
      if (w.record) note_recovery(w, c, basis);
    }
  }
}

/// Counts accounts whose closing begins, at what they hold.
void note_forced(const Snapshot& world, Workspace& w) {
  const auto note = [&](std::uint32_t p) {
    const PerpVenue& venue = venue_of(world, p);
    if (venue.backstop_of(p) != nullptr || !w.perps.forced.try_emplace(p, 1).second) return;
    MarketOutcome& out = w.outcome.markets[venue.market.value];
    out.forced_accounts += 1;
    out.forced_usd += view_trader(world, w, venue, p).notional;
  };
  for (const PerpOrder& o : w.perps.orders) note(o.position);
  for (const std::uint32_t p : w.perps.taken_over) note(p);
  for (const std::uint32_t p : w.perps.deleveraged) note(p);
}

}  // namespace

void settle_perps(const Snapshot& world, Workspace& w) {
  if (world.perps.empty()) return;
  note_forced(world, w);
  for (const PerpVenue& venue : world.perps) {
    for (const Backstop& b : venue.backstops) {
      pass_window(b.insurance, w.perps.spent[b.number], world.round_s);
    }
  }
  // Backstops' own orders first: what others leave to them is netted against what they hold then.
  for (const bool backstops : {true, false}) {
    for (const PerpOrder& o : w.perps.orders) {
      const bool own = venue_of(world, o.position).backstop_of(o.position) != nullptr;
      if (own == backstops) settle_perp_order(world, w, o);
    }
  }
  for (const PerpVenue& venue : world.perps) {
    if (venue.pool) {
      settle_pool(world, w, venue);
      continue;
    }
    const auto here = [&](std::uint32_t p) { return world.positions[p].market == venue.market; };
    for (const std::uint32_t p : w.perps.taken_over) {
      if (!here(p)) continue;
      const TraderView view = view_trader(world, w, venue, p);
      taken_over(world, w, venue, p, view);
    }
    LossOrder losses(world, w, venue);
    for (const std::uint32_t p : w.perps.deleveraged) {
      if (here(p)) losses.bear(p);
    }
    losses.close_all();
  }
  note_basis(world, w);
}

}  // namespace faultline
