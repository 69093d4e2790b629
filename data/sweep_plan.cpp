#include "data/sweep_plan.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/math.hpp"
#include "data/parameter_paths.hpp"
#include "data/units.hpp"
#include "sim/agents/depositors.hpp"
#include "sim/compile/scenario.hpp"

namespace faultline {

namespace {

constexpr double rare = 1e-9;        // a law may not go where it has no meaning more often
constexpr double early_share = 0.9;  // of the horizon, see SweepWorld::early

/// What a drawn number is counted in.
enum class Unit { share, seconds, usd, per_year, number, word };

Unit unit_of(const std::string& name) {
  return name == "ratio"      ? Unit::share
         : name == "seconds"  ? Unit::seconds
         : name == "$"        ? Unit::usd
         : name == "per year" ? Unit::per_year
         : name == "word"     ? Unit::word
                              : Unit::number;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

class Planner {
 public:
  Planner(const SweepFile& file, const LoadedEcosystem& loaded, Snapshot base,
          std::deque<FollowedPath>& followed, Diagnostics& diagnostics)
      : file_(file),
        eco_(loaded.eco),
        loaded_(loaded),
        base_(std::make_unique<Snapshot>(std::move(base))),
        view_(base_.get()),
        followed_(followed),
        d_(diagnostics) {}

  SweepPlan plan() {
    plan_.name = file_.name;
    plan_.seed = static_cast<std::uint64_t>(file_.spec.seed);
    plan_.direct = file_.spec.direct;
    choose_scenario();
    read_inputs();
    read_paths();
    plan_draws();
    SweepWorld first;
    fill_world(base(), first, d_);
    check_conflicts(first);
    check_shock(first);
    read_limits();
    if (d_.failed()) return std::move(plan_);
    make_worlds(std::move(first));
    if (d_.failed()) return std::move(plan_);
    choose_focus();
    describe();
    return std::move(plan_);
  }

 private:
  /// One input as far as it is the same in all worlds.
  struct Drawn {
    std::string name;
    const VarySpec* spec = nullptr;
    std::string verb;  // "price", "discount", "set", "withdraw"
    Unit unit = Unit::share;
    std::vector<std::string> words{};  // Unit::word: the values stand for their places
  };

  const Snapshot& base() const { return *view_; }
  Span at(const std::string& path) const { return file_.at(path); }
  Span at_input(const std::string& name, const std::string& field = {}) const {
    return at("sweep.vary." + name + (field.empty() ? "" : "." + field));
  }

  // ---- the scenario beneath the draws ----------------------------------------------------------

  void choose_scenario() {
    std::string name = file_.scenario.value_or(eco_.default_scenario);
    if (!file_.scenario && name.empty() && eco_.scenarios.size() > 1) {
      d_.error("E0211", at("sweep"),
               fmt::format("{} scenarios and no default: which one do the draws run on?",
                           eco_.scenarios.size()),
               "write `scenario: NAME`, or `scenario: none`");
      return;
    }
    if (name.empty()) name = "none";
    if (name == "none") return;
    plan_.scenario_named = true;
    std::vector<std::string_view> names{"none"};
    for (const ScenarioSpec& s : eco_.scenarios) {
      if (s.name == name) scenario_ = &s;
      names.push_back(s.name);
    }
    if (scenario_ != nullptr) return;
    const std::string near = nearest_name(name, names);
    d_.error(
        "E0211", at("scenario"), "no scenario '" + name + "'",
        near.empty() ? "name one of the ecosystem's, or none" : "did you mean '" + near + "'?");
  }

  // ---- values and laws -------------------------------------------------------------------------

  bool accept(const std::optional<ValueError>& error, Span where) {
    if (error) d_.error(error->code, where, error->message, error->remedy);
    return !error;
  }

  /// A text in the unit of its input, in SI.
  std::optional<double> number(const AnyText& text, Unit unit, const std::string& field,
                               Span where) {
    const Wanted wanted{.field = field};
    switch (unit) {
      case Unit::share: {
        Ratio out;
        if (!accept(parse_value(text.text, out, wanted), where)) return std::nullopt;
        return out.value;
      }
      case Unit::seconds: {
        Seconds out;
        if (!accept(parse_value(text.text, out, wanted), where)) return std::nullopt;
        return out.value;
      }
      case Unit::per_year: {
        PerYear out;
        if (!accept(parse_value(text.text, out, wanted), where)) return std::nullopt;
        return out.value;
      }
      case Unit::number: {
        double out = 0;
        if (!accept(parse_value(text.text, out, wanted), where)) return std::nullopt;
        return out;
      }
      case Unit::usd:
      case Unit::word:
        break;
    }
    return dollars(text, wanted, where);
  }

  std::optional<double> dollars(const AnyText& text, const Wanted& wanted, Span where) {
    Amount out;
    if (!accept(parse_value(text.text, out, wanted), where)) return std::nullopt;
    if (out.unit == "$") return out.value;
    const AssetId a = base().asset(out.unit);
    if (a.valid()) return out.value * base().opening.market.reference[a.value];
    d_.error("E0330", where, "no asset '" + out.unit + "'", "write it in dollars: $40m");
    return std::nullopt;
  }

  std::optional<double> optional_number(const std::optional<AnyText>& text, const Drawn& input,
                                        const std::string& field) {
    if (!text) return 0.0;
    return number(*text, input.unit, field, at_input(input.name, field));
  }

  /// A stated value of a price: a move as events write it, as a log-change.
  std::optional<double> price_move(const AnyText& text, AssetId asset, Span where) {
    Move move;
    if (!accept(parse_value(text.text, move, Wanted{.field = "values"}), where))
      return std::nullopt;
    const double ratio =
        move.absolute ? move.value / base().opening.market.reference[asset.value] : 1 + move.value;
    if (ratio > 0) return math::log(ratio);
    d_.error("E0463", where, "a price cannot fall by 100% or more",
             "write a smaller fall, or a level such as $0.01");
    return std::nullopt;
  }

  /// The place of a word among those its field may hold.
  std::optional<double> word(const AnyText& text, const Drawn& input, Span where) {
    const auto found = std::find(input.words.begin(), input.words.end(), text.text);
    if (found != input.words.end()) return static_cast<double>(found - input.words.begin());
    d_.error("E0472", where, fmt::format("'{}' is not a word of '{}'", text.text, input.name),
             fmt::format("write one of {}", fmt::join(input.words, ", ")));
    return std::nullopt;
  }

  std::optional<Law> stated_values(const Drawn& input) {
    Fixed law;
    for (std::size_t i = 0; i < input.spec->values.size(); ++i) {
      const Span where = at_input(input.name, fmt::format("values.{}", i + 1));
      const AnyText& text = input.spec->values[i];
      const auto value = input.unit == Unit::word ? word(text, input, where)
                         : input.verb == "price"
                             ? price_move(text, base().asset(input.spec->price->text), where)
                             : number(text, input.unit, "values", where);
      if (!value) return std::nullopt;
      law.values.push_back(*value);
    }
    return law;
  }

  std::optional<Law> lognormal(const Drawn& input) {
    const LognormalSpec& spec = *input.spec->lognormal;
    const auto median =
        number(spec.median, input.unit, "median", at_input(input.name, "lognormal.median"));
    std::optional<StatedQuantile> other;
    int stated = 0;
    const auto take = [&](const std::optional<AnyText>& text, const char* field, double p) {
      if (!text) return;
      ++stated;
      const auto value =
          number(*text, input.unit, field, at_input(input.name, std::string("lognormal.") + field));
      if (value) other = {p, *value};
    };
    take(spec.p1, "p1", 0.01);
    take(spec.p5, "p5", 0.05);
    take(spec.p95, "p95", 0.95);
    take(spec.p99, "p99", 0.99);
    const Span where = at_input(input.name, "lognormal");
    if (stated != 1) {
      d_.error("E0640", where,
               fmt::format("a lognormal law takes its median and one quantile, '{}' has {}",
                           input.name, stated),
               "write one of p1, p5, p95, p99 beside the median");
      return std::nullopt;
    }
    if (!median || !other) return std::nullopt;
    const auto law = lognormal_through({0.5, *median}, *other);
    if (!law) {
      d_.error("E0640", where,
               "both values of a lognormal law are above zero, and quantiles rise with their share",
               other->p < 0.5 ? "p1 and p5 lie below the median" : "p95 and p99 lie above it");
      return std::nullopt;
    }
    return *law;
  }

  std::optional<Law> law_of(const Drawn& input) {
    const VarySpec& s = *input.spec;
    const int laws = s.normal.has_value() + s.student_t.has_value() + s.lognormal.has_value() +
                     s.uniform.has_value() + !s.values.empty();
    if (laws != 1) {
      d_.error("E0641", at_input(input.name),
               laws == 0 ? "'" + input.name + "' does not say how it is drawn"
                         : "'" + input.name + "' is drawn in more than one way",
               "write one of normal, student_t, lognormal, uniform, values");
      return std::nullopt;
    }
    if (s.lognormal) return lognormal(input);
    if (!s.values.empty()) return stated_values(input);
    if (s.uniform) {
      const auto lo = number(s.uniform->lo, input.unit, "lo", at_input(input.name, "uniform.lo"));
      const auto hi = number(s.uniform->hi, input.unit, "hi", at_input(input.name, "uniform.hi"));
      if (!lo || !hi) return std::nullopt;
      return Uniform{*lo, *hi};
    }
    const std::string field = s.normal ? "normal" : "student_t";
    const auto mean =
        optional_number(s.normal ? s.normal->mean : s.student_t->mean, input, field + ".mean");
    const auto sd = number(s.normal ? s.normal->sd : s.student_t->sd, input.unit, "sd",
                           at_input(input.name, field + ".sd"));
    if (!mean || !sd) return std::nullopt;
    if (s.normal) return Normal{*mean, *sd};
    return StudentT{*mean, *sd, s.student_t->dof};
  }

  std::optional<Between> between_of(const Drawn& input, bool& good) {
    const std::vector<AnyText>& ends = input.spec->between;
    if (ends.empty()) return std::nullopt;
    const Span where = at_input(input.name, "between");
    if (ends.size() != 2) {
      d_.error("E0642", where, "'between' takes two values", "write `between: [LO, HI]`");
      good = false;
      return std::nullopt;
    }
    const auto lo = number(ends[0], input.unit, "between", where);
    const auto hi = number(ends[1], input.unit, "between", where);
    good = good && lo && hi;
    return Between{lo.value_or(0), hi.value_or(0)};
  }

  /// Where a drawn value would mean nothing: below zero, or (stated) a share above one.
  void check_range(const Drawn& input, const Input& drawn) {
    if (input.verb == "price" || input.unit == Unit::number || input.unit == Unit::word) return;
    const Fixed* fixed = std::get_if<Fixed>(&drawn.law);
    const double least = fixed != nullptr
                             ? *std::min_element(fixed->values.begin(), fixed->values.end())
                             : quantile(drawn.law, rare, drawn.between);
    if (least < 0) {
      d_.error("E0643", at_input(input.name),
               "'" + input.name + "' may be drawn below zero, where it means nothing",
               fixed != nullptr ? "state values from 0 up"
                                : "take a lognormal or uniform law, or add `between: [0, ...]`");
      return;
    }
    if (fixed == nullptr || input.verb == "set") return;
    if (*std::max_element(fixed->values.begin(), fixed->values.end()) > 1) {
      d_.error("E0643", at_input(input.name, "values"),
               "'" + input.name + "' states a share above 100%", "shares end at 100%");
    }
  }

  // ---- inputs ----------------------------------------------------------------------------------

  /// Which of the verbs an input has; reports none and several.
  std::string verb_of(const std::string& name, const VarySpec& s) {
    std::vector<std::string> verbs;
    if (s.price) verbs.push_back("price");
    if (s.discount) verbs.push_back("discount");
    if (s.set) verbs.push_back("set");
    if (s.withdraw) verbs.push_back("withdraw");
    if (!s.book_scale.empty()) verbs.push_back("book_scale");
    if (verbs.size() == 1) return verbs[0];
    d_.error("E0644", at_input(name),
             verbs.empty() ? "'" + name + "' says nothing that varies"
                           : "'" + name + "' varies several things at once",
             "write one of price, discount, set, withdraw, book_scale");
    return {};
  }

  std::optional<Unit> unit_of_input(const std::string& verb, const std::string& name,
                                    const VarySpec& s, std::vector<std::string>& words) {
    if (verb != "set") return Unit::share;
    const auto found = find_parameters(*s.set, eco_, base(), d_, at_input(name, "set"));
    for (const Parameter& p : found) {
      if (p.unit == found[0].unit) continue;
      d_.error(
          "E0645", at_input(name, "set"),
          fmt::format("'{}' is in {}, '{}' in {}", found[0].path, found[0].unit, p.path, p.unit),
          "vary them one by one");
      break;
    }
    if (found.empty()) return std::nullopt;
    words = found[0].words;
    if (!words.empty() && s.values.empty()) {
      d_.error("E0648", at_input(name), "'" + name + "' is a word, not a number to be drawn",
               fmt::format("list `values:` out of {}", fmt::join(words, ", ")));
      return std::nullopt;
    }
    return unit_of(found[0].unit);
  }

  void read_inputs() {
    std::set<std::string> taken{"id", "status", "stop", "node", "book_scale"};
    for (const auto& [name, spec] : file_.spec.vary) {
      const std::string verb = verb_of(name, spec);
      if (verb.empty()) continue;
      if (verb == "book_scale") {
        read_scales(name, spec);
        continue;
      }
      if (!taken.insert(lower(name)).second || name.starts_with("low ")) {
        d_.error("E0646", at_input(name), "'" + name + "' is a column of every results file",
                 "give the input another name");
        continue;
      }
      std::vector<std::string> words;
      const auto unit = unit_of_input(verb, name, spec, words);
      if (!unit) continue;
      const Drawn input{name, &spec, verb, *unit, words};
      const auto law = law_of(input);
      bool good = law.has_value();
      const auto between = between_of(input, good);
      if (!good) continue;
      const Input drawn{name, *law, between};
      if (const std::string error = law_error(drawn.law, between); !error.empty()) {
        d_.error("E0647", at_input(name), "'" + name + "': " + error, "change its law");
        continue;
      }
      check_range(input, drawn);
      plan_.sampling.inputs.push_back(drawn);
      if (!words.empty()) plan_.words[name] = words;
      drawn_.push_back(input);
    }
  }

  void read_scales(const std::string& name, const VarySpec& spec) {
    if (plan_.over_book_scale) {
      d_.error("E0644", at_input(name), "books can be scaled once", "keep one `book_scale`");
      return;
    }
    plan_.over_book_scale = true;
    if (!plan_.direct) {
      d_.error("E0655", file_.at("sweep.direct"), "a sweep over `book_scale` needs its direct runs",
               "leave `direct: off` out");
    }
    for (std::size_t i = 0; i < spec.book_scale.size(); ++i) {
      const Span where = at_input(name, fmt::format("book_scale.{}", i + 1));
      const std::string& text = spec.book_scale[i].text;
      double scale = 0;
      Ratio times;
      const Wanted wanted{.field = "book_scale", .lo = 1e-6, .hi = 1e6};
      if (!text.empty() && text.back() == 'x') {
        if (!accept(parse_value(text, times, wanted), where)) continue;
        scale = times.value;
      } else if (!accept(parse_value(text, scale, wanted), where)) {
        continue;
      }
      scales_.push_back(scale);
    }
    std::sort(scales_.begin(), scales_.end());
    scales_.erase(std::unique(scales_.begin(), scales_.end()), scales_.end());
  }

  void read_paths() {
    if (!file_.paths) return;
    SweepPaths paths;
    paths.model = *file_.paths;
    for (const std::string& name : paths.model.assets) {
      const AssetId a = base().asset(name);
      paths.assets.push_back(a);
      if (base().assets[a.value].base.valid()) {
        const std::string& of = base().assets[base().assets[a.value].base.value].name;
        d_.error("E0461", at("sweep.paths"), name + " is a claim on " + of + ": it has no path",
                 "let " + of + " follow the path");
      } else if (std::isnan(base().opening.market.reference[a.value])) {
        d_.error("E0462", at("sweep.paths"), name + " has no price to move", "give it a price");
      }
    }
    plan_.paths = std::move(paths);
  }

  // ---- draws -----------------------------------------------------------------------------------

  /// A sentence of plan_errors at the place it speaks of.
  void report_plan_error(const std::string& error) {
    for (const auto& [path, place] : file_.places) {  // an input that was not understood is no news
      if (!path.starts_with("sweep.vary.") || path.find('.', 11) != std::string::npos) continue;
      if (error.find("names '" + path.substr(11) + "'") != std::string::npos) return;
    }
    Span where = at("sweep");
    if (error.starts_with("'")) {
      where = at_input(error.substr(1, error.find('\'', 1) - 1));
    } else if (error.find("rank_correlation") != std::string::npos ||
               error.find("cannot hold together") != std::string::npos) {
      where = at("sweep.rank_correlation");
      for (std::size_t i = file_.correlations.size(); i-- > 0;) {
        const RankCorrelation& pair = file_.correlations[i];
        const bool named = error.find("'" + pair.a + "'") != std::string::npos ||
                           error.find("'" + pair.b + "'") != std::string::npos ||
                           error.find(pair.a + ", " + pair.b) != std::string::npos;
        if (named) where = at(fmt::format("sweep.rank_correlation.{}", i + 1));
      }
    }
    const std::size_t remedy = error.find("; nearest possible: ");
    if (remedy == std::string::npos) {
      d_.error("E0648", where, error, "");
    } else {
      d_.error("E0649", where, error.substr(0, remedy), error.substr(remedy + 2));
    }
  }

  void plan_draws() {
    SamplingPlan& s = plan_.sampling;
    const std::string& sampler = file_.spec.sampler;
    for (const SamplerKind kind : {SamplerKind::random, SamplerKind::latin_hypercube,
                                   SamplerKind::sobol, SamplerKind::grid, SamplerKind::list}) {
      if (sampler_name(kind) == sampler) s.kind = kind;
    }
    s.seed = plan_.seed;
    s.draws = static_cast<std::uint64_t>(file_.spec.draws.value_or(0));
    s.correlations = file_.correlations;
    const bool enumerates = s.kind == SamplerKind::grid || s.kind == SamplerKind::list;
    const std::size_t scale_inputs = plan_.over_book_scale ? 1 : 0;
    const bool drawn = file_.spec.vary.size() > scale_inputs || file_.spec.paths || d_.failed();
    if (!drawn && !plan_.over_book_scale) {
      d_.error("E0648", at("sweep"), "nothing varies", "add inputs under `vary`, or `paths`");
      return;
    }
    if (!drawn) {
      if (s.draws > 1) {
        d_.warning("W0653", at("sweep.draws"), "nothing is random: each scale runs once",
                   "leave 'draws' out, or vary something");
      }
      plan_.draws = 1;
      return;
    }
    if (!file_.spec.draws && (!enumerates || file_.spec.vary.size() == scale_inputs) &&
        at("sweep").line != 0) {
      d_.error("E0204", at("sweep"), "'sweep' does not say its 'draws'", "add `draws: 1000`");
      s.draws = 1;
    }
    plan_.draws = s.draws;
    if (s.inputs.empty()) return;
    const std::vector<std::string> errors = plan_errors(s);
    for (const std::string& error : errors) report_plan_error(error);
    if (errors.empty()) plan_.draws = s.draws = Sampler(s).draws();
  }

  // ---- worlds ----------------------------------------------------------------------------------

  std::unique_ptr<const Snapshot> compile_scaled(double scale, double horizon_share) {
    Ecosystem eco = eco_;
    eco.book_scale = scale;
    eco.clock.horizon.value *= horizon_share;
    Diagnostics found;
    auto world = std::make_unique<Snapshot>(compile(eco, found, loaded_.spans()));
    for (const Diagnostic& x : found.sorted()) {
      if (x.severity != Severity::error) continue;
      d_.error(x.code, x.at, fmt::format("at book_scale {}: {}", scale, x.message), x.remedy);
    }
    return world;
  }

  void make_worlds(SweepWorld first) {
    if (!plan_.over_book_scale) {
      first.world = std::move(base_);
      plan_.worlds.push_back(std::move(first));
      return;
    }
    for (const double scale : scales_) {
      SweepWorld& out = plan_.worlds.emplace_back();
      out.book_scale = scale;
      out.world = compile_scaled(scale, 1);
      out.early = compile_scaled(scale, early_share);
      Diagnostics repeated;  // what is wrong in one world is wrong in all, and was said
      if (!d_.failed()) fill_world(*out.world, out, repeated);
    }
  }

  void asset_target(const Snapshot& world, const Drawn& input, const std::string& asset, bool claim,
                    DrawAction& out, Diagnostics& d) {
    const AssetId a = world.asset(asset);
    const AssetInfo& info = world.assets[a.value];
    const Span where = at_input(input.name, input.verb);
    if (claim && !info.base.valid()) {
      d.error("E0468", where, asset + " is no claim: it has no contract rate",
              "vary its price: `price: " + asset + "`");
    } else if (!claim && info.base.valid()) {
      const std::string& base = world.assets[info.base.value].name;
      d.error("E0461", where,
              fmt::format("{} is a claim on {}: which of its values moves?", asset, base),
              fmt::format("vary `discount: {}` (market only), or `price: {}`", asset, base));
    } else if (!claim && std::isnan(world.opening.market.reference[a.value])) {
      d.error("E0462", where, asset + " has no price to move", "give it a price");
    }
    out.targets.push_back(a.value);
  }

  void withdrawal_targets(const Snapshot& world, const Drawn& input, DrawAction& out,
                          Diagnostics& d) {
    const std::string& who = *input.spec->withdraw;
    out.move = MoveKind::deposits;
    out.targets = places_named(world, who);
    if (!out.targets.empty()) return;
    out.move = MoveKind::withdraw;
    std::vector<std::string_view> names{"lps", "depositors"};
    for (const Market& m : world.markets) names.push_back(m.name);
    for (const CuratedVaultInfo& v : world.vaults) names.push_back(v.name);
    for (std::uint32_t v = 0; v < world.venues.size(); ++v) {
      const VenueInfo& venue = world.venues[v];
      if (venue.leaves()) continue;
      names.push_back(venue.name);
      const bool named = venue.name == who || venue.cluster == who;
      if (named || (who == "lps" && !venue.is_outside)) out.targets.push_back(v);
    }
    if (!out.targets.empty()) return;
    const std::string near = nearest_name(who, names);
    d.error("E0465", at_input(input.name, "withdraw"),
            "no venue and no market '" + who + "' to withdraw from",
            near.empty() ? "name a venue, a market, a family of them, lps, or depositors"
                         : "did you mean '" + near + "'?");
  }

  static Reads reads_of(const SettingChange& change, const std::string& path) {
    using What = SettingChange::What;
    const std::string field = path.substr(path.rfind('.') + 1);
    const bool timing = field == "latency" || field == "heartbeat" || field == "deviation";
    if (change.what == What::liquidator_capital) return Reads::with_orders;
    if (change.what == What::liquidator_gas) return Reads::with_breaches;
    if (change.what == What::feed && timing) return Reads::with_changes;
    return Reads::always;
  }

  void settings_of(const Snapshot& world, const Drawn& input, DrawAction& out, Diagnostics& d) {
    const Span where = at_input(input.name, "set");
    for (const Parameter& p : find_parameters(*input.spec->set, eco_, world, d, where)) {
      const Reads reads = reads_of(p.at_number(0), p.path);
      out.reads = out.settings.empty() || reads == out.reads ? reads : Reads::always;
      out.settings.push_back(p.at_number);
    }
  }

  /// The named scenario and every input's action in one world.
  void fill_world(const Snapshot& world, SweepWorld& out, Diagnostics& d) {
    if (scenario_ != nullptr) {
      out.scenario =
          compile_scenario(world, *scenario_, set_resolver(eco_, world, d), followed_, d);
    }
    out.scenario.name = scenario_ != nullptr ? scenario_->name : "none";
    for (const Drawn& input : drawn_) {
      DrawAction& action = out.actions.emplace_back();
      action.when = timing_of(*input.spec);
      if (input.verb == "price") {
        action.move = MoveKind::price;
        asset_target(world, input, input.spec->price->text, false, action, d);
      } else if (input.verb == "discount") {
        action.move = MoveKind::discount;
        asset_target(world, input, input.spec->discount->text, true, action, d);
      } else if (input.verb == "withdraw") {
        withdrawal_targets(world, input, action, d);
      } else {
        settings_of(world, input, action, d);
      }
    }
  }

  /// Two that set the same thing: the later one would silently win.
  void check_conflicts(const SweepWorld& at_world) {
    if (plan_.paths && at_world.scenario.path != nullptr) {
      d_.error("E0467", at("sweep.paths"),
               "the scenario follows a path already: '" + scenario_->name + "'",
               "draw paths on `scenario: none`, or leave them out");
    }
    std::map<std::string, std::string> holder;  // of a node the scenario sets, or of a parameter
    const auto claim = [&](const std::string& what, const std::string& who, Span where) {
      const auto [found, fresh] = holder.emplace(what, who);
      if (fresh || found->second == who) return;
      d_.error("E0650", where,
               fmt::format("{} and {} change the same thing: only the later would count",
                           found->second, who),
               "vary one of them");
    };
    const auto node = [](const SettingChange& s) {
      return fmt::format("{} {}", static_cast<int>(s.what), s.target);
    };
    const auto depth = [](std::uint32_t venue) { return fmt::format("depth {}", venue); };
    const auto lenders = [](std::uint32_t place) { return fmt::format("lenders {}", place); };
    for (const SettingChange& s : at_world.scenario.settings) claim(node(s), "the scenario", {});
    for (const ExogenousMove& m : at_world.scenario.moves) {
      if (m.kind == MoveKind::withdraw) claim(depth(m.target), "the scenario", {});
      if (m.kind == MoveKind::deposits) claim(lenders(m.target), "the scenario", {});
    }
    const auto by_scenario = holder;
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      const DrawAction& action = at_world.actions[i];
      const std::string who = "'" + drawn_[i].name + "'";
      const Span where = at_input(drawn_[i].name);
      if (!action.settings.empty()) {
        // Changes of two parameters of one node stand side by side.
        for (const Parameter& p : find_parameters(*drawn_[i].spec->set, eco_, base(), d_, where)) {
          const std::string of = node(p.at_number(0));
          claim(by_scenario.contains(of) ? of : p.path, who, where);
        }
      }
      for (const std::uint32_t v : action.targets) {
        if (action.move == MoveKind::withdraw) claim(depth(v), who, where);
        if (action.move == MoveKind::deposits) claim(lenders(v), who, where);
      }
    }
  }

  void check_shock(const SweepWorld& w) {
    const bool moves = plan_.paths || std::any_of(w.actions.begin(), w.actions.end(),
                                                  [](const DrawAction& a) { return a.move; });
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      const DrawAction& action = w.actions[i];
      if (!action.move || action.when.end_s <= base().horizon_s) continue;
      d_.warning("W0654", at_input(drawn_[i].name, "over"),
                 fmt::format("'{}' is in full force after {}, the clock ends at {}: results hold "
                             "only part of it",
                             drawn_[i].name, format_duration(action.when.end_s),
                             format_duration(base().horizon_s)),
                 "shorten `over`, or lengthen `clock.horizon`");
    }
    if (d_.failed() || !w.scenario.calm() || (!plan_.scenario_named && moves)) return;
    d_.warning("W0651", at("scenario"), "nothing shocks this sweep: every result is 0",
               "name a scenario, or vary a price");
  }

