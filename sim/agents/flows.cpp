// What flow agents want and at which price they can have it.
//
//   an agent wants      target(p) - units at the price p after the trade
//   a desk clears at    p*:  the venue, walked by sum over its agents of (target(p*) - units), ends
//                       at p*; of several such prices the first on the way from the present one
//   to first order      p* - p = shock / (1 - g),  g = the price's answer to one unit x the units
//                       wanted per unit of price (frey_stremme1997; options.hpp)
//
// So a loop closes within one round, whatever its length, and ends where the venue or what the
// agents want is exhausted: at a price above zero. Nobody buys at more than twice what the world
// outside would pay, nor sells at less than half of it: there are other places to trade.
#include "sim/agents/flows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/math.hpp"
#include "protocols/venues/solve.hpp"
#include "sim/readings.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// Calls f.operator()<Kind>(params, state) for an agent's kind.
template <class States, class F>
decltype(auto) on_flow(const Snapshot& world, States& states, std::uint32_t agent, F&& f) {
  return visit_kind(FlowKinds{}, world.flow_agents[agent].slot, [&]<class K>(std::uint32_t i) {
    return f.template operator()<K>(world.flow_params.of<K>()[i], states.template of<K>()[i]);
  });
}

double usd_from_mid(const Snapshot& world, const MarketState& market, const FlowAgentInfo& a,
                    double mid) {
  const double other = market.spot[a.money.value];
  return world.venues[a.venue.value].base == a.asset ? mid * other : other / mid;
}
double mid_from_usd(const Snapshot& world, const MarketState& market, const FlowAgentInfo& a,
                    double usd) {
  const double other = market.spot[a.money.value];
  return world.venues[a.venue.value].base == a.asset ? usd / other : other / usd;
}

constexpr double dearest = 2;  // over the reference; our choice

/// Units a carry trader is still short of; rounding apart.
double hedged_units(const Workspace& w, const FlowAgentInfo& a) {
  if (a.hedge.row == Hedge::none) return 0;
  const double amount = w.positions.amount(a.hedge.row, a.hedge.leg);
  return amount > 0 ? amount + a.hedge.rounding : 0;
}

FlowSight sight_of(const Snapshot& world, const Workspace& w, std::uint32_t i, double price) {
  const FlowAgentInfo& a = world.flow_agents[i];
  return {w.now_s,
          price,
          w.ledger.balance(a.units),
          w.ledger.balance(a.cash) * w.market.spot[a.money.value],
          w.settings.flow_size[i],
          hedged_units(w, a)};
}

/// Units an agent would buy (sell, below zero) at a price: to its target, within its capital, and
/// within its purse where nobody lends to it.
double wish(const Snapshot& world, const Workspace& w, std::uint32_t i, double price) {
  const FlowAgentInfo& a = world.flow_agents[i];
  const double seen = w.flows.wishes[i].seen;
  const FlowSight sight = sight_of(world, w, i, seen > 0 ? seen : price);
  double target = on_flow(world, w.flows.states, i, [&]<class K>(const auto& p, const auto& s) {
    return K::target(p, s, sight);
  });
  const double most = a.capital_usd / sight.price;
  target = std::clamp(target, a.on_credit ? -most : 0.0, most);
  const AssetInfo& info = world.assets[a.asset.value];
  const double want = target - sight.units;
  double outside = w.market.reference[a.asset.value];
  if (info.desk >= 0) outside *= backed_share(world, w, a.asset);
  const bool elsewhere = !info.algorithmic;  // whose venues are all there is
  const bool absurd = want > 0 ? price > dearest * outside : price * dearest < outside;
  if (elsewhere && absurd) return 0;
  return a.on_credit ? want : std::min(want, std::max(0.0, sight.cash) / price);
}

double gas_of(const Snapshot& world, const Workspace& w, const FlowAgentInfo& a) {
  return gas_usd(world, w, a.gas_usd, world.venues[a.venue.value].chain);
}

/// Whether a wish is worth a trade: beyond the band, the gas and what rounding leaves.
bool worth_it(const Snapshot& world, const Workspace& w, std::uint32_t i, double want,
              double price) {
  const FlowAgentInfo& a = world.flow_agents[i];
  const double rounding = std::max(4 * world.assets[a.asset.value].quantum.step,
                                   0x1p-32 * std::fabs(w.ledger.balance(a.units)));
  return std::fabs(want) > std::max(a.band, rounding) &&
         std::fabs(want) * price > gas_of(world, w, a);
}

