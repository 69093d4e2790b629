#include "data/sweep_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "data/canonical_yaml.hpp"
#include "data/csv.hpp"
#include "data/overlay.hpp"
#include "data/positions_file.hpp"

namespace faultline {

namespace {

constexpr std::array<std::string_view, 5> top_keys{"faultline", "name", "about", "scenario",
                                                   "sweep"};
constexpr std::array<std::string_view, 1> sweep_keys{"rank_correlation"};
constexpr std::array<std::string_view, 1> paths_keys{"assets"};

class SweepReader {
 public:
  SweepReader(const Node& root, std::string folder, const Ecosystem& eco, Reading& reading)
      : root_(root), folder_(std::move(folder)), reading_(reading), context_(reading) {
    for (const auto& a : eco.assets) {
      const bool dollars = a.spec.price && a.spec.price->unit == "$";
      context_.names[Refers::asset].insert(a.name);
      context_.assets.push_back({a.name, dollars ? a.spec.price->value : 0});
    }
  }

  SweepFile read() {
    if (!root_.is_map()) {
      if (!reading_.diagnostics.failed()) {
        reading_.error("E0200", root_.span, "a sweep file is a map", "begin with `faultline: 1`");
      }
      return std::move(out_);
    }
    check_top();
    if (const Node* name = root_.find("name")) out_.name = name->text;
    if (const Entry* scenario = root_.entry("scenario")) {
      out_.scenario = scenario->value.text;
      context_.places["scenario"] = {scenario->key_span, scenario->value.span};
    }
    if (const Entry* sweep = root_.entry("sweep")) {
      context_.places["sweep"] = {sweep->key_span, sweep->key_span};
      read_sweep(sweep->value);
    } else {
      reading_.error("E0204", root_.span, "the file does not say its 'sweep'",
                     "add `sweep: {draws: 1000, vary: {...}}`");
    }
    out_.resolved = canonical_yaml(root_);
    for (auto& [path, place] : context_.places) out_.places.emplace(path, place);
    return std::move(out_);
  }

 private:
  void check_top() {
    for (const Entry& entry : root_.entries) {
      if (std::find(top_keys.begin(), top_keys.end(), entry.key) != top_keys.end()) continue;
      const std::string near = nearest_name(entry.key, top_keys);
      reading_.error("E0203", entry.key_span, "unknown section '" + entry.key + "' in a sweep",
                     near.empty() ? "a sweep file has name, about, scenario and sweep"
                                  : "did you mean '" + near + "'?");
    }
    const Entry* version = root_.entry("faultline");
    if (version == nullptr) {
      reading_.error("E0202", root_.span, "the version of the language is missing",
                     "begin with `faultline: 1`");
    } else if (version->value.text != "1") {
      reading_.error("E0202", version->value.span,
                     "version '" + version->value.text + "' of the language is not known",
                     "write `faultline: 1`");
    }
  }

  void read_sweep(const Node& sweep) {
    // Paths are read apart: their assets may be a list or a map of names.
    Node without = sweep;
    std::erase_if(without.entries, [](const Entry& e) { return e.key == "paths"; });
    read_fields(without, out_.spec, "sweep", {"", "sweep", ""}, context_, sweep_keys);
    if (const Entry* pairs = sweep.entry("rank_correlation")) read_correlations(pairs->value);
    if (const Entry* paths = sweep.entry("paths")) {
      context_.places["sweep.paths"] = {paths->key_span, paths->key_span};
      read_paths(paths->value);
    }
  }

  void read_correlations(const Node& list) {
    const auto complain = [&](const Node& at) {
      reading_.error("E0201", at.span, "a rank correlation is two inputs and a number",
                     "write `- [eth, discount, -0.7]`");
    };
    if (!list.is_list()) return complain(list);
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const Node& item = list.items[i];
      context_.places[fmt::format("sweep.rank_correlation.{}", i + 1)] = {item.span, item.span};
      double rho = 0;
      if (!item.is_list() || item.items.size() != 3) {
        complain(item);
        continue;
      }
      const auto error = parse_value(item.items[2].text, rho,
                                     Wanted{.field = "rank_correlation", .lo = -1, .hi = 1});
      if (error) reading_.error(error->code, item.items[2].span, error->message, error->remedy);
      out_.correlations.push_back({item.items[0].text, item.items[1].text, rho});
    }
  }

  /// Names of assets, each with its name in the covariance file.
  std::map<std::string, std::string> path_assets(const Node& paths) {
    std::map<std::string, std::string> out;
    const Entry* assets = paths.entry("assets");
    if (assets == nullptr) {
      reading_.error("E0204", paths.span, "'paths' does not say its 'assets'",
                     "add `assets: [ETH]`, or `assets: {stETH: wstETH}` to map names");
      return out;
    }
    const auto add = [&](const std::string& name, const std::string& column, Span at) {
      if (context_.names[Refers::asset].count(name) == 0) {
        std::vector<std::string_view> known;
        for (const AssetHint& a : context_.assets) known.push_back(a.name);
        const std::string near = suggest(name, known);
        reading_.error(
            "E0330", at, "no asset '" + name + "'",
            near.empty() ? "name an asset of the ecosystem" : "did you mean '" + near + "'?");
        return;
      }
      out[name] = column;
    };
    const Node& value = assets->value;
    if (value.is_scalar()) add(value.text, value.text, value.span);
    for (const Node& item : value.items) add(item.text, item.text, item.span);
    for (const Entry& e : value.entries) add(e.key, e.value.text, e.key_span);
    return out;
  }

