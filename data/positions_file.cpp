#include "data/positions_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "core/fingerprint.hpp"
#include "data/csv.hpp"

namespace faultline {

namespace {

struct LegColumns {
  std::string account = "account", side = "side", asset = "asset", amount = "amount";
  std::optional<std::string> marked;
  std::map<std::string, std::string> posts, owes;

  template <class V>
  void fields(V& v) {
    v("account", account, Field{.help = "column that names the account"});
    v("side", side, Field{.help = "one row per leg: column with collateral, debt or supply"});
    v("asset", asset, Field{.help = "one row per leg: column with the leg's asset"});
    v("amount", amount, Field{.help = "one row per leg: column with units of that asset"});
    v("marked", marked, Field{.help = "column that is 1 where the leg is inferred"});
    v("posts", posts,
      Field{.help = "one row per account: asset to the column of units posted",
            .refers = Refers::asset});
    v("owes", owes,
      Field{.help = "one row per account: asset to the column of units owed",
            .refers = Refers::asset});
  }
};

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

struct GroupSpec {
  long count = 1000;
  std::map<std::string, Ratio> posts;
  std::vector<Amount> owes;
  HealthSpec health;
  double size_sd = 2;

  template <class V>
  void fields(V& v) {
    v("count", count, Field{.help = "accounts", .lo = 1, .hi = 1e7, .required = true});
    v("posts", posts,
      Field{.help = "collateral: an asset, or shares of value by asset", .refers = Refers::asset});
    v("owes", owes, Field{.help = "total debt of the group; left out: what is left", .lo = 0});
    v("health", health, Field{.help = "health at the start, by quantiles"});
    v("size_sd", size_sd,
      Field{.help = "standard deviation of ln(debt) over accounts",
            .lo = 0,
            .hi = 5,
            .source = "our choice: a heavy tail"});
  }
};

AccountGroup to_group(const std::string& name, const GroupSpec& spec, Span at) {
  AccountGroup g;
  g.name = name;
  g.count = spec.count;
  g.at = at;
  for (const auto& [asset, share] : spec.posts) g.posts[asset] = share.value;
  for (const Amount& owed : spec.owes) g.owes[owed.unit] = owed;
  g.size_sd = spec.size_sd;
  g.health_median = spec.health.median;
  const auto low = [&](double p, const std::optional<double>& value) {
    if (!value) return;
    g.health_low_quantile = p;
    g.health_low = *value;
  };
  low(0.10, spec.health.p10);
  low(0.05, spec.health.p5);
  low(0.01, spec.health.p1);
  return g;
}

/// Collects legs, account by account, in the order of the file.
class RowMaker {
 public:
  explicit RowMaker(PositionRows& rows) : rows_(rows) { rows_.first_leg.push_back(0); }

  void begin(std::string account) {
    end();
    account_ = std::move(account);
    open_ = true;
  }
  void leg(const std::string& asset, std::uint8_t side, double amount, bool marked) {
    const auto found = std::find(rows_.assets.begin(), rows_.assets.end(), asset);
    const auto index = static_cast<std::uint16_t>(found - rows_.assets.begin());
    if (found == rows_.assets.end()) rows_.assets.push_back(asset);
    rows_.legs.push_back({index, side, static_cast<std::uint8_t>(marked)});
    rows_.amounts.push_back(amount);
  }
  void drop() {
    rows_.legs.resize(rows_.first_leg.back());
    rows_.amounts.resize(rows_.first_leg.back());
    open_ = false;
  }
  void end() {
    if (!open_) return;
    rows_.accounts.push_back(std::move(account_));
    rows_.first_leg.push_back(static_cast<std::uint32_t>(rows_.legs.size()));
    open_ = false;
  }
  std::size_t first() const { return rows_.first_leg.back(); }
  PositionRows& rows() { return rows_; }

