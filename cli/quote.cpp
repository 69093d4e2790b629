// `quote`: what a trade would bring at one venue, or at every venue of a family or a pair that
// trades the asset, and split over those of one pair, as the file opens; nothing is run.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/text_table.hpp"
#include "cli/verbs.hpp"
#include "data/units.hpp"
#include "sim/venue_ops.hpp"

namespace faultline {

namespace {

/// One trade as it would fill. Amounts in units of the assets; prices in quote per base.
struct Quote {
  VenueId venue;
  Side side = Side::sell;
  double wanted = 0, filled = 0, out = 0;
  double before = 0, after = 0, average = 0;
  double fee = 0, fee_paid = 0;  // share; units given

  /// Average against the mid before, positive where it costs the trader.
  double cost() const { return side == Side::sell ? 1 - average / before : average / before - 1; }
};

bool fail(const std::string& text) {
  fmt::print(stderr, "error: {}\n", text);
  return false;
}

/// The venue of that name, or the members of that family, or what trades that pair.
bool find_venues(const Snapshot& world, const std::string& wanted, std::vector<VenueId>& out) {
  std::vector<std::string_view> names;
  for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
    const VenueInfo& venue = world.venues[v];
    if (venue.name == wanted) {
      out.assign(1, VenueId{v});
      return true;
    }
    const std::string &base = world.assets[venue.base.value].name,
                      &quote = world.assets[venue.quote.value].name;
    const bool pair = base + "/" + quote == wanted || quote + "/" + base == wanted;
    if (venue.cluster == wanted || (pair && !venue.is_outside)) out.push_back(VenueId{v});
    names.push_back(venue.name);
    if (venue.cluster != venue.name) names.push_back(venue.cluster);
  }
  if (!out.empty()) return true;
  const std::string near = nearest_name(wanted, names);
  std::string list;
  for (const VenueInfo& v : world.venues) list += (list.empty() ? "" : ", ") + v.name;
  return fail(fmt::format("no venue '{}': {}", wanted,
                          near.empty() ? "there are " + list : "did you mean '" + near + "'?"));
}

bool read_amount(const Snapshot& world, const std::string& text, const std::vector<VenueId>& venues,
                 bool buy, Amount& out) {
  std::vector<AssetHint> hints;
  for (const VenueId v : venues) {
    const AssetId a = buy ? world.venues[v.value].quote : world.venues[v.value].base;
    hints.push_back({world.assets[a.value].name, world.opening.market.spot[a.value]});
  }
  const Wanted wanted{.field = buy ? "buy" : "sell", .lo = 0, .hints = hints};
  if (const auto error = parse_value(text, out, wanted)) {
    return fail(error->message + (error->remedy.empty() ? "" : ": " + error->remedy));
  }
  return out.value > 0 || fail("give an amount above zero");
}

/// Which side of a venue takes the amount; no trade where it does not trade that asset.
bool side_of(const Snapshot& world, const VenueInfo& v, const std::string& unit, bool buy,
             Side& side) {
  if (unit == "$") {
    side = buy ? Side::buy : Side::sell;
    return true;
  }
  const bool base = world.assets[v.base.value].name == unit;
  side = base ? Side::sell : Side::buy;
  return (base && !buy) || world.assets[v.quote.value].name == unit;
}

Quote quote_at(const Snapshot& world, VenueId id, Side side, const Amount& amount) {
  const VenueStates& states = world.opening.venues;
  const VenueInfo& v = world.venues[id.value];
  Quote q{.venue = id, .side = side};
  q.wanted = amount.unit == "$"
                 ? amount.value / world.opening.market.spot[asset_given(v, side).value]
                 : amount.value;
  q.filled = std::min(q.wanted, venue_most_in(world, states, id, side));
  const Fill fill = venue_fill(world, states, id, side, q.filled);
  q.out = fill.out;
  q.before = venue_marginal(world, states, id);
  q.after = fill.price;
  q.average = side == Side::sell ? q.out / q.filled : q.filled / q.out;
  q.fee = venue_fee(world, states, id);
  q.fee_paid = q.fee * q.filled;
  return q;
}

/// One amount over several venues of a pair, each unit where it brings most.
struct SplitQuote {
  AssetId given, taken;
  double wanted = 0, out = 0, alone = 0;  // all that comes; at the best venue alone
  std::vector<Hop> venues;
  std::vector<double> ins, outs;  // of each
};

/// The splits there are among these quotes: one for each pair of assets two or more of them trade.
std::vector<SplitQuote> splits_of(const Snapshot& world, const std::vector<Quote>& quotes) {
  std::vector<SplitQuote> out;
  for (const Quote& q : quotes) {
    const VenueInfo& v = world.venues[q.venue.value];
    const AssetId given = asset_given(v, q.side), taken = asset_taken(v, q.side);
    auto at = std::find_if(out.begin(), out.end(), [&](const SplitQuote& s) {
      return s.given == given && s.taken == taken;
    });
    if (at == out.end()) at = out.insert(at, {given, taken, q.wanted, 0, 0, {}, {}, {}});
    at->venues.push_back({q.venue, q.side});
    if (q.filled == q.wanted) at->alone = std::max(at->alone, q.out);
  }
  std::erase_if(out, [](const SplitQuote& s) { return s.venues.size() < 2; });
  for (SplitQuote& s : out) {
    std::vector<StandingVenue> legs;
    for (const Hop& hop : s.venues) legs.push_back({world, world.opening.venues, hop});
    s.ins.resize(legs.size());
    s.outs.resize(legs.size());
    if (!split_order<StandingVenue>(legs, s.wanted, s.ins)) continue;
    for (std::size_t i = 0; i < legs.size(); ++i) s.out += s.outs[i] = legs[i].fill(s.ins[i]).out;
  }
  return out;
}

void print_split(const Snapshot& world, const SplitQuote& s) {
  const std::string &g = world.assets[s.given.value].name, &t = world.assets[s.taken.value].name;
  fmt::print("\nbest split of {} {} over {} venues\n", precise(s.wanted), g, s.venues.size());
  if (!(s.out > 0)) {
    fmt::print("  together they take less\n");
    return;
  }
  const std::string gain =
      s.alone > 0 ? percent(s.out / s.alone - 1, 3) + " more than at the best of them alone"
                  : "none of them takes all of it alone";
  fmt::print("  out       {} {}   {}; {}\n", precise(s.out), t,
             format_usd(s.out * world.opening.market.spot[s.taken.value]), gain);
  for (std::size_t i = 0; i < s.venues.size(); ++i) {
    fmt::print("  {:>8}  {}: give {} {}, take {} {}\n", percent(s.ins[i] / s.wanted, 2),
               world.venues[s.venues[i].venue.value].name, precise(s.ins[i]), g, precise(s.outs[i]),
               t);
  }
}

nlohmann::json split_json(const Snapshot& world, const SplitQuote& s) {
  nlohmann::json parts = nlohmann::json::array();
  for (std::size_t i = 0; i < s.venues.size(); ++i) {
    parts.push_back({{"venue", world.venues[s.venues[i].venue.value].name},
                     {"in", s.ins[i]},
                     {"out", s.outs[i]}});
  }
  return {{"given", world.assets[s.given.value].name},
          {"taken", world.assets[s.taken.value].name},
          {"in", s.out > 0 ? s.wanted : 0},
          {"out", s.out},
          {"out_best_alone", s.alone},
          {"parts", parts}};
}

/// Why no venue takes the amount: the pairs there are, and what may have been meant.
bool explain_refusal(const Snapshot& world, const QuoteOptions& o,
                     const std::vector<VenueId>& venues, const Amount& amount, bool buy) {
  std::vector<std::string_view> assets;
  std::string pairs;
  for (const VenueId id : venues) {
    const VenueInfo& v = world.venues[id.value];
    const std::string &base = world.assets[v.base.value].name,
                      &quote = world.assets[v.quote.value].name;
    pairs += (pairs.empty() ? "" : ", ") + base + "/" + quote;
    assets.push_back(base);
    assets.push_back(quote);
    if (!buy || base != amount.unit) continue;
    const double price = venue_marginal(world, world.opening.venues, id);
    return fail(fmt::format("--buy takes what you give, in {}: for about {} {} write --buy '{} {}'",
                            quote, precise(amount.value), base,
                            format_number(amount.value * price, 4), quote));
  }
  const std::string near = nearest_name(amount.unit, assets);
  return fail(fmt::format("'{}' trades {}, not {}{}", o.venue, pairs, amount.unit,
                          near.empty() ? "" : ": did you mean '" + near + "'?"));
}

std::string trade_text(const Snapshot& world, const Quote& q) {
  const VenueInfo& v = world.venues[q.venue.value];
  return fmt::format("{}, {}/{}: give {} {}", v.name, world.assets[v.base.value].name,
                     world.assets[v.quote.value].name, precise(q.wanted),
                     world.assets[asset_given(v, q.side).value].name);
}

void print_quote(const Snapshot& world, const Quote& q) {
  const VenueInfo& v = world.venues[q.venue.value];
  const AssetId given = asset_given(v, q.side), taken = asset_taken(v, q.side);
  const std::string &g = world.assets[given.value].name, &t = world.assets[taken.value].name;
  const auto usd = [&](double units, AssetId a) {
    return format_usd(units * world.opening.market.spot[a.value]);
  };
  const char* who = bearer_name(world.accounts[v.base_account.value].bearer);
  fmt::print("{}\n", trade_text(world, q));
  if (!(q.filled > 0)) {
    fmt::print("  nothing fills: this side of the venue is empty\n");
    return;
  }
  const std::string per =
      fmt::format("{} per {}", world.assets[v.quote.value].name, world.assets[v.base.value].name);
  fmt::print("  out       {} {}   {}\n", precise(q.out), t, usd(q.out, taken));
  fmt::print("  average   {} {}, {} worse than the mid of {}\n", precise(q.average), per,
             percent(q.cost(), 3), precise(q.before));
  fmt::print("  fee       {} of what is given: {} {}   {}\n", percent(q.fee, 3),
             precise(q.fee_paid), g, usd(q.fee_paid, given));
  fmt::print("  impact    {} beyond the fee; the price goes to {} ({})\n",
             percent(q.cost() - q.fee, 3), precise(q.after),
             percent(q.after / q.before - 1, 3, true));
  const double paid =
      q.side == Side::sell ? q.filled * q.before - q.out : q.filled - q.out * q.before;
  const double gain = paid * world.opening.market.spot[v.quote.value];
  fmt::print("  {:<9} take {} {}, give {} {}; {} in their favour at the price before\n", who,
             precise(q.filled), g, precise(q.out), t, format_usd(gain));
  if (q.filled < q.wanted) {
    fmt::print("  warning: only {} {} of {} fill, the rest finds nobody\n", precise(q.filled), g,
               precise(q.wanted));
  }
}

nlohmann::json quote_json(const Snapshot& world, const Quote& q) {
  const VenueInfo& v = world.venues[q.venue.value];
  const AssetId given = asset_given(v, q.side), taken = asset_taken(v, q.side);
  return {{"venue", v.name},
          {"base", world.assets[v.base.value].name},
          {"quote", world.assets[v.quote.value].name},
          {"side", q.side == Side::sell ? "sell" : "buy"},
          {"given", world.assets[given.value].name},
          {"taken", world.assets[taken.value].name},
          {"in", q.filled},
          {"unfilled", q.wanted - q.filled},
          {"out", q.out},
          {"out_usd", q.out * world.opening.market.spot[taken.value]},
          {"average_price", q.average},
          {"price_before", q.before},
          {"price_after", q.after},
          {"cost_vs_mid", q.cost()},
          {"fee", q.fee},
          {"fee_paid", q.fee_paid},
          {"counterparty", bearer_name(world.accounts[v.base_account.value].bearer)}};
}

}  // namespace

