// What became of loans on bands, market by market.
#include "cli/run_parts.hpp"

#include <fmt/format.h>

#include "cli/text_table.hpp"

namespace faultline {

/// What became of loans on bands, market by market.
void print_bands(const RunReport& r) {
  for (std::size_t b = 0; b < r.world.band_books.size(); ++b) {
    const BandBook& book = r.world.band_books[b];
    const BandOutcome& o = r.run.full.bands[b];
    if (o.converted_usd == 0 && o.returned_usd == 0) continue;
    const VenueInfo& pool = r.world.venues[book.venue.value];
    fmt::print(
        "\n  {}: its bands sold {} of {} and bought {} back, at a cost of {} to its borrowers; "
        "at most {:.0f}% of what lay in them was {}, at the end {:.0f}%\n",
        r.world.markets[book.market.value].name, dollars(o.converted_usd),
        r.world.assets[pool.base.value].name, dollars(o.returned_usd), dollars(o.soft_loss_usd),
        100 * o.coins_most, r.world.assets[pool.quote.value].name, 100 * o.coins_end);
  }
}

void add_bands(const RunReport& r, nlohmann::json& out) {
  for (std::size_t b = 0; b < r.world.band_books.size(); ++b) {
    const BandOutcome& o = r.run.full.bands[b];
    out["bands"][r.world.markets[r.world.band_books[b].market.value].name] = {
        {"converted_usd", o.converted_usd},
        {"returned_usd", o.returned_usd},
        {"soft_loss_usd", o.soft_loss_usd},
        {"coins_most", o.coins_most},
        {"coins_end", o.coins_end}};
  }
}

}  // namespace faultline
