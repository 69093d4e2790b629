// The answer of a run, in sentences.
#include "cli/run_parts.hpp"

#include <map>

#include <fmt/format.h>

#include "cli/text_table.hpp"
#include "data/units.hpp"
#include "sim/agents/deposit_places.hpp"
#include "sim/agents/depositors.hpp"

namespace faultline {

namespace {

/// What happens to vaults' depositors, in a sentence; empty where nothing does.
std::string third_sentence(const RunReport& r) {
  double lost = 0, unpaid = 0;
  std::string worst;
  for (std::size_t v = 0; v < r.world.vaults.size(); ++v) {
    const VaultOutcome &o = r.run.full.vaults[v], &calm = r.run.baseline.vaults[v];
    lost += o.loss_usd - calm.loss_usd;
    const double trapped = o.trapped_peak_usd - calm.trapped_peak_usd;
    if (!(trapped >= 1) || trapped <= unpaid) continue;
    unpaid = trapped;
    worst = fmt::format("{} of {} cannot leave for {}",
                        percent(trapped / o.deposits_usd, trapped < 0.1 * o.deposits_usd ? 1 : 0),
                        r.world.vaults[v].name, format_duration_words(o.trapped_s));
  }
  if (lost < 1 && worst.empty()) return {};
  std::string out = lost < 1 ? " No vault loses" : " Depositors of vaults lose " + dollars(lost);
  if (!worst.empty()) out += (lost < 1 ? ", yet " : "; ") + worst;
  return out + ".";
}

std::string first_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  if (r.scenario.calm()) return "Nothing is shocked.";
  std::string out = fmt::format(
      "{} {} of bad debt",
      r.scenario.name == "command line" ? "This shock leaves" : r.scenario.name + " leaves",
      s.bad_debt_usd >= 1 ? dollars(s.bad_debt_usd) : "no new dollar");
  if (s.bad_debt_usd > 0) out += fmt::format(", {} of it on the books", dollars(s.recognised_usd));
  return out + fmt::format(", and {} of debt is liquidated.", dollars(s.liquidated_usd));
}

/// Which reserves ran dry, when, and what that leaves waiting; empty where none did.
std::string dry_sentence(const RunReport& r) {
  std::multimap<double, std::string> by_time;
  for (const DepositPlace& place : r.world.places) {
    if (is_vault(place)) continue;
    const double at_s = r.run.full.reserves[place.reserve].full_at_s;
    if (at_s < 0 || r.run.baseline.reserves[place.reserve].full_at_s >= 0) continue;
    by_time.emplace(at_s, place_name(r.world, place) + " after " + format_duration_words(at_s));
  }
  std::vector<std::string> dry;
  for (const auto& [at_s, text] : by_time) dry.push_back(text);
  const double trapped = r.run.summary.trapped_usd;
  std::string out;
  if (!dry.empty()) out = fmt::format(" Out of cash: {}", fmt::join(dry, ", "));
  if (trapped >= 1) {
    out += fmt::format("{}{} of deposits are trapped at the end", dry.empty() ? " " : "; ",
                       dollars(trapped));
  }
  return out.empty() ? out : out + ".";
}

std::string second_sentence(const RunReport& r) {
  const Summary& s = r.run.summary;
  std::vector<std::string> broken;
  for (std::size_t m = 0; m < r.world.markets.size(); ++m) {
    const MarketOutcome& o = r.run.full.markets[m];
    if (o.insolvent_s >= 0 && r.run.baseline.markets[m].insolvent_s < 0) {
      broken.push_back(r.world.markets[m].name + " after " + format_duration_words(o.insolvent_s));
    }
  }
  std::string out = broken.empty() ? "No market becomes insolvent"
                                   : fmt::format("Insolvent: {}", fmt::join(broken, ", "));
  if (s.unserved_usd >= 1) {
    out += fmt::format("; nobody serves {} of debt in breach at the end", dollars(s.unserved_usd));
  }
  return out + "." + dry_sentence(r);
}

}  // namespace

std::string answer(const RunReport& r) {
  if (!r.world.markets.empty()) {
    return first_sentence(r) + " " + second_sentence(r) + third_sentence(r);
  }
  return fmt::format("{}", fmt::join(price_sentences(r), " "));
}

double net(const RunReport& r, double MarketOutcome::*field, std::size_t m) {
  return r.run.full.markets[m].*field - r.run.baseline.markets[m].*field;
}

/// What a vault's figure is beyond the baseline's.
double net(const RunReport& r, double VaultOutcome::*field, std::size_t v) {
  return r.run.full.vaults[v].*field - r.run.baseline.vaults[v].*field;
}

const char* standing_text(Standing s) {
  switch (s) {
    case Standing::sound:
      return "sound";
    case Standing::stressed:
      return "stressed";
    case Standing::illiquid:
      return "illiquid";
    case Standing::insolvent:
      return "insolvent";
  }
  return "";
}

const char* state_text(const RunReport& r, std::size_t m) {
  return standing_text(standing(r.run.full.markets[m], r.run.baseline.markets[m]));
}

}  // namespace faultline
