// The parts of `inspect`, one function each; all give an exit code.
#pragma once

#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/verbs.hpp"
#include "sim/workspace.hpp"

namespace faultline {

/// What a part needs: the options and the compiled file.
struct Inspection {
  const InspectOptions& options;
  const OpenedWorld& opened;
  std::vector<std::uint32_t> markets;  // those asked for, by --market or all

  const Snapshot& world() const { return opened.world; }
  bool json() const { return options.common.format == Format::json; }
};

int inspect_positions(const Inspection& in);
int inspect_drops(const Inspection& in);
int inspect_venues(const Inspection& in);
int inspect_oracles(const Inspection& in);
int inspect_markets(const Inspection& in);
int inspect_gamma(const Inspection& in);
int inspect_vaults(const Inspection& in);

/// One who takes claims back, as a world opens.
void print_desk(const Snapshot& world, const Workspace& w, std::uint32_t desk);
nlohmann::json desk_json(const Snapshot& world, const Workspace& w, std::uint32_t desk);
void print_share(const Snapshot& world, std::uint32_t share);
nlohmann::json share_json(const Snapshot& world, std::uint32_t share);

}  // namespace faultline
