// Markets for coins minted against vaults: their two reserves, the house where vaults are sold, and
// the system whose markets of one family share room and books.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();

/// Amounts of a spec in units of one asset.
struct InUnits {
  CompileContext& c;
  AssetId asset;
  std::string path;

  double operator()(const Amount& amount, const char* field) const {
    return c.units(amount, asset, path + field);
  }
  double operator()(const std::optional<Amount>& amount, const char* field,
                    double otherwise) const {
    return amount ? (*this)(*amount, field) : otherwise;
  }
};

PriceDecay decay_of(const std::string& word) {
  if (word == "linear") return PriceDecay::linear;
  return word == "exponential" ? PriceDecay::exponential : PriceDecay::stairstep;
}

DutchAuctionTerms dutch_terms(const CdpMarket::Spec& spec, const InUnits& coins) {
  const AuctionSpec& a = spec.auction;
  DutchAuctionTerms t;
  t.decay = {decay_of(a.decay), a.tau.value, a.cut.value, a.step.value};
  t.buf = a.buf.value;
  t.tail_s = a.tail.value;
  t.cusp = a.cusp.value;
  t.chop = 1 + spec.chop.value;
  t.dust = coins(spec.dust, ".dust", 0);
  t.hole = coins(spec.hole, ".hole", no_limit);
  t.tip = coins(a.tip, ".auction.tip");
  t.chip = a.chip.value;
  return t;
}

/// Takes down a system's governance token; whether it is one.
bool add_token(CompileContext& c, CoinSystem& system, const Name& name, const std::string& path) {
  const AssetId named = c.asset(name.text, path);
  if (!named.valid()) return false;
  const AssetInfo& token = c.world.assets[named.value];
  if (token.base.valid() || !(token.supply > 0) || !(c.reference(named) > 0)) {
    c.diagnostics.error(
        "E0563", c.at(path),
        fmt::format("what is {} worth, and how much of it is there?", token.name),
        fmt::format("give it both: `{}: {{price: $500, supply: 1m {}}}`", token.name, token.name));
    return false;
  }
  if (system.token.valid() && system.token != named) {
    c.diagnostics.error("E0568", c.at(path),
                        fmt::format("losses mint {}, and surplus burns {}",
                                    c.world.assets[system.token.value].name, token.name),
                        "name the same token for both");
    return false;
  }
  system.token = named;
  return true;
}

/// Tokens minted against losses: whose, and on which terms.
void add_debt_auction(CompileContext& c, CoinSystem& system, const DebtAuctionSpec& spec,
                      const InUnits& coins) {
  const std::string path = coins.path + ".debt_auction";
  if (!add_token(c, system, spec.token, path + ".token")) return;
  system.mints = true;
  SystemBookTerms& t = system.books;
  t.debt_lot = coins(spec.lot, ".debt_auction.lot");
  t.first_tokens = c.units(spec.offers, system.token, path + ".offers");
  t.pad = spec.pad.value;
  t.wait_s = spec.wait.value;
  t.bids = {spec.beg.value, spec.ttl.value, spec.tau.value};
  if (!(t.debt_lot > 0) || !(t.first_tokens > 0)) {
    c.diagnostics.error("E0564", c.at(path), "a debt auction of nothing",
                        "state how many coins each asks for and how many tokens it offers");
  }
}

/// Surplus sold for tokens that are burned: for which, and on which terms.
void add_surplus_auction(CompileContext& c, CoinSystem& system, const SurplusAuctionSpec& spec,
                         const InUnits& coins) {
  const std::string path = coins.path + ".surplus_auction";
  if (!add_token(c, system, spec.token, path + ".token")) return;
  system.sells = true;
  SystemBookTerms& t = system.books;
  t.surplus_lot = coins(spec.lot, ".surplus_auction.lot");
  t.buffer = coins(spec.buffer, ".surplus_auction.buffer");
  t.surplus_bids = {spec.beg.value, spec.ttl.value, spec.tau.value};
  if (t.surplus_lot > 0) return;
  c.diagnostics.error("E0569", c.at(path + ".lot"), "a surplus auction of nothing",
                      "state how many coins each sells");
}

