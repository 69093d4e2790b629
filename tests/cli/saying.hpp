// What the program says on its standard output; it must succeed.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

namespace faultline::test {

inline std::string said(const std::string& arguments) {
  std::FILE* pipe = popen((std::string(FAULTLINE_BINARY) + " " + arguments).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> part;
  for (std::size_t n; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    out.append(part.data(), n);
  }
  REQUIRE(pclose(pipe) == 0);
  return out;
}

}  // namespace faultline::test