/// The price an agent goes by: its venue's, or the one of `latency` ago; before the run that of the
/// opening.
double seen_price(const Snapshot& world, const Workspace& w, std::uint32_t i) {
  const FlowAgentInfo& a = world.flow_agents[i];
  const auto back = static_cast<std::uint32_t>(std::ceil(a.latency_s / world.round_s));
  if (back > w.round) return flow_price(world, world.opening.market, a);
  return w.flows.prices[((w.round - back) % w.flows.depth) * world.flow_agents.size() + i];
}

/// Lets an agent see the price; decides whether it trades this round.
void look(const Snapshot& world, Workspace& w, std::uint32_t i, double price) {
  const FlowAgentInfo& a = world.flow_agents[i];
  FlowWish& mine = w.flows.wishes[i];
  const double seen = seen_price(world, w, i);
  mine.seen = a.latency_s > 0 ? seen : 0;
  const bool waits = on_flow(world, w.flows.states, i, [&]<class K>(const auto& p, auto& s) {
    K::observe(p, s, sight_of(world, w, i, seen));
    return K::waits(p, s, w.now_s);
  });
  const bool wants = worth_it(world, w, i, wish(world, w, i, price), price);
  mine.active = wants && w.now_s - w.flows.traded_s[i] >= a.every_s;
  w.flows.pending[i] = waits || wants != mine.active || seen != price;
  ++w.outcome.counters.nodes_visited;
}

/// Where a desk clears: a price, and the units wanted there that the venue cannot serve.
struct Clearing {
  double price = 0;
  double unserved = 0;
  double gain = 0;       // of the loop where it starts: what one unit traded makes them want more
  bool too_far = false;  // the walk ended before the wishes did
};

class DeskClearing {
 public:
  DeskClearing(const Snapshot& world, const Workspace& w, const FlowDesk& desk, double price)
      : world_(world),
        w_(w),
        desk_(desk),
        first_(world.flow_agents[desk.agents[0]]),
        start_(price) {}

  /// Units the active agents want at a price, together.
  double wanted(double price) const {
    double sum = 0;
    for (const std::uint32_t i : desk_.agents) {
      if (w_.flows.wishes[i].active) sum += wish(world_, w_, i, price);
    }
    return sum;
  }

  Clearing solve() {
    const double net = wanted(start_);
    sells_ = net < 0;
    side_ = sells_ ? first_.sells : opposite(first_.sells);
    const double most = venue_most_in(world_, w_.venues, desk_.venue, side_);
    double x = 0, beyond = std::fabs(net), move = 0, gain = 0;
    for (double step = 0x1p-12; move < farthest; step = std::min(step * 1.5, coarsest)) {
      move += step;
      const double target = start_ * math::exp(sells_ ? -move : move);
      const double next =
          std::min(most, venue_in_to_price(world_, w_.venues, desk_.venue, side_,
                                           mid_from_usd(world_, w_.market, first_, target)));
      if (!(next > x)) continue;  // a gap between quotes, or their end
      const double there = excess(next);
      if (x == 0) gain = 1 + (there - beyond) / next;
      if (there < 0) {
        x = bracketed_root([&](double in) { return excess(in); }, x, beyond, next, there).good;
        // More than rounding is left where wishes end there.
        return {after(x), std::max(0.0, excess(x)), gain, false};
      }
      x = next;
      beyond = there;
    }
    return {x > 0 ? after(x) : start_, beyond, gain, true};
  }

 private:
  static constexpr double coarsest = 0x1p-7;           // of the steps, in ln price
  static constexpr double farthest = 2.7725887222398;  // ln 16: no round moves a price further

  Fill fill(double in) const { return venue_fill(world_, w_.venues, desk_.venue, side_, in); }
  double after(double in) const { return usd_from_mid(world_, w_.market, first_, fill(in).price); }
  /// Units wanted at the price an input leads to, beyond those it trades.
  double excess(double in) const {
    const Fill f = fill(in);
    const double want = wanted(usd_from_mid(world_, w_.market, first_, f.price));
    return sells_ ? -want - in : want - f.out;
  }

  const Snapshot& world_;
  const Workspace& w_;
  const FlowDesk& desk_;
  const FlowAgentInfo& first_;  // any of the desk: they share asset, money and venue
  double start_;
  bool sells_ = false;
  Side side_ = Side::sell;
};

