// Oracles: a feed for every asset a market reads. Declared feeds first; the others take the
// defaults (a price moving at 0.5% or 1 h and 24 s late; a claim: its rate x the feed below).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/compile/context.hpp"

namespace faultline {

namespace {

OracleId add_feed(CompileContext& c, const std::string& name, AssetId asset, const FeedSpec& spec) {
  OracleInfo info;
  info.name = name;
  info.asset = asset;
  info.chain = c.chain_of(name, name);
  FeedSpec in_dollars = spec;
  if (spec.pays) in_dollars.pays = Amount{c.usd(*spec.pays, "oracles." + name + ".pays"), "$"};
  info.params = compile_feed(in_dollars, c.world.assets[asset.value].base.valid());
  const OracleId id{static_cast<std::uint32_t>(c.world.oracles.size())};
  c.world.oracles.push_back(std::move(info));
  c.oracles.emplace(name, id.value);
  return id;
}

/// A pool's share is valued by the feeds of the pool's coins: that of its quote is `quote`.
void read_pool(CompileContext& c, OracleId id, OracleId quote) {
  const std::int32_t share = c.world.assets[c.world.oracles[id.value].asset.value].share;
  if (share < 0) return;
  const OracleId base = feed_of(c, c.world.shares[static_cast<std::size_t>(share)].base);
  c.world.oracles[id.value].pool_base = base;
  c.world.oracles[id.value].pool_quote = quote;
}

/// Joins one declared feed to what it reads. Feeds may be added meanwhile: never keep a reference.
class FeedWiring {
 public:
  FeedWiring(CompileContext& c, OracleId id, const FeedSpec& spec)
      : c_(c), id_(id), spec_(spec), path_("oracles." + info().name) {}

  void join() {
    if (spec_.in) info().unit = c_.asset(spec_.in->text, path_ + ".in");
    if (spec_.venue) add_venues(spec_.venue->text, path_ + ".venue");
    if (spec_.feed) info().below = add_feed_source(spec_.feed->text, path_ + ".feed");
    add_list(spec_.median, path_ + ".median");
    add_list(spec_.mean, path_ + ".mean");
    add_list(spec_.votes, path_ + ".votes");
    add_weights();
    const SourceKind source = info().params.source;
    if (source == SourceKind::reserves) join_reserves();
    if (source == SourceKind::rate || source == SourceKind::backing) join_rate();
    info().times = named(spec_.times, ".times");
    info().over = named(spec_.over, ".over");
    info().fallback = named(spec_.fallback, ".fallback");
    if (spec_.premium) join_premium(spec_.premium->text);
    check();
    if (!info().below.valid() && info().feeds.size() == 1 && info().venues.empty()) {
      info().below = info().feeds[0];
    }
    list_reads();
  }

 private:
  OracleInfo& info() { return c_.world.oracles[id_.value]; }
  const std::string& asset_name() { return c_.world.assets[info().asset.value].name; }

  /// A feed by its name, or the one an asset is priced by; none: nobody bears the name.
  OracleId find_feed(const std::string& name) {
    if (const auto o = c_.oracles.find(name); o != c_.oracles.end()) return OracleId{o->second};
    const auto a = c_.assets.find(name);
    return a == c_.assets.end() ? OracleId::none() : feed_of(c_, AssetId{a->second});
  }
  OracleId named(const std::optional<Name>& name, const char* field) {
    if (!name) return OracleId::none();
    const OracleId found = find_feed(name->text);
    if (!found.valid()) unknown(name->text, path_ + field);
    return found;
  }
  OracleId add_feed_source(const std::string& name, const std::string& path) {
    const OracleId found = find_feed(name);
    if (!found.valid()) {
      unknown(name, path);
    } else {
      info().feeds.push_back(found);
    }
    return found;
  }
  void unknown(const std::string& name, const std::string& path) {
    std::vector<std::string_view> names;
    for (const VenueInfo& v : c_.world.venues) names.push_back(v.name);
    for (const OracleInfo& o : c_.world.oracles) names.push_back(o.name);
    const std::string near = nearest_name(name, names);
    c_.diagnostics.error(
        "E0422", c_.at(path), "no venue or feed '" + name + "'",
        near.empty() ? "declare it under venues or oracles" : "did you mean '" + near + "'?");
  }