 private:
  PositionRows& rows_;
  std::string account_;
  bool open_ = false;
};

/// Ends an account: an isolated market nets loan asset already held against the debt, and with
/// `matching` leaves out accounts without its collateral.
void finish_account(RowMaker& maker, const BorrowersPlace& where, bool matching) {
  PositionRows& rows = maker.rows();
  if (where.collateral.empty()) {
    maker.end();
    return;
  }
  bool holds = false;
  double netted = 0;
  for (std::size_t l = maker.first(); l < rows.legs.size(); ++l) {
    const std::string& asset = rows.assets[rows.legs[l].asset];
    if (rows.legs[l].side == 0 && asset == where.collateral) holds = true;
    if (rows.legs[l].side == 0 && asset == where.loan && where.loan != where.collateral) {
      netted += rows.amounts[l];
      rows.amounts[l] = 0;
      rows.legs[l].side = 2;
    }
  }
  if (matching && !holds) {
    maker.drop();
    return;
  }
  for (std::size_t l = maker.first(); l < rows.legs.size() && netted > 0; ++l) {
    if (rows.legs[l].side != 1 || rows.assets[rows.legs[l].asset] != where.loan) continue;
    const double off = std::min(netted, rows.amounts[l]);
    rows.amounts[l] -= off;
    netted -= off;
  }
  maker.end();
}

std::string renamed(const CsvSpec& spec, std::string_view name) {
  const auto found = spec.names.find(std::string(name));
  return found == spec.names.end() ? std::string(name) : found->second;
}

bool good_amount(const CsvTable& table, std::size_t row, std::size_t column, double& out,
                 Diagnostics& diagnostics) {
  const auto value = table.number(row, column);
  if (value && *value >= 0) {
    out = *value;
    return true;
  }
  diagnostics.error("E0611", table.span(row, column),
                    "an amount is a finite number of units, not below zero",
                    "write units of the leg's asset");
  return false;
}

void read_legs(const CsvTable& table, const CsvSpec& spec, const BorrowersPlace& where,
               RowMaker& maker, Diagnostics& diagnostics) {
  const auto account = table.need(spec.columns.account, "the account", diagnostics);
  const auto side = table.need(spec.columns.side, "the side", diagnostics);
  const auto asset = table.need(spec.columns.asset, "the asset", diagnostics);
  const auto amount = table.need(spec.columns.amount, "the amount", diagnostics);
  const auto marked = spec.columns.marked ? table.column(*spec.columns.marked) : std::nullopt;
  if (!account || !side || !asset || !amount) return;
  std::string_view current;
  bool any = false;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view name = table.text(row, *account);
    if (!any || name != current) {
      if (any) finish_account(maker, where, spec.matching);
      maker.begin(std::string(name));
      current = name;
      any = true;
    }
    const std::string_view word = table.text(row, *side);
    const int kind = word == "collateral" ? 0 : word == "debt" ? 1 : word == "supply" ? 2 : -1;
    if (kind < 0) {
      diagnostics.error("E0612", table.span(row, *side), "a side is collateral, debt or supply",
                        "");
      if (diagnostics.errors() > 20) return;
      continue;
    }
    double units = 0;
    if (!good_amount(table, row, *amount, units, diagnostics)) {
      if (diagnostics.errors() > 20) return;
      continue;
    }
    const bool is_marked = marked && table.text(row, *marked) == "1";
    if (units > 0) {
      maker.leg(renamed(spec, table.text(row, *asset)), static_cast<std::uint8_t>(kind), units,
                is_marked);
    }
  }
  if (any) finish_account(maker, where, spec.matching);
}

void read_accounts(const CsvTable& table, const CsvSpec& spec, const BorrowersPlace& where,
                   RowMaker& maker, Diagnostics& diagnostics) {
  const auto account = table.column(spec.columns.account);
  struct Column {
    std::string asset;
    std::uint8_t side;
    std::size_t at;
  };
  std::vector<Column> columns;
  const auto add = [&](const std::map<std::string, std::string>& named, std::uint8_t side) {
    for (const auto& [asset, column] : named) {
      if (const auto at = table.need(column, asset, diagnostics))
        columns.push_back({asset, side, *at});
    }
  };
  add(spec.columns.posts, 0);
  add(spec.columns.owes, 1);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    maker.begin(account ? std::string(table.text(row, *account)) : std::to_string(row + 1));
    for (const Column& c : columns) {
      double units = 0;
      if (table.text(row, c.at).empty()) continue;
      if (good_amount(table, row, c.at, units, diagnostics) && units > 0) {
        maker.leg(c.asset, c.side, units, false);
      }
      if (diagnostics.errors() > 20) return;
    }
    finish_account(maker, where, spec.matching);
  }
}