/// Money that buyers give so that the venue, after the sellers, ends at the clearing price.
double money_for(const Snapshot& world, Workspace& w, const FlowDesk& desk, double sold,
                 double price) {
  const FlowAgentInfo& a = world.flow_agents[desk.agents[0]];
  visit_kind(VenueKinds{}, world.venues[desk.venue.value].slot,
             [&]<class K>(std::uint32_t i) { w.scratch.of<K>()[i] = w.venues.of<K>()[i]; });
  if (sold > 0) {
    const double out = venue_fill(world, w.scratch, desk.venue, a.sells, sold).out;
    venue_apply(world, w.scratch, desk.venue, a.sells, sold, out);
  }
  return venue_in_to_price(world, w.scratch, desk.venue, opposite(a.sells),
                           mid_from_usd(world, w.market, a, price));
}

/// Writes the orders of a desk that clears: each agent's wish at the price, in whole quanta.
void order(const Snapshot& world, Workspace& w, const FlowDesk& desk, const Clearing& at) {
  const FlowAgentInfo& first = world.flow_agents[desk.agents[0]];
  double bought = 0, sold = 0;
  for (const std::uint32_t i : desk.agents) {
    const double want = w.flows.wishes[i].active ? wish(world, w, i, at.price) : 0;
    (want > 0 ? bought : sold) += std::fabs(want);
  }
  // What the venue cannot serve is missing on the side that wants more, from each alike.
  const bool sellers_short = sold > bought;
  const double most = std::max(sold, bought);
  const double share = at.unserved > 0 ? std::max(0.0, 1 - at.unserved / most) : 1;
  const double money =
      bought > 0 ? money_for(world, w, desk, sellers_short ? sold * share : sold, at.price) : 0;
  const Quantum& qa = world.assets[first.asset.value].quantum;
  const Quantum& qm = world.assets[first.money.value].quantum;
  for (const std::uint32_t i : desk.agents) {
    if (!w.flows.wishes[i].active) continue;
    const FlowAgentInfo& a = world.flow_agents[i];
    const double want = wish(world, w, i, at.price);
    FlowOrder o;
    o.agent = i;
    o.lane = want < 0 ? a.sell_lane : a.buy_lane;
    o.in =
        want > 0 ? qm.down(money * (want / bought)) : qa.down(-want * (sellers_short ? share : 1));
    if (!a.on_credit) {
      const double gas = qm.up(gas_of(world, w, a) / w.market.spot[a.money.value]);
      const double held = w.ledger.balance(want < 0 ? a.units : a.cash);
      o.in = std::max(0.0, std::min(o.in, want < 0 ? held : held - gas));
    }
    const bool short_of = at.unserved > 0 && (want < 0) == sellers_short;
    const double feasible = short_of ? want * share : want;
    if (o.in > 0 && worth_it(world, w, i, feasible, at.price)) w.flows.orders.push_back(o);
    if (short_of && 1 - share > 1e-6) {
      AgentOutcome& out = w.outcome.agents[i];
      out.unfilled_usd = std::max(out.unfilled_usd, (1 - share) * std::fabs(want) * at.price);
    }
  }
}

/// A loop that feeds itself has no end of its own: it stops where something is exhausted.
void tell_runaway(const Snapshot& world, Workspace& w, const FlowDesk& desk, const Clearing& at) {
  const char* reason = at.too_far && at.unserved > 0 ? "the venue has no more to give"
                       : at.too_far                  ? "no round moves a price further"
                                                     : "what they want to trade is exhausted";
  tell(w, "runaway", world.venues[desk.venue.value].name,
       fmt::format(
           "each unit traded makes agents want {:.2f} more: the price runs to ${:.6g}, where "
           "{}",
           at.gain, at.price, reason));
}

void plan_desk(const Snapshot& world, Workspace& w, const FlowDesk& desk) {
  const double price = flow_price(world, w.market, world.flow_agents[desk.agents[0]]);
  bool any = false;
  for (const std::uint32_t i : desk.agents) {
    look(world, w, i, price);
    any = any || w.flows.wishes[i].active;
  }
  if (w.market.halted[desk.venue.value]) {  // they look on, and trade when it opens again
    for (const std::uint32_t i : desk.agents) w.flows.pending[i] = 1;
    return;
  }
  if (!any) return;
  const Clearing at = DeskClearing(world, w, desk, price).solve();
  if (w.record && at.gain >= 1) tell_runaway(world, w, desk, at);
  order(world, w, desk, at);
}

