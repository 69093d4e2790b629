// The whole language as an editor and a reader want it: one JSON Schema (draft-07) of an ecosystem
// file, and the reference page, both from the field declarations the reader itself uses.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace faultline {

/// The JSON Schema of an ecosystem file: clock, assets, venues, oracles, markets, agents, chains,
/// scenarios. Nothing is required inside nodes, since presets and `each` may say it; `check` does
/// that. Keys that are overlay paths (with a dot) are let through.
nlohmann::json language_schema();

/// The reference of the same in Markdown.
std::string language_reference();

}  // namespace faultline