  /// One venue by its name, or every member of a family that trades the asset; whether any bears
  /// the name.
  bool add_venues(const std::string& name, const std::string& path) {
    bool any = false;
    for (std::uint32_t v = 0; v < c_.world.venues.size(); ++v) {
      const VenueInfo& venue = c_.world.venues[v];
      const bool trades = venue.base == info().asset || venue.quote == info().asset;
      if (venue.name != name && !(venue.cluster == name && trades)) continue;
      any = true;
      if (trades) {
        info().venues.push_back(VenueId{v});
        continue;
      }
      c_.diagnostics.error("E0421", c_.at(path),
                           fmt::format("'{}' does not trade {}", name, asset_name()),
                           "name a venue that does");
    }
    if (!any && path.ends_with(".venue")) unknown(name, path);
    return any;
  }
  void add_list(const std::vector<Name>& list, const std::string& path) {
    for (const Name& n : list) {
      if (!add_venues(n.text, path)) add_feed_source(n.text, path);
    }
  }

  void add_weights() {
    if (spec_.weights.empty()) return;
    OracleInfo& feed = info();
    feed.weights.assign(feed.venues.size() + feed.feeds.size(), 1);
    for (const auto& [name, weight] : spec_.weights) {
      bool any = false;
      for (std::size_t i = 0; i < feed.weights.size(); ++i) {
        const std::size_t f = i - feed.venues.size();
        const bool venue = i < feed.venues.size();
        const std::string& source = venue ? c_.world.venues[feed.venues[i].value].name
                                          : c_.world.oracles[feed.feeds[f].value].name;
        const bool family = venue && c_.world.venues[feed.venues[i].value].cluster == name;
        if (source != name && !family) continue;
        feed.weights[i] = weight.value;
        any = true;
      }
      if (any) continue;
      c_.diagnostics.error("E0426", c_.at(path_ + ".weights." + name),
                           fmt::format("'{}' is no source of '{}'", name, feed.name),
                           "weigh the venues and feeds of its list");
    }
  }

  void join_rate() {
    const AssetId base = c_.world.assets[info().asset.value].base;
    if (!base.valid()) {
      c_.diagnostics.error("E0425", c_.at(path_),
                           "'" + info().name + "' has no contract rate to read",
                           "give the asset a rate, or the feed another source");
      return;
    }
    const OracleId below = spec_.below ? named(spec_.below, ".below") : feed_of(c_, base);
    if (info().unit != base) info().below = below;
    read_pool(c_, id_, below);
  }
  /// Of a pool's share only.
  void join_reserves() {
    if (c_.world.assets[info().asset.value].share >= 0) return join_rate();
    c_.diagnostics.error("E0665", c_.at(path_ + ".reads"),
                         fmt::format("{} is no share of a pool: it has no reserves", asset_name()),
                         "read `rate`, `backing` or `reference`, or a venue");
  }
  void join_premium(const std::string& name) {
    for (std::uint32_t v = 0; v < c_.world.venues.size(); ++v) {
      const VenueInfo& venue = c_.world.venues[v];
      if (venue.name != name) continue;
      info().premium_venue = VenueId{v};
      if (venue.base == info().asset || venue.quote == info().asset) return;
      c_.diagnostics.error("E0421", c_.at(path_ + ".premium"),
                           fmt::format("'{}' does not trade {}", name, asset_name()),
                           "name a venue that does");
      return;
    }
    info().premium_feed = named(spec_.premium, ".premium");
  }

  void check() {
    const OracleInfo& feed = info();
    if (spec_.stated() > 1) {
      c_.diagnostics.error("E0423", c_.at(path_), "'" + feed.name + "' reads more than one source",
                           "keep one of venue, feed, median, mean, votes, fixed and reads");
    }
    if (feed.venues.size() + feed.feeds.size() > Source::most_sources) {
      c_.diagnostics.error("E0424", c_.at(path_),
                           fmt::format("a feed takes at most {} sources", Source::most_sources));
    }
    const int averages = (spec_.ema ? 1 : 0) + (spec_.half_life ? 1 : 0) + (spec_.twap ? 1 : 0);
    if (averages > 1) {
      c_.diagnostics.error("E0423", c_.at(path_),
                           "'" + feed.name + "' is averaged in more than one way",
                           "keep one of ema, half_life and twap");
    }
    if (spec_.on_failure == "fallback" && !spec_.fallback) {
      c_.diagnostics.error("E0423", c_.at(path_ + ".on_failure"),
                           "'" + feed.name + "' has no feed to fall back to",
                           "name one with `fallback`");
    }
  }

