#include "data/csv.hpp"

#include <zlib.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

using namespace faultline;

namespace {

struct Shelf {
  Sources sources;
  Diagnostics diagnostics;
  CsvTable read(std::string text) {
    return read_csv_text("p.csv", std::move(text), diagnostics, sources);
  }
  std::string findings() const {
    std::string out;
    for (const Diagnostic& d : diagnostics.sorted()) out += render(d, sources);
    return out;
  }
};

/// A file that is gone when the test is.
struct Scratch {
  std::string path;
  explicit Scratch(const char* end) {
    std::string name = (std::filesystem::temp_directory_path() / "faultline-csv-XXXXXX").string();
    path = std::string(mkdtemp(name.data())) + "/p" + end;
  }
  ~Scratch() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }
};

}  // namespace

TEST_CASE("columns by name, cells as text and numbers") {
  Shelf s;
  const CsvTable t = s.read(
      "account, asset ,amount\r\n"
      "a,\"rs\"\"ETH\",1.5\r\n"
      "\n"
      "b,\"two\nlines\",+2e3\n"
      "c,\"x,y\",.5");
  CHECK(s.findings() == "");
  REQUIRE(t.rows() == 3);
  const std::size_t asset = *t.column("asset"), amount = *t.column("amount");
  CHECK(t.text(0, asset) == "rs\"ETH");
  CHECK(t.text(1, asset) == "two\nlines");
  CHECK(t.text(2, asset) == "x,y");
  CHECK(t.numbers(amount, s.diagnostics) == std::vector<double>{1.5, 2000, 0.5});
  CHECK(t.span(2, amount).line == 6);
  CHECK(t.span(2, amount).column == 9);
  CHECK_FALSE(t.column("owner"));
}

TEST_CASE("bad tables are reported cell by cell") {
  Shelf s;
  const CsvTable t = s.read("account,amount\na,nan\nb,12x\nc\nd,1,2\ne,\nf,1e999\ng,7\n");
  CHECK(t.rows() == 5);
  t.numbers(1, s.diagnostics);
  t.need("acount", "positions", s.diagnostics);
  t.need("qqqqqqqq", "", s.diagnostics);
  CHECK(s.findings() ==
        R"(p.csv:1:1: error E0406: no column 'acount' for positions
    1 | account,amount
      | ^ did you mean 'account'?
p.csv:1:1: error E0406: no column 'qqqqqqqq'
    1 | account,amount
      | ^ there are: account, amount
p.csv:2:3: error E0407: 'nan' in column 'amount' is not a finite number
    2 | a,nan
      |   ^^^ write a plain number such as 1250.5
p.csv:3:3: error E0407: '12x' in column 'amount' is not a finite number
    3 | b,12x
      |   ^^^ write a plain number such as 1250.5
p.csv:4:1: error E0403: 1 cells where the header names 2 columns
    4 | c
      | ^ add the missing cells
p.csv:5:1: error E0403: 3 cells where the header names 2 columns
    5 | d,1,2
      | ^^^^^ put cells that hold commas in quotes
p.csv:6:3: error E0407: an empty cell in column 'amount' is not a finite number
    6 | e,
      |   ^ write a plain number such as 1250.5
p.csv:7:3: error E0407: '1e999' in column 'amount' is not a finite number
    7 | f,1e999
      |   ^^^^^ write a plain number such as 1250.5
)");
  CHECK(t.numbers(1, s.diagnostics, 0.0).at(2) == 0);
}

TEST_CASE("tables that cannot be read") {
  Shelf s;
  s.read("");
  s.read("a,a\n1,2\n");
  s.read("a\n\"open\n");
  s.read("a\n\"x\"y\n");
  CHECK(s.diagnostics.errors() == 4);
  CHECK(read_csv("/nowhere.csv", s.diagnostics, s.sources).rows() == 0);
  CHECK(s.diagnostics.errors() == 5);
  CHECK(read_csv_text("big", "a\n1\n2\n", s.diagnostics, s.sources, {.bytes = 3}).rows() == 0);
  CHECK(s.diagnostics.errors() == 6);
  Shelf many;
  std::string text = "a\n";
  for (int i = 0; i < 1000; ++i) text += "x\n";
  many.read(text).numbers(0, many.diagnostics);
  CHECK(many.diagnostics.errors() == 21);
}

TEST_CASE("a truncated gzip is an error") {
  Scratch scratch(".csv.gz");
  gzFile out = gzopen(scratch.path.c_str(), "wb");
  std::string text = "a,b\n";
  for (int i = 0; i < 50000; ++i) text += std::to_string(i * 7919 % 100003) + ",1\n";
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  std::filesystem::resize_file(scratch.path, std::filesystem::file_size(scratch.path) / 2);
  Shelf s;
  CHECK(read_csv(scratch.path, s.diagnostics, s.sources).rows() == 0);
  CHECK(s.findings().find("E0408") != std::string::npos);
}

TEST_CASE("a million legs load fast") {
  Scratch scratch(".csv.gz");
  std::string text = "account,asset,side,amount\n";
  for (int i = 0; i < 1'000'000; ++i) {
    char row[96];
    const int n = std::snprintf(row, sizeof row, "0x%040x,%s,%d,%.9f\n", i / 3 * 2654435761U,
                                i % 2 ? "USDC" : "wstETH", i % 2, i * 1.37 + 0.123456789);
    text.append(row, static_cast<std::size_t>(n));
  }
  gzFile out = gzopen(scratch.path.c_str(), "wb1");
  for (std::size_t at = 0; at < text.size(); at += 1U << 20)
    gzwrite(out, text.data() + at,
            static_cast<unsigned>(std::min<std::size_t>(1U << 20, text.size() - at)));
  gzclose(out);
  const auto start = std::chrono::steady_clock::now();
  Shelf s;
  const CsvTable t = read_csv(scratch.path, s.diagnostics, s.sources);
  const std::vector<double> amounts = t.numbers(*t.column("amount"), s.diagnostics);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << "1,000,000 rows of gzipped CSV in " << seconds << " s\n";
  CHECK(s.findings() == "");
  CHECK(amounts.size() == 1'000'000);
  CHECK(amounts[999'999] == 999'999 * 1.37 + 0.123456789);
  CHECK(seconds < 5);
}
