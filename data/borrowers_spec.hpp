// The forms in which `borrowers:` of a lending market may be written, as declared fields: a CSV, a
// group or groups by name, a list of accounts. Read in positions_file.cpp, described by the schema.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"

namespace faultline {

/// Which column of a CSV is what.
struct LegColumns {
  std::string account = "account", side = "side", asset = "asset", amount = "amount";
  std::optional<std::string> marked, emode, first_band, last_band;
  std::map<std::string, std::string> posts, owes;

  template <class V>
  void fields(V& v) {
    v("account", account, Field{.help = "column that names the account"});
    v("side", side, Field{.help = "one row per leg: column with collateral, debt or supply"});
    v("asset", asset, Field{.help = "one row per leg: column with the leg's asset"});
    v("amount", amount, Field{.help = "one row per leg: column with units of that asset"});
    v("marked", marked, Field{.help = "column that is 1 where the leg is inferred"});
    v("emode", emode, Field{.help = "column with the account's e-mode; empty: none"});
    v("first_band", first_band,
      Field{.help = "loans on bands: column with the number of the first, highest band"});
    v("last_band", last_band, Field{.help = "loans on bands: column with that of the last"});
    v("posts", posts,
      Field{.help = "one row per account: asset to the column of units posted",
            .refers = Refers::asset});
    v("owes", owes,
      Field{.help = "one row per account: asset to the column of units owed",
            .refers = Refers::asset});
  }
};

/// Accounts from a CSV.
struct CsvSpec {
  std::string file;
  LegColumns columns;
  Ratio rescale{1};
  bool matching = false;
  std::map<std::string, std::string> names;

  template <class V>
  void fields(V& v) {
    v("file", file, Field{.help = "CSV, plain or gzip", .required = true});
    v("columns", columns, Field{.help = "which column is what"});
    v("rescale", rescale,
      Field{
          .help = "collateral times this, to bring it to the file's date", .lo = 1e-6, .hi = 1e6});
    v("matching", matching, Field{.help = "take only accounts that hold this market's collateral"});
    v("names", names, Field{.help = "names in the CSV to assets of this file"});
  }
};

/// Health as people write it: {median: 1.5, p1: 1.03}; the numbers are bare.
struct HealthSpec {
  double median = 1.6;
  std::optional<double> p1, p5, p10;

  template <class V>
  void fields(V& v) {
    constexpr auto source = "our choice: the middle of Aave and Compound books";
    v("median", median, Field{.help = "half are below", .lo = 1.001, .hi = 1000, .source = source});
    v("p1", p1, Field{.help = "one in a hundred is below", .lo = 1.001, .hi = 1000});
    v("p5", p5, Field{.help = "one in twenty is below", .lo = 1.001, .hi = 1000});
    v("p10", p10, Field{.help = "one in ten is below", .lo = 1.001, .hi = 1000});
  }
};

/// Accounts drawn from a stated distribution.
struct GroupSpec {
  long count = 1000;
  std::map<std::string, Ratio> posts;
  std::vector<Amount> owes;
  std::optional<std::string> emode;
  HealthSpec health;
  double size_sd = 2;
  std::optional<long> bands;

  template <class V>
  void fields(V& v) {
    v("count", count, Field{.help = "accounts", .lo = 1, .hi = 1e7, .required = true});
    v("posts", posts,
      Field{.help = "collateral: an asset, or shares of value by asset", .refers = Refers::asset});
    v("owes", owes, Field{.help = "total debt of the group; left out: what is left", .lo = 0});
    v("emode", emode,
      Field{.help = "category of the pool its accounts are in, or none; left out: the only one "
                    "that takes all the group posts and lends all it owes, where both are stated"});
    v("health", health,
      Field{.help = "health at the start, by quantiles; left out: less where the reserves hold too "
                    "little for it"});
    v("size_sd", size_sd,
      Field{.help = "standard deviation of ln(debt) over accounts",
            .lo = 0,
            .hi = 5,
            .source = "our choice: a heavy tail"});
    v("bands", bands,
      Field{.help = "loans on bands: how many each lies in; left out: as the market says",
            .lo = 4,
            .hi = 50});
  }
};

/// A list of accounts: `- {name: a, posts: [10 ETH], owes: [5000 USDC]}`.
struct ListedAccount {
  std::string name;
  std::vector<Amount> posts, owes;
  std::optional<std::string> emode;
  std::optional<long> first_band, last_band;

  template <class V>
  void fields(V& v) {
    v("name", name, Field{.help = "for messages"});
    v("posts", posts, Field{.help = "collateral, amounts in units", .lo = 0});
    v("owes", owes, Field{.help = "debt, amounts in units", .lo = 0});
    v("emode", emode, Field{.help = "category of the pool it is in"});
    v("first_band", first_band,
      Field{.help = "loans on bands: number of the first, highest band; left out: as a new loan's",
            .lo = -5000,
            .hi = 5000});
    v("last_band", last_band,
      Field{.help = "loans on bands: that of the last", .lo = -5000, .hi = 5000});
  }
};

}  // namespace faultline