void read_csv_borrowers(const Node& node, const BorrowersPlace& where, MarketNode& market,
                        ReadContext& context, std::vector<DataFile>& files) {
  CsvSpec spec;
  if (!read_fields(node, spec, where.path, {"borrowers", where.market, ""}, context)) return;
  const Span at = context.at(where.path + ".file");
  const std::string path = data_path(spec.file, where.folder, at, context.reading);
  if (path.empty()) return;
  Diagnostics& diagnostics = context.reading.diagnostics;
  const CsvTable table = read_csv(path, spec.file, at, diagnostics, context.reading.sources);
  files.push_back({spec.file, hash_file(path)});
  market.rescale = spec.rescale.value;
  RowMaker maker(market.rows);
  if (spec.columns.posts.empty() && spec.columns.owes.empty()) {
    read_legs(table, spec, where, maker, diagnostics);
  } else {
    read_accounts(table, spec, where, maker, diagnostics);
  }
}

/// A list of accounts: `- {name: a, posts: [10 ETH], owes: [5000 USDC]}`.
struct ListedAccount {
  std::string name;
  std::vector<Amount> posts, owes;

  template <class V>
  void fields(V& v) {
    v("name", name, Field{.help = "for messages"});
    v("posts", posts, Field{.help = "collateral, amounts in units", .lo = 0});
    v("owes", owes, Field{.help = "debt, amounts in units", .lo = 0});
  }
};

void read_list(const Node& node, const BorrowersPlace& where, MarketNode& market,
               ReadContext& context) {
  RowMaker maker(market.rows);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    ListedAccount account;
    const std::string number = std::to_string(i + 1);
    if (!read_fields(node.items[i], account, where.path + "." + number,
                     {"account", number, "'" + where.market + "'"}, context)) {
      continue;
    }
    maker.begin(account.name.empty() ? "account-" + number : account.name);
    for (const Amount& a : account.posts) {
      if (a.unit == "$") {
        context.reading.error("E0613", node.items[i].span, "accounts hold units, not dollars",
                              "write `10 ETH`");
      }
      maker.leg(a.unit, 0, a.value, false);
    }
    for (const Amount& a : account.owes) maker.leg(a.unit, 1, a.value, false);
    finish_account(maker, where, false);
  }
}

}  // namespace

std::string data_path(const std::string& written, const std::string& folder, Span at,
                      Reading& reading) {
  namespace fs = std::filesystem;
  const fs::path base = fs::weakly_canonical(fs::path(folder.empty() ? "." : folder));
  const fs::path allowed = base.has_parent_path() ? base.parent_path() : base;
  std::error_code error;
  const fs::path full = fs::weakly_canonical(base / written, error);
  const std::string inside = allowed.string() + "/";
  if (error || fs::path(written).is_absolute() ||
      full.string().compare(0, inside.size(), inside) != 0) {
    reading.error("E0601", at, "'" + written + "' lies outside the folder above this file",
                  "put data beside the ecosystem file or one folder up");
    return {};
  }
  return full.string();
}

std::string hash_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return {};
  std::ostringstream bytes;
  bytes << in.rdbuf();
  Fingerprint f;
  f.add(std::string_view(bytes.view()));
  return f.text();
}

void read_borrowers(const Node& node, const BorrowersPlace& where, MarketNode& market,
                    ReadContext& context, std::vector<DataFile>& files) {
  if (node.is_list()) {
    read_list(node, where, market, context);
    return;
  }
  if (!node.is_map()) {
    context.reading.error("E0614", node.span,
                          "borrowers are a group, groups by name, a list, or a CSV",
                          "write `{count: 8k}` or `{file: accounts.csv.gz}`");
    return;
  }
  if (node.find("file") != nullptr) {
    read_csv_borrowers(node, where, market, context, files);
    return;
  }
  if (node.find("count") != nullptr) {
    GroupSpec spec;
    if (read_fields(node, spec, where.path, {"borrowers", where.market, ""}, context)) {
      market.groups.push_back(to_group("borrowers", spec, node.span));
    }
    return;
  }
  for (const Entry& entry : node.entries) {
    GroupSpec spec;
    if (read_fields(entry.value, spec, where.path + "." + entry.key,
                    {"group", entry.key, "'" + where.market + "'"}, context)) {
      market.groups.push_back(to_group(entry.key, spec, entry.key_span));
    }
  }
}

}  // namespace faultline
