// An ecosystem file with its presets, includes and overlays, read into a Spec.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "data/field_reader.hpp"
#include "data/located_yaml.hpp"
#include "sim/ecosystem.hpp"
#include "sim/snapshot.hpp"
#include "sim/studies/redesign.hpp"

namespace faultline {

/// A file read beside the ecosystem (positions, ranges, paths) and the hash of its bytes.
struct DataFile {
  std::string path;  // as the file names it
  std::string hash;
};

/// What reading gives: the Spec, where everything stands, what was assumed, and the resolved YAML.
struct LoadedEcosystem {
  Ecosystem eco;
  std::map<std::string, Place> places;
  std::vector<Assumption> assumptions;
  std::vector<DataFile> data_files;
  std::map<std::string, DesignSpec> designs;  // the file's own, by name
  std::string resolved;                       // the whole tree as canonical YAML, presets laid out

  SpanTable spans() const;
};

/// What a user lays over a file: overlay files (--with) and single values (--set PATH=VALUE).
struct Overlays {
  std::vector<std::string> files;
  std::vector<std::string> sets;
  std::string design;  // one of the file's, laid over it last; empty: none
};

/// Reads everything that can be understood; mistakes are findings in `reading`.
LoadedEcosystem load_ecosystem(const std::string& path, const Overlays& overlays, Reading& reading);

/// The same for a text in memory; data files are looked for in `folder`.
LoadedEcosystem load_ecosystem_text(const std::string& shown, const std::string& text,
                                    const std::string& folder, Reading& reading);

}  // namespace faultline
