// Scenarios as written: events, each a time, one verb and how long it takes and lasts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// What is asked of an exploit's holder.
struct ExploitSpec {
  Amount mint;
  std::string then = "borrow_out";

  template <class V>
  void fields(V& v) {
    v("mint", mint, Field{.help = "amount that appears from nothing", .lo = 0, .required = true});
    v("then", then,
      Field{.help = "what its holder does at once", .choices = "borrow_out sell hold"});
  }
};

/// What is taken out of a bridge's escrow.
struct DrainSpec {
  Ratio share{1};
  std::optional<Amount> takes;
  std::string then = "hold";

  template <class V>
  void fields(V& v) {
    v("share", share, Field{.help = "of what is there", .lo = 0, .hi = 1});
    v("takes", takes, Field{.help = "so much of it instead", .lo = 0});
    v("then", then,
      Field{.help = "what the thief does at once", .choices = "borrow_out sell hold"});
  }
};

struct OracleFaultSpec {
  std::optional<Seconds> latency;
  std::optional<Ratio> offset;
  bool frozen = false, outage = false, stale = false;
  std::map<std::string, Ratio> divergent;
  std::optional<Ratio> cap;
  std::optional<Ratio> manipulated;

  template <class V>
  void fields(V& v) {
    v("latency", latency, Field{.help = "delay of new reports", .lo = 0});
    v("offset", offset, Field{.help = "relative error of what it observes", .lo = -1, .hi = 100});
    v("frozen", frozen, Field{.help = "the answer stays and looks fresh"});
    v("outage", outage,
      Field{.help = "no reports are made; those in flight arrive; the answer goes stale"});
    v("stale", stale, Field{.help = "nothing arrives any more; the answer goes stale"});
    v("divergent", divergent,
      Field{.help = "relative error of one of its sources, by the source's name",
            .lo = -1,
            .hi = 100,
            .refers = Refers::price});
    v("manipulated", manipulated,
      Field{.help =
                "somebody trades the venues it reads until it is off by so much; held one round, "
                "or as long as `for` says",
            .lo = -0.999,
            .hi = 100});
    v("cap", cap,
      Field{.help = "its growth cap stands so far from where it should: a stale snapshot",
            .lo = -1,
            .hi = 100});
  }
};

struct PathSpec {
  std::string file;
  std::string time = "t_s";
  std::map<std::string, std::string> columns;
  std::string kind = "fundamental";

  template <class V>
  void fields(V& v) {
    v("file", file, Field{.help = "CSV of times and USD prices", .required = true});
    v("time", time, Field{.help = "column of seconds from the start"});
    v("columns", columns,
      Field{.help = "asset to the column of its USD price",
            .required = true,
            .refers = Refers::asset});
    v("kind", kind,
      Field{.help = "fundamental: without forced selling; observed: it contains its own",
            .choices = "fundamental observed"});
  }
};

/// LPs of a pool who leave it in one of its coins.
struct ExitSpec {
  Ratio share;
  Name as;

  template <class V>
  void fields(V& v) {
    v("share", share,
      Field{.help = "share of all claims on the pool that is burnt",
            .lo = 0,
            .hi = 0.99,
            .required = true});
    v("as", as,
      Field{.help = "the coin they take, one of the pair",
            .required = true,
            .refers = Refers::asset});
  }
};

/// One event of a scenario, as written: a time, one verb, and how long it takes and lasts.
struct EventSpec {
  Span written;
  Seconds at{0};
  std::optional<Seconds> over, lasts, back_by;
  std::map<std::string, Move> price, rate;
  std::map<std::string, Ratio> discount, backing, withdraw, gas;
  std::map<std::string, Seconds> halt, freeze;
  std::map<std::string, ExitSpec> exit;
  std::map<std::string, DrainSpec> drain;
  std::map<std::string, OracleFaultSpec> oracle;
  std::map<std::string, AnyText> set;
  std::optional<ExploitSpec> exploit;
  std::optional<PathSpec> path;
  std::vector<double> path_times_s;  // read from the path's file
  std::map<std::string, std::vector<double>> path_prices;

  template <class V>
  void fields(V& v) {
    v("at", at, Field{.help = "when it begins", .lo = 0, .hi = 3.2e8});
    v("over", over, Field{.help = "how long it takes to be in full force", .lo = 0});
    v("for", lasts, Field{.help = "how long after `at` it is undone", .lo = 0});
    v("back_by", back_by, Field{.help = "when it has come back to where it was", .lo = 0});
    v("price", price,
      Field{.help = "the world moves: -25%, +10% or $1500", .refers = Refers::asset});
    v("discount", discount,
      Field{.help = "the market leaves a claim: value below contract",
            .lo = 0,
            .hi = 1,
            .refers = Refers::asset});
    v("backing", backing,
      Field{.help = "share of a claim's assets lost, not yet admitted",
            .lo = 0,
            .hi = 1,
            .refers = Refers::asset});
    v("rate", rate,
      Field{.help = "a claim's code re-rates: slashed, written off", .refers = Refers::asset});
    v("withdraw", withdraw,
      Field{
          .help =
              "share of depth that leaves: that of a venue, a family, makers, or `lps`; or of "
              "lenders who ask for their money: those of a market, `market.ASSET`, a vault, a "
              "family, or `depositors`; or of a coin's holders who sell; or of a claim's who hand "
              "it in at the vault that redeems it",
          .lo = 0,
          .hi = 1});
    v("gas", gas,
      Field{.help = "a chain is congested: what a transaction costs goes to so many times, as 6x",
            .lo = 0,
            .hi = 1e6,
            .refers = Refers::chain});
    v("halt", halt,
      Field{.help = "venues or families where nobody trades for so long",
            .lo = 0.1,
            .refers = Refers::venue});
    v("freeze", freeze,
      Field{.help =
                "reserves, as `pool.rsETH`, or whole markets that take no new supply and no new "
                "debt for so long; or a coin's reserves, as `circle.svb`, that nobody can use",
            .lo = 0.1});
    v("drain", drain,
      Field{.help = "what backs a bridged token is taken out of its escrow, at once",
            .refers = Refers::vault});
    v("exit", exit, Field{.help = "LPs leave a pool in one of its coins, at once"});
    v("oracle", oracle, Field{.help = "what breaks at a feed", .refers = Refers::oracle});
    v("set", set, Field{.help = "any parameter, by path, to another value"});
    v("exploit", exploit, Field{.help = "an asset minted from nothing"});
    v("path", path, Field{.help = "prices follow a file"});
  }
};

struct ScenarioSpec {
  std::string name;
  std::vector<EventSpec> events;
};

}  // namespace faultline
