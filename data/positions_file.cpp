#include "data/positions_file.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "core/fingerprint.hpp"
#include "data/borrowers_spec.hpp"
#include "data/csv.hpp"

namespace faultline {

namespace {

/// A group owes units of an asset; dollars would not say of which.
bool owes_units(const GroupSpec& spec, const Node& node, ReadContext& context) {
  for (const Amount& owed : spec.owes) {
    if (owed.unit != "$") continue;
    const Node* at = node.find("owes");
    context.reading.error("E0615", at == nullptr ? node.span : at->span,
                          "dollars of which asset does the group owe?",
                          "write units, such as `45m USDC`");
    return false;
  }
  return true;
}

AccountGroup to_group(const std::string& name, const GroupSpec& spec, const Node& node, Span at) {
  AccountGroup g;
  g.name = name;
  g.count = spec.count;
  g.at = at;
  for (const auto& [asset, share] : spec.posts) g.posts[asset] = share.value;
  for (const Amount& owed : spec.owes) g.owes[owed.unit] = owed;
  g.size_sd = spec.size_sd;
  g.emode = spec.emode.value_or("");
  g.bands = spec.bands.value_or(0);
  g.health_median = spec.health.median;
  g.health_stated = node.find("health") != nullptr;
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
    emode_ = 0;
    bands_.reset();
    open_ = true;
  }
  /// The open account is in a category.
  void in_emode(const std::string& name) {
    const auto found = std::find(rows_.emodes.begin(), rows_.emodes.end(), name);
    emode_ = static_cast<std::uint16_t>(found - rows_.emodes.begin() + 1);
    if (found != rows_.emodes.end()) return;
    rows_.emodes.push_back(name);
    rows_.emode_of.resize(rows_.accounts.size(), 0);  // those before: in none
  }
  /// The open account's loan lies in these bands.
  void bands(long first, long last) { bands_ = PositionRows::Bands{first, last}; }
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
  /// Takes the open account's legs of nothing out.
  void drop_empty_legs() {
    std::size_t kept = first();
    for (std::size_t l = first(); l < rows_.legs.size(); ++l) {
      if (rows_.amounts[l] == 0) continue;
      rows_.legs[kept] = rows_.legs[l];
      rows_.amounts[kept++] = rows_.amounts[l];
    }
    rows_.legs.resize(kept);
    rows_.amounts.resize(kept);
  }
  void end() {
    if (!open_) return;
    rows_.accounts.push_back(std::move(account_));
    if (bands_ || !rows_.bands.empty()) {
      rows_.bands.resize(rows_.accounts.size());
      if (bands_) rows_.bands.back() = *bands_;
    }
    rows_.first_leg.push_back(static_cast<std::uint32_t>(rows_.legs.size()));
    if (!rows_.emodes.empty()) rows_.emode_of.push_back(emode_);
    open_ = false;
  }
  std::size_t first() const { return rows_.first_leg.back(); }
  PositionRows& rows() { return rows_; }

 private:
  PositionRows& rows_;
  std::string account_;
  std::uint16_t emode_ = 0;
  std::optional<PositionRows::Bands> bands_;
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
    if (where.on_bands) continue;
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
  if (where.on_bands) return maker.end();
  for (std::size_t l = maker.first(); l < rows.legs.size() && netted > 0; ++l) {
    if (rows.legs[l].side != 1 || rows.assets[rows.legs[l].asset] != where.loan) continue;
    const double off = std::min(netted, rows.amounts[l]);
    rows.amounts[l] -= off;
    netted -= off;
  }
  maker.drop_empty_legs();
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

/// The column that says which category an account is in, where there is one.
class EmodeColumn {
 public:
  EmodeColumn(const CsvTable& table, const CsvSpec& spec, Diagnostics& diagnostics)
      : table_(table) {
    if (!spec.columns.emode) return;
    if (const auto at = table.need(*spec.columns.emode, "the e-mode", diagnostics)) {
      at_ = *at;
      any_ = true;
    }
  }
  /// The open account, as its first row says.
  void note(std::size_t row, RowMaker& maker) const {
    if (any_ && !table_.text(row, at_).empty()) {
      maker.in_emode(std::string(table_.text(row, at_)));
    }
  }

 private:
  const CsvTable& table_;
  std::size_t at_ = 0;
  bool any_ = false;
};

/// The columns with a loan's first and last band, where a CSV has them.
struct BandColumns {
  std::optional<std::size_t> first, last;