  void list_reads() {
    OracleInfo& feed = info();
    for (const OracleId o : {feed.below, feed.times, feed.over, feed.pool_base, feed.pool_quote}) {
      if (o.valid()) feed.rests_on.push_back(o);
    }
    feed.reads = feed.feeds;
    for (const OracleId o : {feed.below, feed.times, feed.over, feed.fallback, feed.premium_feed,
                             feed.pool_base, feed.pool_quote}) {
      if (o.valid()) feed.reads.push_back(o);
    }
    std::sort(feed.reads.begin(), feed.reads.end());
    feed.reads.erase(std::unique(feed.reads.begin(), feed.reads.end()), feed.reads.end());
  }

  CompileContext& c_;
  OracleId id_;
  const FeedSpec& spec_;
  std::string path_;
};

/// The asset a declared feed is named for: `ETH`, or `family.ETH`; for parts of a contract's mark
/// `venue.ETH.part`.
AssetId asset_of(CompileContext& c, const Named<FeedSpec>& node) {
  const auto named = [&](const std::string& name) {
    const auto found = c.assets.find(name);
    return found == c.assets.end() ? AssetId::none() : AssetId{found->second};
  };
  const AssetId whole = named(node.name);
  if (whole.valid() || node.cluster.empty()) return whole;
  const AssetId member = named(node.name.substr(node.name.find('.') + 1));
  if (member.valid()) return member;
  const AssetId contract = named(node.name.substr(0, node.name.rfind('.')));
  return contract.valid() && c.world.assets[contract.value].contract ? contract : AssetId::none();
}

/// Whether `o` reads itself, by whatever way; those on the way down are marked.
bool reads_itself(const Snapshot& world, std::uint32_t o, std::vector<unsigned char>& mark) {
  constexpr unsigned char open = 1, done = 2;
  if (mark[o] == done) return false;
  if (mark[o] == open) return true;
  mark[o] = open;
  for (const OracleId f : world.oracles[o].reads) {
    if (reads_itself(world, f.value, mark)) return true;
  }
  mark[o] = done;
  return false;
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
    read_pool(c, id, below);
    OracleInfo& info = c.world.oracles[id.value];
    info.below = below;
    info.rests_on = info.reads = {below};
    if (info.pool_base.valid() && info.pool_base != below) {
      info.rests_on.push_back(info.pool_base);
      info.reads = {std::min(below, info.pool_base), std::max(below, info.pool_base)};
    }
    return id;
  }
  return add_feed(c, name, asset, FeedSpec{});
}

void compile_oracles(CompileContext& c) {
  std::vector<std::pair<OracleId, const FeedSpec*>> declared;
  for (const auto& node : c.nodes.oracles) {
    const AssetId asset = asset_of(c, node);
    if (asset.valid()) {
      declared.push_back({add_feed(c, node.name, asset, node.spec), &node.spec});
    } else {
      c.asset(node.name, "oracles." + node.name);
    }
  }
  if (c.diagnostics.failed()) return;
  for (const auto& [id, spec] : declared) FeedWiring(c, id, *spec).join();
  if (c.diagnostics.failed()) return;
  std::vector<unsigned char> mark(c.world.oracles.size(), 0);
  for (std::uint32_t o = 0; o < c.world.oracles.size(); ++o) {
    if (!reads_itself(c.world, o, mark)) continue;
    c.diagnostics.error("E0427", c.at("oracles." + c.world.oracles[o].name),
                        "'" + c.world.oracles[o].name + "' reads itself, by way of other feeds",
                        "let one of them read venues");
    return;
  }
}

}  // namespace faultline