int quote_verb(const QuoteOptions& options) {
  const bool buy = !options.buy.empty();
  if (buy == !options.sell.empty()) {
    fail("say what you give: --sell '10 ETH', or --buy '1000 USDC' (quote given to buy base)");
    return 2;
  }
  OpenedWorld opened;
  open_world(options.common, opened, false);
  if (!opened.ok) return 2;
  const Snapshot& world = opened.world;
  std::vector<VenueId> venues;
  Amount amount;
  if (!find_venues(world, options.venue, venues)) return 2;
  if (!read_amount(world, buy ? options.buy : options.sell, venues, buy, amount)) return 2;
  std::vector<Quote> quotes;
  for (const VenueId v : venues) {
    Side side = Side::sell;
    if (side_of(world, world.venues[v.value], amount.unit, buy, side))
      quotes.push_back(quote_at(world, v, side, amount));
  }
  if (quotes.empty()) {
    explain_refusal(world, options, venues, amount, buy);
    return 2;
  }
  if (options.common.format == Format::json) {
    nlohmann::json all = nlohmann::json::array();
    for (const Quote& q : quotes) all.push_back(quote_json(world, q));
    nlohmann::json splits = nlohmann::json::array();
    for (const SplitQuote& s : splits_of(world, quotes)) splits.push_back(split_json(world, s));
    fmt::print("{}\n", nlohmann::json{{"schema", 1}, {"quotes", all}, {"splits", splits}}.dump(2));
    return 0;
  }
  for (std::size_t i = 0; i < quotes.size(); ++i) {
    if (i > 0) fmt::print("\n");
    print_quote(world, quotes[i]);
  }
  for (const SplitQuote& s : splits_of(world, quotes)) print_split(world, s);
  return 0;
}

}  // namespace faultline
