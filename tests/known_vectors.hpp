// Published vectors under tests/known/, and comparing with them.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace faultline::test {

/// A file of vectors by its path below tests/known/, without the ending. Read once, and kept: a
/// loop over one of its members needs no name for the file.
inline const nlohmann::json& known(const std::string& name) {
  static std::map<std::string, nlohmann::json> files;
  const auto found = files.find(name);
  if (found != files.end()) return found->second;
  std::ifstream in(std::string(FAULTLINE_TEST_DIR) + "/known/" + name + ".json");
  REQUIRE(in.good());
  return files[name] = nlohmann::json::parse(in);
}

/// A case's own relative tolerance, or its file's.
inline double tolerance_of(const nlohmann::json& file, const nlohmann::json& c) {
  return c.value("tol_rel", file["tolerance"]["rel"].get<double>());
}

/// Whether two numbers agree within a relative and an absolute tolerance.
inline void check_near(double got, double want, double rel, double abs = 1e-12) {
  CAPTURE(got, want);
  CHECK(std::fabs(got - want) <= std::max(abs, rel * std::fabs(want)));
}

}  // namespace faultline::test
