// What the parts of compile() share: the names-to-ids tables and where to report. Private to sim/.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/diagnostics.hpp"
#include "sim/ecosystem.hpp"
#include "sim/snapshot.hpp"

namespace faultline {

struct CompileContext {
  const Ecosystem& eco;
  Snapshot& world;
  Diagnostics& diagnostics;
  const SpanTable& spans;

  std::map<std::string, std::uint32_t, std::less<>> assets{}, venues{}, oracles{}, markets{};
  std::vector<double> holdings{};  // [asset] units the opening puts on the ledger, before rounding

  /// One leg of a gathered row: a reserve of its market, and units.
  struct GatheredLeg {
    std::uint32_t reserve = 0;
    double units = 0;
    bool debt = false;
  };
  /// A market's accounts in units, legs of one account together; filled by gather_markets.
  struct Gathered {
    std::vector<GatheredLeg> legs;
    std::vector<std::uint32_t> first;  // per account, and one past the end
    std::vector<std::string> names;
  };
  std::vector<Gathered> gathered{};  // [market]
  std::vector<double> supplied{}, posted{}, borrowed{}, protocol{},
      lent_plain{};  // [reserve] units

  Span at(const std::string& path) const { return spans.at ? spans.at(path) : Span{}; }
  /// The asset's id; reports an unknown name at `path`.
  AssetId asset(const std::string& name, const std::string& path);
  /// An amount in units of `asset`: "$" by its opening reference, its own name as it stands.
  double units(const Amount& amount, AssetId asset, const std::string& path);
  /// An amount in USD at opening references.
  double usd(const Amount& amount, const std::string& path);
  double reference(AssetId a) const { return world.opening.market.reference[a.value]; }
  AccountId account(Bearer bearer, std::uint32_t owner, AssetId asset, double opening = 0);
};

void compile_assets(CompileContext& c);   // ids, references, price order
void compile_venues(CompileContext& c);   // curves, default outside markets, pricing venues
void compile_oracles(CompileContext& c);  // feeds, default feeds
void gather_markets(CompileContext& c);   // positions and totals in units, before rounding
void compile_markets(CompileContext& c);  // reserves, opening cash and claims, whole
void open_prices(CompileContext& c);      // opening spot, published, factors
void build_book(CompileContext& c);       // position rows into blocks; legacy bad debt
void compile_agents(CompileContext& c);   // arbitrageurs, liquidators, purses
void compile_lanes(CompileContext& c);    // routes from collateral to debt assets
void compile_graph(CompileContext& c);    // nodes and typed edges
void check_sense(CompileContext& c);      // what is legal yet cannot be meant

/// Opens a feed at what its sources say.
void open_feed(CompileContext& c, std::uint32_t oracle);

/// The feed an asset is priced by, made with the defaults if nobody declared it.
OracleId feed_of(CompileContext& c, AssetId asset);

}  // namespace faultline
