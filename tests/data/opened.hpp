// A file of the language as it opens: read, compiled, and what was found on the way.
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>

#include "data/ecosystem_file.hpp"
#include "sim/ecosystem.hpp"
#include "sim/snapshot.hpp"
#include "tests/data/findings.hpp"

namespace faultline::test {

struct Opened {
  explicit Opened(const std::string& text)
      : loaded(load_ecosystem_text("t.yaml", text, "", desk.reading)),
        world(compile(loaded.eco, desk.diagnostics, loaded.spans())) {}
  Desk desk;
  LoadedEcosystem loaded;
  Snapshot world;
};

/// A text with one piece of it replaced, which must be there.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace faultline::test
