// faultline: the command line. Each verb's options here, its work in the file of its name.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/verbs.hpp"
#include "core/simd.hpp"

namespace {

using namespace faultline;

const std::map<std::string, Format> formats{{"text", Format::text}, {"json", Format::json}};

void add_format(CLI::App* verb, Format& format) {
  verb->add_option("--format", format, "text for people, json for programs")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case))
      ->default_str("text");
}

void add_common(CLI::App* verb, CommonOptions& common) {
  verb->add_option("ECO", common.file, "ecosystem file")->required();
  verb->add_option("--with", common.overlays.files, "overlay file laid over the ecosystem");
  verb->add_option("--set", common.overlays.sets, "one value, PATH=VALUE");
  add_format(verb, common.format);
}

struct Options {
  std::vector<std::string> check_files;
  CommonOptions check;
  RunOptions run;
  SweepOptions sweep;
  CompareOptions compare;
  RenderOptions render;
  InspectOptions inspect;
  QuoteOptions quote;
  SchemaOptions schema;
};

void add_run(CLI::App& app, RunOptions& o) {
  CLI::App* verb = app.add_subcommand("run", "one run: what breaks, how far it spreads, who pays");
  add_common(verb, o.common);
  verb->add_option("--scenario", o.scenario,
                   "a scenario of the file, or `all`; left out: its default");
  verb->add_option("--shock", o.shocks, "a price shock instead, e.g. ETH=-30%");
  verb->add_flag("--assumptions", o.assumptions, "list every value the file did not state");
  verb->add_flag("--timeline", o.timeline, "all events, not the first ten");
}

void add_sweep(CLI::App& app, SweepOptions& o) {
  CLI::App* verb =
      app.add_subcommand("sweep", "many runs: distributions, limits, what moves the result");
  add_common(verb, o.common);
  verb->add_option("SWEEP", o.sweep_file, "sweep file")->required();
  verb->add_option("-o,--output", o.output, "results file (SQLite); resumed if it exists");
  verb->add_option("--csv", o.csv, "folder for CSV tables of the results");
  verb->add_option("--threads", o.threads, "threads; 0: one per core");
  verb->add_option("--limit", o.limit, "stop after so many scenarios (resume later)");
  verb->add_flag("--fresh", o.fresh, "replace an existing results file");
  verb->add_flag("--quiet", o.quiet, "no progress bar");
}

void add_compare(CLI::App& app, CompareOptions& o) {
  CLI::App* verb =
      app.add_subcommand("compare", "the same users and shocks under different designs");
  add_common(verb, o.common);
  verb->add_option("--designs", o.designs,
                   "the file's own, today, monolithic, isolated, dynamic, or overlay files; left "
                   "out: the file's own, or these three")
      ->delimiter(',');
  CLI::Option* sweep = verb->add_option("--sweep", o.sweep_file, "sweep file: many draws, paired");
  verb->add_option("--scenario", o.scenario, "one scenario instead; left out: the file's default")
      ->excludes(sweep);
  verb->add_option("--shock", o.shocks, "a price shock instead, e.g. ETH=-30%")->excludes(sweep);
  verb->add_option("-o,--output", o.output,
                   "folder for a results file (SQLite) of each design; resumed if they exist")
      ->needs(sweep);
  verb->add_option("--picture", o.picture, "draw what designs lend and lose, frontier.svg");
  verb->add_option("--threads", o.threads, "threads; 0: one per core");
  verb->add_option("--limit", o.limit, "stop after so many scenarios (resume later)");
  verb->add_flag("--fresh", o.fresh, "replace existing results files");
  verb->add_flag("--quiet", o.quiet, "no progress bar");
}

