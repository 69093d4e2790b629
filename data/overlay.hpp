// What composes a tree from several: `include`, overlays, `each`, presets. The order is
//   load_tree (includes beneath the file, `each` expanded)  ->  merge_overlay for every overlay
//   ->  resolve_presets  ->  field readers.
// Maps merge, values and lists replace, later wins. `off` removes a node at once; on a field it is
// kept, overrides what a preset says, and the field reader takes it for "not given".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "data/located_yaml.hpp"

namespace faultline {

/// The sections whose entries are named nodes; `each`, `preset` and strict paths hold there only.
struct Sections {
  std::span<const std::string_view> of_nodes;
};

/// assets venues oracles markets vaults funds agents defences chains entities.
Sections default_sections();

/// Lays `overlay` over `base`. Keys may be paths (`markets.pool.reserves.rsETH.supply_cap`); `*` is
/// any name; a family's name stands for all its members. A dotted path must name a section and node
/// that exist, a `*` must match something; a nested map may add nodes.
void merge_overlay(Node& base, const Node& overlay, const Sections& sections, Reading& reading);

/// Merges `upper` over `lower` with keys taken as they stand: no paths, no `*`.
Node merge_plain(const Node& lower, const Node& upper, Reading& reading);

/// Replaces every node with an `each` by one node per entry, named family.member, that holds the
/// shared keys with the entry's own on top.
void expand_each(Node& root, const Sections& sections, Reading& reading);

/// Reads a file, the files it includes beneath it (relative to it, never outside the directory of
/// the top file), expands `each`; the `include` key is consumed. `shown` names it in diagnostics.
Node load_tree(const std::string& path, const std::string& shown, const Sections& sections,
               Reading& reading);

/// The same for a text in memory (tests, standard input); it may not include.
Node load_tree_text(const std::string& shown, std::string text, const Sections& sections,
                    Reading& reading);

/// The overlay of one `--set PATH=VALUE`.
Node set_option(std::string_view path_equals_value, Reading& reading);

/// Lays every node over the preset it names: the preset's `values` beneath the node's own keys,
/// `reserve_defaults` beneath each of its `reserves`, `collateral_defaults` beneath each of its
/// `collateral`, `vault_defaults` beneath each of its `vaults`, the member's name into
/// `each_fills`. `preset:` stays; `kind:` comes from the preset unless given. Nodes that are `off`
/// are removed.
void resolve_presets(Node& root, const Sections& sections, Reading& reading);

}  // namespace faultline