bool desk_moved(const Snapshot& world, const Workspace& w, const FlowDesk& desk) {
  const FlowAgentInfo& first = world.flow_agents[desk.agents[0]];
  if (w.round == 0 || w.moved_venues.has(desk.venue.value) ||
      w.moved_spots.has(first.money.value) || w.moved_references.has(first.asset.value)) {
    return true;
  }
  return std::any_of(desk.agents.begin(), desk.agents.end(), [&](std::uint32_t i) {
    const FlowAgentInfo& a = world.flow_agents[i];
    const bool naked = a.hedge.row != Hedge::none && w.ledger.balance(a.units) > hedged_units(w, a);
    return naked || w.flows.pending[i] != 0;
  });
}

/// The mid of an agent's venue as trades have left it, USD per unit.
double price_now(const Snapshot& world, const Workspace& w, const FlowAgentInfo& a) {
  return usd_from_mid(world, w.market, a, venue_marginal(world, w.venues, a.venue));
}

/// A hedge is told with the gamma it leaves behind.
void tell_order(const Snapshot& world, Workspace& w, const FlowOrder& o, bool sale, double usd) {
  const FlowAgentInfo& a = world.flow_agents[o.agent];
  const std::string_view deed = visit_kind(
      FlowKinds{}, a.slot, []<class K>(std::uint32_t) { return std::string_view(K::deed); });
  const double price = price_now(world, w, a), gamma = gamma_exposure_usd(world, w, o.agent, price);
  std::string text = fmt::format("{} {{}} of {}, which leaves it at ${:.6g}",
                                 sale ? "sells" : "buys", world.assets[a.asset.value].name, price);
  std::vector<double> amounts{usd};
  if (gamma != 0) {
    text += "; gamma {} per 1%";
    amounts.push_back(gamma);
  }
  const bool purchase = deed == "sale" && !sale;
  tell(w, purchase ? "purchase" : deed.data(), a.name, std::move(text), std::move(amounts));
}

/// Tells where the gamma of a book has changed its sign.
void tell_flips(const Snapshot& world, Workspace& w) {
  w.flows.gamma.resize(world.flow_agents.size(), 0);
  for (std::uint32_t i = 0; i < world.flow_agents.size(); ++i) {
    const FlowAgentInfo& a = world.flow_agents[i];
    const double price = price_now(world, w, a), gamma = gamma_exposure_usd(world, w, i, price);
    if (gamma == 0) continue;
    if (w.round > 0 && w.flows.gamma[i] * gamma < 0) {
      tell(w, "gamma", a.name,
           fmt::format("turns {} at ${:.6g}: {{}} per 1%", gamma < 0 ? "negative" : "positive",
                       price),
           {gamma});
    }
    w.flows.gamma[i] = gamma;
  }
}

void settle_order(const Snapshot& world, Workspace& w, const FlowOrder& o) {
  const FlowAgentInfo& a = world.flow_agents[o.agent];
  const bool sale = o.lane == a.sell_lane;
  const double price = w.market.spot[a.money.value];
  const double usd = (sale ? o.out : o.in) * price;
  AgentOutcome& out = w.outcome.agents[o.agent];
  (sale ? out.sold_usd : out.bought_usd) += usd;
  double gas = world.assets[a.money.value].quantum.up(gas_of(world, w, a) / price);
  if (!a.on_credit) gas = std::min(gas, w.ledger.balance(a.cash));  // a cut sale may bring less
  w.ledger.post(a.cash, world.chain_purse[a.money.value], gas);
  w.outcome.gas_usd += gas * price;
  w.flows.traded_s[o.agent] = w.now_s;
  if (w.record) tell_order(world, w, o, sale, usd);
}