  void read_paths(const Node& node) {
    out_.spec.paths.emplace();
    PathsSpec& spec = *out_.spec.paths;
    const bool good =
        read_fields(node, spec, "sweep.paths", {"", "paths", "'sweep'"}, context_, paths_keys);
    const std::map<std::string, std::string> assets = path_assets(node);
    if (!good || assets.empty()) return;
    PathModel model;
    for (const auto& [name, column] : assets) {
      model.assets.push_back(name);
      const auto growth = spec.growth.find(name);
      model.growth_per_year.push_back(growth == spec.growth.end() ? 0 : growth->second.value);
    }
    model.dof = spec.dof.value_or(0);
    model.fine_step_s = spec.step.value;
    if (!read_covariance(spec, assets, model)) return;
    read_jumps(spec, model);
    if (const std::string error = path_error(model); !error.empty()) {
      reading_.error("E0630", context_.at("sweep.paths"), error, "change the model of the paths");
      return;
    }
    out_.paths = std::move(model);
  }

  bool read_covariance(const PathsSpec& spec, const std::map<std::string, std::string>& assets,
                       PathModel& model) {
    const Span at = context_.at("sweep.paths.covariance");
    const std::string path = data_path(spec.covariance, folder_, at, reading_);
    if (path.empty()) return false;
    Diagnostics& d = reading_.diagnostics;
    const CsvTable csv = read_csv(path, spec.covariance, at, d, reading_.sources);
    out_.data_files.push_back({spec.covariance, hash_file(path)});
    const auto ci = csv.need("asset_i", "one asset", d), cj = csv.need("asset_j", "the other", d),
               cc = csv.need("cov_per_year", "their covariance per year", d);
    if (!ci || !cj || !cc) return false;
    const std::vector<double> values = csv.numbers(*cc, d);
    std::map<std::pair<std::string, std::string>, double> known;
    for (std::size_t row = 0; row < csv.rows(); ++row) {
      const std::string i(csv.text(row, *ci)), j(csv.text(row, *cj));
      known[{i, j}] = known[{j, i}] = values[row];
    }
    const double scale = spec.volatility.value * spec.volatility.value;
    bool whole = true;
    for (const auto& [a, column_a] : assets) {
      for (const auto& [b, column_b] : assets) {
        const auto found = known.find({column_a, column_b});
        if (found == known.end()) {
          reading_.error("E0631", at,
                         fmt::format("'{}' has no covariance of {} and {}", spec.covariance,
                                     column_a, column_b),
                         "map the asset to a name of the file: `assets: {" + a + ": NAME}`");
          whole = false;
          break;
        }
        model.covariance_per_year.push_back(found->second * scale);
      }
    }
    return whole;
  }

  static void read_jumps(const PathsSpec& spec, PathModel& model) {
    for (const auto& [name, jump] : spec.jumps) {
      JumpModel out;
      out.name = name;
      out.per_year = jump.per_year;
      for (const std::string& asset : model.assets) {
        const auto mean = jump.mean.find(asset), sd = jump.sd.find(asset);
        out.mean_log.push_back(mean == jump.mean.end() ? 0 : mean->second.value);
        out.sd_log.push_back(sd == jump.sd.end() ? 0 : sd->second.value);
      }
      model.jumps.push_back(std::move(out));
    }
  }

  const Node& root_;
  std::string folder_;
  Reading& reading_;
  ReadContext context_;
  SweepFile out_;
};

}  // namespace

Span SweepFile::at(const std::string& path) const {
  std::string up = path;
  while (true) {
    const auto found = places.find(up);
    if (found != places.end()) {
      return found->second.value.line != 0 ? found->second.value : found->second.key;
    }
    const std::size_t dot = up.rfind('.');
    if (dot == std::string::npos) return Span{};
    up.resize(dot);
  }
}

SweepFile load_sweep(const std::string& path, const Ecosystem& eco, Reading& reading) {
  const Node root = load_tree(path, path, default_sections(), reading);
  return SweepReader(root, std::filesystem::path(path).parent_path().string(), eco, reading).read();
}

SweepFile load_sweep_text(const std::string& shown, const std::string& text,
                          const std::string& folder, const Ecosystem& eco, Reading& reading) {
  const Node root = load_tree_text(shown, text, default_sections(), reading);
  return SweepReader(root, folder, eco, reading).read();
}

}  // namespace faultline