  // ---- what is asked ---------------------------------------------------------------------------

  void read_limits() {
    const Snapshot& world = base();
    for (std::size_t i = 0; i < file_.spec.limits.size(); ++i) {
      const LimitSpec& spec = file_.spec.limits[i];
      const std::string path = fmt::format("sweep.limits.{}", i + 1);
      SweepLimit out;
      int metrics = 0;
      const auto take = [&](const std::optional<std::string>& whom, LimitMetric metric) {
        if (!whom) return;
        ++metrics;
        out.metric = metric;
        out.whom = *whom;
      };
      take(spec.loss, LimitMetric::loss);
      take(spec.bad_debt, LimitMetric::bad_debt);
      take(spec.liquidated, LimitMetric::liquidated);
      take(spec.unserved, LimitMetric::unserved);
      take(spec.trapped, LimitMetric::trapped);
      take(spec.withdrawn, LimitMetric::withdrawn);
      if (metrics != 1) {
        d_.error("E0652", at(path), "a limit is on one thing",
                 "write one of loss, bad_debt, liquidated, unserved, trapped, withdrawn: "
                 "`{bad_debt: all, ...}`");
        continue;
      }
      std::vector<std::string_view> names{"all"};
      for (const Market& m : world.markets) {
        names.push_back(m.name);
        if (out.whom == "all" || m.name == out.whom || m.cluster == out.whom) {
          out.markets.push_back(m.name);
        }
      }
      for (const CuratedVaultInfo& v : world.vaults) {
        names.push_back(v.name);
        if (v.name == out.whom || v.cluster == out.whom) out.markets.push_back(v.name);
      }
      if (out.markets.empty()) {
        const std::string near = nearest_name(out.whom, names);
        d_.error("E0330", at(path), "no market or vault '" + out.whom + "' to hold to a limit",
                 near.empty() ? "name a market, a vault, a family of them, or all"
                              : "did you mean '" + near + "'?");
        continue;
      }
      const Span below = at(path + ".below");
      const std::string& text = spec.below.text;
      out.share_of_deposits = !text.empty() && (text.back() == '%' || text.ends_with("bps"));
      const auto value =
          number(spec.below, out.share_of_deposits ? Unit::share : Unit::usd, "below", below);
      if (!value) continue;
      out.below = *value;
      out.required = spec.in.value;
      out.below_text = text;
      out.in_text = format_value(spec.in);
      plan_.limits.push_back(std::move(out));
    }
  }