  BandColumns(const CsvTable& table, const LegColumns& columns, Diagnostics& diagnostics) {
    if (!columns.first_band && !columns.last_band) return;
    first = table.need(columns.first_band.value_or("first_band"), "the first band", diagnostics);
    last = table.need(columns.last_band.value_or("last_band"), "the last band", diagnostics);
  }
  /// Reads them of one account; reports what no loan can lie in.
  void read(const CsvTable& table, std::size_t row, RowMaker& maker,
            Diagnostics& diagnostics) const {
    if (!first || !last) return;
    const auto low = table.number(row, *first), high = table.number(row, *last);
    const bool good = low && high && is_band_range(*low, *high);
    if (good) return maker.bands(static_cast<long>(*low), static_cast<long>(*high));
    diagnostics.error("E0583", table.span(row, *first),
                      "a loan lies in up to 50 bands, named by whole numbers",
                      "write the first, highest band and the last");
  }
  static bool is_band_range(double low, double high) {
    return low == std::floor(low) && high == std::floor(high) && std::fabs(low) <= 5000 &&
           high >= low && high - low < 50;
  }
};

void read_legs(const CsvTable& table, const CsvSpec& spec, const BorrowersPlace& where,
               RowMaker& maker, Diagnostics& diagnostics) {
  const auto account = table.need(spec.columns.account, "the account", diagnostics);
  const auto side = table.need(spec.columns.side, "the side", diagnostics);
  const auto asset = table.need(spec.columns.asset, "the asset", diagnostics);
  const auto amount = table.need(spec.columns.amount, "the amount", diagnostics);
  const auto marked = spec.columns.marked ? table.column(*spec.columns.marked) : std::nullopt;
  const EmodeColumn emode(table, spec, diagnostics);
  if (!account || !side || !asset || !amount) return;
  const BandColumns bands(table, spec.columns, diagnostics);
  std::string_view current;
  bool any = false;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string_view name = table.text(row, *account);
    if (!any || name != current) {
      if (any) finish_account(maker, where, spec.matching);
      maker.begin(std::string(name));
      emode.note(row, maker);
      bands.read(table, row, maker, diagnostics);
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
    if (units > 0 || where.on_bands) {  // a loan may be coins alone, and say what of
      maker.leg(renamed(spec, table.text(row, *asset)), static_cast<std::uint8_t>(kind), units,
                is_marked);
    }
  }
  if (any) finish_account(maker, where, spec.matching);
}

void read_accounts(const CsvTable& table, const CsvSpec& spec, const BorrowersPlace& where,
                   RowMaker& maker, Diagnostics& diagnostics) {
  const auto account = table.column(spec.columns.account);
  const EmodeColumn emode(table, spec, diagnostics);
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
  const BandColumns bands(table, spec.columns, diagnostics);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    maker.begin(account ? std::string(table.text(row, *account)) : std::to_string(row + 1));
    emode.note(row, maker);
    bands.read(table, row, maker, diagnostics);
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
    if (account.first_band && account.last_band) {
      maker.bands(*account.first_band, *account.last_band);
    }
    if (account.first_band.has_value() != account.last_band.has_value() ||
        (account.first_band &&
         !BandColumns::is_band_range(static_cast<double>(*account.first_band),
                                     static_cast<double>(*account.last_band)))) {
      context.reading.error("E0583", node.items[i].span, "a loan lies in one to 50 bands",
                            "write `first_band` and `last_band`, or neither");
    }
    for (const Amount& a : account.posts) {
      if (a.unit == "$") {
        context.reading.error("E0613", node.items[i].span, "accounts hold units, not dollars",
                              "write `10 ETH`");
      }
      maker.leg(a.unit, 0, a.value, false);
    }
    for (const Amount& a : account.owes) maker.leg(a.unit, 1, a.value, false);
    if (account.emode) maker.in_emode(*account.emode);
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
    if (read_fields(node, spec, where.path, {"borrowers", where.market, ""}, context) &&
        owes_units(spec, node, context)) {
      market.groups.push_back(to_group("borrowers", spec, node, node.span));
    }
    return;
  }
  for (const Entry& entry : node.entries) {
    GroupSpec spec;
    if (read_fields(entry.value, spec, where.path + "." + entry.key,
                    {"group", entry.key, "'" + where.market + "'"}, context) &&
        owes_units(spec, entry.value, context)) {
      market.groups.push_back(to_group(entry.key, spec, entry.value, entry.key_span));
    }
  }
}

}  // namespace faultline