bool same_terms(const CoinSystem& a, const CoinSystem& b) {
  const auto numbers = [](const CoinSystem& s) {
    const SystemBookTerms& t = s.books;
    return std::array{s.hole,
                      t.debt_lot,
                      t.first_tokens,
                      t.pad,
                      t.wait_s,
                      t.bids.beg,
                      t.bids.ttl_s,
                      t.bids.tau_s,
                      t.surplus_lot,
                      t.buffer,
                      t.surplus_bids.beg,
                      t.surplus_bids.ttl_s,
                      t.surplus_bids.tau_s};
  };
  return a.mints == b.mints && a.sells == b.sells && a.token == b.token && numbers(a) == numbers(b);
}

/// The system a market belongs to; markets of one family that mint one coin share it.
std::uint32_t system_of(CompileContext& c, const Market& market, const CdpMarket::Spec& spec,
                        const InUnits& coins) {
  CoinSystem own;
  own.name = market.cluster.empty() ? market.name : market.cluster;
  own.coin = coins.asset;
  own.hole = coins(spec.system_hole, ".system_hole", no_limit);
  if (spec.debt_auction) add_debt_auction(c, own, *spec.debt_auction, coins);
  if (spec.surplus_auction) add_surplus_auction(c, own, *spec.surplus_auction, coins);
  std::vector<CoinSystem>& systems = c.world.systems;
  for (std::uint32_t s = 0; s < systems.size(); ++s) {
    if (systems[s].name != own.name || systems[s].coin != own.coin) continue;
    if (!same_terms(systems[s], own)) {
      c.diagnostics.error(
          "E0562", c.at(coins.path),
          fmt::format("markets of '{}' share one system, and '{}' says otherwise of "
                      "it than others do",
                      own.name, market.name),
          "state system_hole, debt_auction and surplus_auction alike at all of them");
    }
    return s;
  }
  systems.push_back(std::move(own));
  return static_cast<std::uint32_t>(systems.size() - 1);
}

void add_house(CompileContext& c, Market& market, MarketId id, const CdpMarket::Spec& spec,
               const InUnits& coins) {
  Snapshot& world = c.world;
  const AuctionSpec& a = spec.auction;
  AuctionHouse h;
  h.market = id;
  h.coin = market.first_reserve;
  h.collateral = market.first_reserve + 1;
  h.english = a.kind == "english";
  h.dutch = dutch_terms(spec, coins);
  const AssetId posted = world.reserves[h.collateral].asset;
  const InUnits lots{c, posted, coins.path};
  h.bite = {h.dutch.chop, lots(a.lump, ".auction.lump", no_limit),
            coins(a.dunk, ".auction.dunk", no_limit), h.dutch.dust};
  h.bids = {a.beg.value, a.ttl.value, a.tau.value};
  h.bidders = static_cast<std::uint32_t>(a.bidders);
  if (a.pays) h.pays_usd = c.usd(*a.pays, coins.path + ".auction.pays");
  const auto number = static_cast<std::uint32_t>(world.houses.size());
  h.lots = c.account(Bearer::borrower, number, posted);
  h.owners = c.account(Bearer::borrower, number, posted);
  h.system = system_of(c, market, spec, coins);
  world.systems[h.system].houses.push_back(number);
  market.house = static_cast<std::int32_t>(number);
  world.houses.push_back(h);
}

}  // namespace

void add_cdp(CompileContext& c, Market& market, MarketId id, const CdpMarket::Spec& spec) {
  const std::string path = "markets." + market.name;
  const double lt = spec.lltv ? spec.lltv->value : 1 / spec.mat.value;
  const MintedPair pair{spec.lends, spec.collateral, spec.coin_oracle, spec.oracle,
                        spec.fee,   spec.line,       spec.borrowed,    lt};
  if (!add_minted_pair(c, id, path, pair)) return;
  const std::size_t coin = market.first_reserve;
  const InUnits coins{c, c.world.reserves[coin].asset, path};
  if (spec.surplus) c.protocol[coin] = coins(*spec.surplus, ".surplus");
  add_house(c, market, id, spec, coins);
}

}  // namespace faultline
