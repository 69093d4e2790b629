// Named protocols: settings, no code. Each is a YAML file of data/presets/, built into the binary
// by data/embed_presets.cmake; its format is described in data/presets/README.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/located_yaml.hpp"

namespace faultline {

/// One file as built in.
struct PresetFile {
  std::string_view name;
  std::string_view text;
};

/// All presets, by name. Implemented in the generated presets_embedded.cpp.
std::span<const PresetFile> all_presets();

/// A preset as read: every value of `values` carries its origin (preset, source, date).
struct Preset {
  std::string name, family, kind, about, as_of, source;
  std::string each_fills;  // the field that takes the entry's name under `each`
  Node values;
};

/// The section a preset belongs to (`markets`); empty if there is no such preset.
std::string_view preset_family(std::string_view name);

/// Names of the presets of one section, or of all for an empty family.
std::vector<std::string_view> preset_names(std::string_view family = {});

/// Reads a preset's text; findings point into `preset NAME`.
std::optional<Preset> read_preset(const PresetFile& file, Reading& reading);

/// Finds and reads a preset of a section; else reports at `at`, with the nearest name.
std::optional<Preset> find_preset(std::string_view name, std::string_view family, Span at,
                                  Reading& reading);

}  // namespace faultline