  void choose_focus() {
    const auto named = [&](const std::string& name) {
      return std::find(eco_.focus.begin(), eco_.focus.end(), name) != eco_.focus.end();
    };
    for (const Market& m : plan_.worlds[0].world->markets) {
      if (eco_.focus.empty() || named(m.name) || named(m.cluster)) plan_.focus.push_back(m.name);
    }
    for (const CuratedVaultInfo& v : plan_.worlds[0].world->vaults) {
      if (eco_.focus.empty() || named(v.name) || named(v.cluster)) plan_.focus.push_back(v.name);
    }
  }

  /// What identifies the sweep in its results file.
  void describe() {
    ResultsMeta& meta = plan_.meta;
    meta["version"] = FAULTLINE_VERSION;
    meta["ecosystem"] = loaded_.resolved;
    meta["sweep"] = file_.resolved;
    meta["seed"] = std::to_string(plan_.seed);
    meta["sampler"] = sampler_name(plan_.sampling.kind);
    meta["draws"] = std::to_string(plan_.draws);
    for (const DataFile& f : loaded_.data_files) meta["file " + f.path] = f.hash;
    for (const DataFile& f : file_.data_files) meta["file " + f.path] = f.hash;
    for (const Input& i : plan_.sampling.inputs) meta["law " + i.name] = law_text(i.law, i.between);
    if (!plan_.paths) return;
    const PathModel& m = plan_.paths->model;
    std::string names;
    for (const std::string& a : m.assets) names += (names.empty() ? "" : ", ") + a;
    meta["paths"] = fmt::format("synthetic: correlated {}{} of {}",
                                m.dof > 0 ? fmt::format("Student t({})", m.dof) : "normal",
                                m.jumps.empty() ? "" : " with jumps", names);
  }

  const SweepFile& file_;
  const Ecosystem& eco_;
  const LoadedEcosystem& loaded_;
  std::unique_ptr<Snapshot> base_;
  const Snapshot* view_;  // base_, wherever it went
  std::deque<FollowedPath>& followed_;
  Diagnostics& d_;
  const ScenarioSpec* scenario_ = nullptr;
  std::vector<Drawn> drawn_;
  std::vector<double> scales_;
  SweepPlan plan_;
};

}  // namespace

SweepPlan plan_sweep(const SweepFile& file, const LoadedEcosystem& loaded, Snapshot base,
                     std::deque<FollowedPath>& followed, Diagnostics& diagnostics) {
  return Planner(file, loaded, std::move(base), followed, diagnostics).plan();
}

}  // namespace faultline
