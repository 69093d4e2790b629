// What `run` tells of auctions: lots sold, what they raised, and who bore the rest.
#include <algorithm>

#include <fmt/format.h>

#include "cli/run_parts.hpp"
#include "cli/text_table.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

std::string count(double n) {
  return thousands(static_cast<std::uint64_t>(n));
}

void print_system(const RunReport& r, std::size_t s) {
  const CoinSystem& system = r.world.systems[s];
  const SystemOutcome& o = r.run.full.systems[s];
  fmt::print("  {}: surplus {} at the start, {} at the end", system.name,
             dollars(o.surplus_start_usd), dollars(o.surplus_end_usd));
  if (o.tokens_minted > 0) {
    fmt::print("; {} {} minted for {}, {} of the whole", format_number(o.tokens_minted, 3),
               r.world.assets[system.token.value].name, dollars(o.token_usd),
               percent(o.diluted, 2));
  }
  if (o.tokens_burned > 0) {
    fmt::print("; {} sold for {} {}, burned", dollars(o.sold_usd),
               format_number(o.tokens_burned, 3), r.world.assets[system.token.value].name);
  }
  if (o.deficit_usd >= 1) {
    fmt::print("; nothing stands behind {} of {}", dollars(o.deficit_usd),
               r.world.assets[system.coin.value].name);
  }
  fmt::print("\n");
}

}  // namespace

void print_auctions(const RunReport& r) {
  TextTable table({{"auctions", true},
                   {"started"},
                   {"ended"},
                   {"anew"},
                   {"raised"},
                   {"short by"},
                   {"for nothing"},
                   {"worth"},
                   {"most at once"},
                   {"in auction"}});
  bool any = false;
  for (std::size_t h = 0; h < r.world.houses.size(); ++h) {
    const AuctionOutcome& o = r.run.full.auctions[h];
    if (o.started == 0) continue;
    any = true;
    table.add({r.world.markets[r.world.houses[h].market.value].name, count(o.started),
               count(o.ended), count(o.resets), dollars(o.raised_usd), dollars(o.unraised_usd),
               count(o.nothing), dollars(o.nothing_usd), dollars(o.in_auction_most_usd),
               dollars(o.in_auction_usd)});
  }
  const auto& systems = r.run.full.systems;
  const bool sold = std::any_of(systems.begin(), systems.end(),
                                [](const SystemOutcome& o) { return o.tokens_burned > 0; });
  if (!any && !sold) return;
  fmt::print("\n{}", any ? table.text() : "auctions of surplus\n");
  for (std::size_t s = 0; s < r.world.systems.size(); ++s) print_system(r, s);
}

void add_auctions(const RunReport& r, nlohmann::json& out) {
  for (std::size_t h = 0; h < r.world.houses.size(); ++h) {
    const AuctionOutcome& o = r.run.full.auctions[h];
    out["nodes"][r.world.markets[r.world.houses[h].market.value].name]["auctions"] = {
        {"started", o.started},
        {"ended", o.ended},
        {"begun_anew", o.resets},
        {"failed", o.failed},
        {"for_nothing", o.nothing},
        {"for_nothing_usd", o.nothing_usd},
        {"raised_usd", o.raised_usd},
        {"unraised_usd", o.unraised_usd},
        {"returned_usd", o.returned_usd},
        {"in_auction_usd", o.in_auction_usd},
        {"in_auction_most_usd", o.in_auction_most_usd}};
  }
  for (std::size_t s = 0; s < r.world.systems.size(); ++s) {
    const CoinSystem& system = r.world.systems[s];
    const SystemOutcome& o = r.run.full.systems[s];
    out["systems"][system.name] = {{"coin", r.world.assets[system.coin.value].name},
                                   {"surplus_start_usd", o.surplus_start_usd},
                                   {"surplus_end_usd", o.surplus_end_usd},
                                   {"token_usd", o.token_usd},
                                   {"tokens_minted", o.tokens_minted},
                                   {"diluted", o.diluted},
                                   {"surplus_sold_usd", o.sold_usd},
                                   {"tokens_burned", o.tokens_burned},
                                   {"deficit_usd", o.deficit_usd}};
  }
}

}  // namespace faultline
