// What the program says on its standard output.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace faultline::test {

/// What a command of the shell prints, and how it ended.
struct Said {
  std::string text;
  int exit = 0;
};
inline Said output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Said out;
  std::array<char, 4096> part;
  for (std::size_t n; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    out.text.append(part.data(), n);
  }
  out.exit = WEXITSTATUS(pclose(pipe));
  return out;
}

/// What the program prints; it must succeed.
inline std::string said(const std::string& arguments) {
  const Said out = output_of(std::string(FAULTLINE_BINARY) + " " + arguments);
  REQUIRE(out.exit == 0);
  return out.text;
}

}  // namespace faultline::test
