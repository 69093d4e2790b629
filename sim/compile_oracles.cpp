// Oracles: a feed for every asset a market reads. Declared feeds first; the others take the
// defaults (a price moving at 0.5% or 1 h and 24 s late; a claim: its rate x the feed below).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile_context.hpp"

namespace faultline {

namespace {

OracleId add_feed(CompileContext& c, const std::string& name, AssetId asset, const FeedSpec& spec) {
  OracleInfo info;
  info.name = name;
  info.asset = asset;
  info.params = compile_feed(spec, c.world.assets[asset.value].base.valid());
  const OracleId id{static_cast<std::uint32_t>(c.world.oracles.size())};
  c.world.oracles.push_back(std::move(info));
  c.oracles.emplace(name, id.value);
  return id;
}

/// Venues a feed names: one by its name, or every member of a family that trades the asset.
void add_sources(CompileContext& c, OracleInfo& info, const Name& source, const std::string& path) {
  const std::size_t before = info.venues.size();
  for (std::uint32_t v = 0; v < c.world.venues.size(); ++v) {
    const VenueInfo& venue = c.world.venues[v];
    const bool trades = venue.base == info.asset || venue.quote == info.asset;
    if (venue.name == source.text || (venue.cluster == source.text && trades)) {
      if (!trades) {
        c.diagnostics.error("E0421", c.at(path),
                            fmt::format("'{}' does not trade {}", source.text,
                                        c.world.assets[info.asset.value].name),
                            "name a venue that does");
        return;
      }
      info.venues.push_back(VenueId{v});
    }
  }
  if (info.venues.size() != before) return;
  std::vector<std::string_view> names;
  for (const VenueInfo& v : c.world.venues) names.push_back(v.name);
  const std::string near = nearest_name(source.text, names);
  c.diagnostics.error("E0422", c.at(path), "no venue '" + source.text + "'",
                      near.empty() ? "declare it under venues" : "did you mean '" + near + "'?");
}

void compile_feed_node(CompileContext& c, const Named<FeedSpec>& node) {
  const std::string path = "oracles." + node.name;
  const auto found = c.assets.find(node.name);
  AssetId asset;
  if (found != c.assets.end()) {
    asset = AssetId{found->second};
  } else if (!node.cluster.empty() &&
             c.assets.contains(node.name.substr(node.name.find('.') + 1))) {
    asset = AssetId{c.assets.find(node.name.substr(node.name.find('.') + 1))->second};
  } else {
    c.asset(node.name, path);
    return;
  }
  if (node.spec.stated() > 1) {
    c.diagnostics.error("E0423", c.at(path), "'" + node.name + "' reads more than one source",
                        "keep one of venue, median, fixed and reads");
    return;
  }
  const OracleId id = add_feed(c, node.name, asset, node.spec);
  OracleInfo& info = c.world.oracles[id.value];
  if (node.spec.venue) add_sources(c, info, *node.spec.venue, path + ".venue");
  for (const Name& n : node.spec.median) add_sources(c, info, n, path + ".median");
  if (info.venues.size() > Source::most_sources) {
    c.diagnostics.error("E0424", c.at(path + ".median"),
                        fmt::format("a median takes at most {} venues", Source::most_sources));
  }
}

}  // namespace

OracleId feed_of(CompileContext& c, AssetId asset) {
  const std::string& name = c.world.assets[asset.value].name;
  const auto found = c.oracles.find(name);
  if (found != c.oracles.end()) return OracleId{found->second};
  const AssetId base = c.world.assets[asset.value].base;
  if (base.valid()) {
    const OracleId below = feed_of(c, base);
    const OracleId id = add_feed(c, name, asset, FeedSpec{});
    c.world.oracles[id.value].below = below;
    return id;
  }
  return add_feed(c, name, asset, FeedSpec{});
}

void compile_oracles(CompileContext& c) {
  for (const auto& node : c.nodes.oracles) compile_feed_node(c, node);
  if (c.diagnostics.failed()) return;
  const std::size_t declared = c.world.oracles.size();
  for (std::size_t o = 0; o < declared; ++o) {
    if (c.world.oracles[o].params.source != SourceKind::rate) continue;
    const AssetId base = c.world.assets[c.world.oracles[o].asset.value].base;
    if (!base.valid()) {
      c.diagnostics.error("E0425", c.at("oracles." + c.world.oracles[o].name),
                          "'" + c.world.oracles[o].name + "' has no contract rate to read",
                          "give the asset a rate, or the feed another source");
      return;
    }
    const OracleId below = feed_of(c, base);
    c.world.oracles[o].below = below;
  }
}

}  // namespace faultline
