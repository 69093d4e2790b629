// Reading, compiling and reporting: what every verb begins with.
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "data/parameter_paths.hpp"
#include "data/units.hpp"

namespace faultline {

namespace {

const char* word(Severity s) {
  return s == Severity::error ? "error" : s == Severity::warning ? "warning" : "note";
}

nlohmann::json to_json(const Diagnostic& d, const Sources& sources) {
  nlohmann::json j{{"severity", word(d.severity)}, {"code", d.code}, {"message", d.message}};
  if (!d.remedy.empty()) j["remedy"] = d.remedy;
  if (d.at.line != 0 && d.at.file < sources.size()) {
    j["file"] = sources.name(d.at.file);
    j["line"] = d.at.line;
    j["column"] = d.at.column;
    j["length"] = d.at.length;
  }
  return j;
}

/// `ETH=-30%` as an event at the start.
std::optional<EventSpec> shock_event(const std::string& text, const Snapshot& world) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  Move move;
  if (equals == std::string::npos ||
      parse_value(text.substr(equals + 1), move, Wanted{.field = "shock"})) {
    fmt::print(stderr, "error: a shock is written ETH=-30%, ETH=+10% or ETH=$1500, not '{}'\n",
               text);
    return std::nullopt;
  }
  if (!world.asset(name).valid()) {
    std::vector<std::string_view> names;
    for (const AssetInfo& a : world.assets) names.push_back(a.name);
    const std::string near = nearest_name(name, names);
    fmt::print(stderr, "error: no asset '{}'{}\n", name,
               near.empty() ? "" : ": did you mean '" + near + "'?");
    return std::nullopt;
  }
  EventSpec event;
  event.price[name] = move;
  return event;
}

}  // namespace

int refuse(Format format, const std::string& message, const std::string& remedy, int code) {
  if (format == Format::json) {
    fmt::print("{}\n",
               nlohmann::json{{"schema", 1},
                              {"diagnostics",
                               {{{"severity", "error"}, {"message", message}, {"remedy", remedy}}}}}
                   .dump(2));
  } else {
    fmt::print(stderr, "error: {}\n", message);
    if (!remedy.empty()) fmt::print(stderr, "  {}\n", remedy);
  }
  return code;
}

bool report_findings(const Diagnostics& diagnostics, const Sources& sources, Format format,
                     bool with_notes) {
  if (format == Format::json) {
    nlohmann::json all = nlohmann::json::array();
    for (const Diagnostic& d : diagnostics.sorted()) all.push_back(to_json(d, sources));
    if (diagnostics.failed()) {
      fmt::print("{}\n", nlohmann::json{{"schema", 1}, {"diagnostics", all}}.dump(2));
    }
    return diagnostics.failed();
  }
  for (const Diagnostic& d : diagnostics.sorted()) {
    if (d.severity != Severity::error && !with_notes) continue;
    fmt::print(stderr, "{}", render(d, sources));
  }
  return diagnostics.failed();
}

void open_world(const CommonOptions& options, OpenedWorld& out, bool show_notes) {
  Reading reading(out.sources, out.diagnostics);
  out.loaded = load_ecosystem(options.file, options.overlays, reading);
  if (!out.diagnostics.failed()) {
    out.world = compile(out.loaded.eco, out.diagnostics, out.loaded.spans());
  }
  out.ok = !report_findings(out.diagnostics, out.sources, options.format, show_notes);
}

std::optional<Scenario> choose_scenario(OpenedWorld& opened, const std::string& name,
                                        const std::vector<std::string>& shocks,
                                        std::deque<FollowedPath>& paths) {
  const Ecosystem& eco = opened.loaded.eco;
  ScenarioSpec chosen;
  chosen.name = name.empty() ? eco.default_scenario : name;
  if (!shocks.empty()) {
    chosen.name = "command line";
    for (const std::string& text : shocks) {
      auto event = shock_event(text, opened.world);
      if (!event) return std::nullopt;
      chosen.events.push_back(std::move(*event));
    }
  } else if (chosen.name.empty() && eco.scenarios.size() > 1) {
    fmt::print(stderr, "error: {} scenarios and no `default:`; choose one with --scenario:",
               eco.scenarios.size());
    for (const ScenarioSpec& s : eco.scenarios) fmt::print(stderr, " {}", s.name);
    fmt::print(stderr, "\n");
    return std::nullopt;
  } else if (!chosen.name.empty() && chosen.name != "none") {
    bool found = false;
    for (const ScenarioSpec& s : eco.scenarios) {
      if (s.name != chosen.name) continue;
      chosen = s;
      found = true;
    }
    if (!found) {
      std::vector<std::string_view> names{"none"};
      for (const ScenarioSpec& s : eco.scenarios) names.push_back(s.name);
      const std::string near = nearest_name(chosen.name, names);
      fmt::print(stderr, "error: no scenario '{}'{}\n", chosen.name,
                 near.empty() ? "" : ": did you mean '" + near + "'?");
      return std::nullopt;
    }
  }
  if (chosen.name.empty()) chosen.name = "none";
  Diagnostics diagnostics;
  Scenario scenario = compile_scenario(
      opened.world, chosen, set_resolver(eco, opened.world, diagnostics), paths, diagnostics);
  if (report_findings(diagnostics, opened.sources, Format::text, true)) return std::nullopt;
  return scenario;
}

}  // namespace faultline