/// Options that ended since the last round pay the difference at the market price.
void pay_contracts(const Snapshot& world, Workspace& w) {
  for (; w.flows.next_contract < world.option_contracts.size(); ++w.flows.next_contract) {
    const OptionContract& c = world.option_contracts[w.flows.next_contract];
    if (c.expiry_s > w.now_s) return;
    const FlowAgentInfo& writer = world.flow_agents[c.writer];
    const double spot = w.market.spot[writer.asset.value],
                 money = w.market.spot[writer.money.value];
    const double size = w.settings.flow_size[c.writer];
    const double pays = option_payoff(c.kind, c.strike, spot) * c.units * std::fabs(size) / money;
    const double amount = world.assets[writer.money.value].quantum.down(pays);
    if (!(amount > 0)) continue;
    w.ledger.post(size > 0 ? c.payer : c.payee, size > 0 ? c.payee : c.payer, amount);
    const bool writer_pays = (c.payer == writer.cash) == (size > 0);
    w.outcome.agents[c.writer].paid_usd += (writer_pays ? 1 : -1) * amount * money;
    w.quiet = false;
    tell(w, "expiry", writer.name,
         fmt::format("{} struck at ${:.6g} end{} {{}} in the money",
                     c.kind == OptionKind::put ? "puts" : "calls", c.strike,
                     writer_pays ? " and cost it" : " and pay it"),
         {amount * money});
  }
}

}  // namespace

double flow_price(const Snapshot& world, const MarketState& market, const FlowAgentInfo& agent) {
  return usd_from_mid(world, market, agent, market.venue_price[agent.venue.value]);
}

void plan_flows(const Snapshot& world, Workspace& w) {
  w.flows.orders.clear();
  if (world.flow_agents.empty() || !w.transmission) return;
  const std::size_t n = world.flow_agents.size();
  for (std::size_t i = 0; i < n; ++i) {
    w.flows.prices[(w.round % w.flows.depth) * n + i] =
        flow_price(world, w.market, world.flow_agents[i]);
  }
  for (const FlowDesk& desk : world.flow_desks) {
    if (desk_moved(world, w, desk)) plan_desk(world, w, desk);
  }
  if (!w.flows.orders.empty()) w.quiet = false;
}

void settle_flows(const Snapshot& world, Workspace& w) {
  for (const FlowOrder& o : w.flows.orders) {
    if (o.in > 0) settle_order(world, w, o);
  }
  if (!world.option_contracts.empty()) pay_contracts(world, w);
  if (w.record) tell_flips(world, w);
}

bool flows_pending(const Snapshot& world, const Workspace& w) {
  const std::size_t next = w.flows.next_contract;
  if (next < world.option_contracts.size() &&
      world.option_contracts[next].expiry_s <= world.horizon_s)
    return true;
  return std::any_of(w.flows.pending.begin(), w.flows.pending.end(),
                     [](unsigned char pending) { return pending != 0; });
}

void resize_book(const Snapshot& world, Workspace& w, std::uint32_t agent, double size) {
  const FlowAgentInfo& a = world.flow_agents[agent];
  const double price = flow_price(world, w.market, a), money = w.market.spot[a.money.value];
  FlowSight sight = sight_of(world, w, agent, price);
  const auto target = [&](double at_size) {
    sight.size = at_size;
    return on_flow(world, w.flows.states, agent,
                   [&]<class K>(const auto& p, const auto& s) { return K::target(p, s, sight); });
  };
  const Quantum& qa = world.assets[a.asset.value].quantum;
  const Quantum& qm = world.assets[a.money.value].quantum;
  const double before = sight.size;
  const double units = target(size) - target(before);
  const double in = qa.down(std::fabs(units)), paid = qm.down(in * price / money);
  const AccountId outside_units = world.boundary[a.asset.value];
  const AccountId outside_cash = world.boundary[a.money.value];
  w.ledger.post(units > 0 ? outside_units : a.units, units > 0 ? a.units : outside_units, in);
  w.ledger.post(units > 0 ? a.cash : outside_cash, units > 0 ? outside_cash : a.cash, paid);
  on_flow(world, w.flows.states, agent, [&]<class K>(const auto& p, auto& s) {
    if constexpr (requires { K::resized(p, s, size, size); }) K::resized(p, s, before, size);
  });
  w.settings.flow_size[agent] = size;
  w.flows.pending[agent] = 1;
}

double gamma_exposure_usd(const Snapshot& world, const Workspace& w, std::uint32_t agent,
                          double price) {
  const FlowSight sight = sight_of(world, w, agent, price);
  return on_flow(world, w.flows.states, agent, [&]<class K>(const auto& p, const auto& s) {
    if constexpr (requires { K::gamma(p, s, sight); }) {
      return dollars_per_percent(K::gamma(p, s, sight), price);
    } else {
      return 0.0;
    }
  });
}

}  // namespace faultline