void add_render(CLI::App& app, RenderOptions& o) {
  CLI::App* verb = app.add_subcommand("render", "draw the dependency graph");
  add_common(verb, o.common);
  verb->add_option("-o,--output", o.output, "graph.svg, .png, .pdf or .dot")->required();
  verb->add_option("--title", o.title, "title of the picture");
  verb->add_flag("--run", o.run, "colour nodes by how distress spread in a run");
  verb->add_option("--scenario", o.scenario, "the run's scenario");
  verb->add_option("--shock", o.shocks, "the run's shock, e.g. ETH=-30%");
  verb->add_flag("--all", o.all, "every node; else, beyond 40, those that stand alike as one");
}

void add_inspect(CLI::App& app, InspectOptions& o) {
  CLI::App* verb = app.add_subcommand("inspect", "what is in an ecosystem");
  add_common(verb, o.common);
  verb->add_option("WHAT", o.what, "positions, venues, oracles, markets, vaults, drops or gamma")
      ->required()
      ->check(
          CLI::IsMember({"positions", "venues", "oracles", "markets", "vaults", "drops", "gamma"}));
  verb->add_option("--market", o.market, "only this market");
  verb->add_option("--top", o.top, "rows to show; 0: all")->default_val(20);
  verb->add_option("--drop", o.drops, "static drops for `drops`, e.g. ETH=-10% (all at once)");
}

void add_quote(CLI::App& app, QuoteOptions& o) {
  CLI::App* verb = app.add_subcommand("quote", "what a trade would bring");
  add_common(verb, o.common);
  verb->add_option("--venue", o.venue, "a venue, a family of venues, or a pair: all that trade it")
      ->required();
  CLI::Option* sell = verb->add_option("--sell", o.sell, "amount given, e.g. '10 ETH'");
  verb->add_option("--buy", o.buy, "amount of quote given to buy base, e.g. '1000 USDC'")
      ->excludes(sell);
}

void add_schema(CLI::App& app, SchemaOptions& o) {
  CLI::App* verb = app.add_subcommand("schema", "the JSON Schema of the language, for editors");
  CLI::Option* one = verb->add_option("--preset", o.preset, "print one preset as YAML");
  CLI::Option* all = verb->add_flag("--presets", o.presets, "list the presets")->excludes(one);
  verb->add_flag("--reference", o.reference, "print the YAML reference as Markdown")
      ->excludes(one)
      ->excludes(all);
  add_format(verb, o.format);
}

}  // namespace

int main(int argc, char** argv) {
  if (!cpu_is_supported()) {
    fmt::print(stderr, "faultline: this machine is older than x86-64-v3 (AVX2, FMA, BMI2)\n");
    return 2;
  }
  CLI::App app{"Faultline: contagion in decentralised finance. If this breaks, what breaks next?"};
  app.set_version_flag("--version", "faultline " FAULTLINE_VERSION);
  app.require_subcommand(1);
  Options o;
  CLI::App* check = app.add_subcommand("check", "validate files and report every mistake");
  check->add_option("ECO", o.check_files, "ecosystem files")->required();
  check->add_option("--with", o.check.overlays.files, "overlay file laid over each");
  check->add_option("--set", o.check.overlays.sets, "one value, PATH=VALUE");
  add_format(check, o.check.format);
  add_run(app, o.run);
  add_sweep(app, o.sweep);
  add_compare(app, o.compare);
  add_render(app, o.render);
  add_inspect(app, o.inspect);
  add_quote(app, o.quote);
  add_schema(app, o.schema);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (app.got_subcommand("check"))
    return check_verb(o.check_files, o.check.overlays, o.check.format);
  if (app.got_subcommand("run")) return run_verb(o.run);
  if (app.got_subcommand("sweep")) return sweep_verb(o.sweep);
  if (app.got_subcommand("compare")) return compare_verb(o.compare);
  if (app.got_subcommand("render")) return render_verb(o.render);
  if (app.got_subcommand("inspect")) return inspect_verb(o.inspect);
  if (app.got_subcommand("quote")) return quote_verb(o.quote);
  return schema_verb(o.schema);
}
