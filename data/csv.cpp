#include "data/csv.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

namespace faultline {

namespace {

constexpr std::uint32_t unescaped_mark = 0x80000000U;

std::string shown(std::string_view text) {
  constexpr std::size_t most = 48;
  return "'" + std::string(text.substr(0, most)) + (text.size() > most ? "...'" : "'");
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A finite number, the whole cell; none otherwise.
std::optional<double> to_number(std::string_view cell) {
  std::string_view text = trim(cell);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (status == std::errc::result_out_of_range) {  // 1e-400 is 0, 1e400 is an error
    const std::size_t e = text.find_first_of("eE");
    const bool tiny =
        e != std::string_view::npos
            ? text.substr(e + 1, 1) == "-"
            : trim(text).find('.') != std::string_view::npos && text.substr(0, 3).find('0') == 0;
    return tiny ? std::optional<double>(0.0) : std::nullopt;
  }
  if (status != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

/// Cuts a text into rows and cells.
class CsvParser {
 public:
  CsvParser(CsvTable& table, Diagnostics& diagnostics) : table_(table), diagnostics_(diagnostics) {
    text_ = table.sources_->text(table.file_);
  }

  void parse() {
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
    if (!read_header()) return;
    const std::size_t columns = table_.names_.size();
    const std::size_t guess = text_.size() / std::max<std::size_t>(4 * columns, 24) + 1;
    table_.lines_.reserve(guess);
    table_.starts_.reserve(guess);
    table_.cells_.reserve(guess * columns);
    while (at_ < text_.size()) {
      if (skip_empty_line()) continue;
      const std::uint32_t line = line_, start = static_cast<std::uint32_t>(line_start_);
      const std::size_t before = table_.cells_.size();
      if (!read_row()) return;
      const std::size_t found = table_.cells_.size() - before;
      if (found != columns) {
        ragged(line, found);
        table_.cells_.resize(before);
        continue;
      }
      table_.lines_.push_back(line);
      table_.starts_.push_back(start);
    }
    if (ragged_ > table_.limits_.findings) {
      diagnostics_.error("E0403", {table_.file_, 1, 1, 1},
                         std::to_string(ragged_) + " rows have the wrong number of cells in all");
    }
  }

 private:
  bool read_header() {
    while (at_ < text_.size() && skip_empty_line()) {
    }
    if (at_ >= text_.size()) {
      diagnostics_.error("E0402", {table_.file_, 1, 1, 1}, "the table is empty",
                         "begin it with a row of column names");
      return false;
    }
    const std::uint32_t line = line_;
    if (!read_row()) return false;
    if (table_.cells_.size() > table_.limits_.columns) {
      diagnostics_.error("E0401", {table_.file_, line, 1, 1},
                         "more than " + std::to_string(table_.limits_.columns) + " columns");
      return false;
    }
    for (const CsvTable::Cell& cell : table_.cells_) {
      const std::string_view name = (cell.size & unescaped_mark) != 0
                                        ? std::string_view(table_.unescaped_[cell.begin])
                                        : text_.substr(cell.begin, cell.size);
      table_.names_.emplace_back(trim(name));
    }
    table_.cells_.clear();
    for (std::size_t i = 0; i < table_.names_.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (table_.names_[i] != table_.names_[k] || table_.names_[i].empty()) continue;
        diagnostics_.error("E0404", {table_.file_, line, 1, 1},
                           "two columns are called " + shown(table_.names_[i]), "rename one");
        return false;
      }
    }
    return true;
  }

  bool skip_empty_line() {
    const std::size_t begin = at_;
    if (text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') {
      end_line();
      return true;
    }
    if (at_ > begin && at_ == text_.size()) return true;
    at_ = begin;
    return false;
  }

  void end_line() {
    ++at_;
    ++line_;
    line_start_ = at_;
  }

  /// Reads cells to the end of the row; false if nothing further can be read.
  bool read_row() {
    while (true) {
      if (at_ < text_.size() && text_[at_] == '"') {
        if (!read_quoted()) return false;
      } else {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') ++at_;
        std::size_t end = at_;
        if (end > begin && text_[end - 1] == '\r' && (at_ == text_.size() || text_[at_] == '\n'))
          --end;
        table_.cells_.push_back(
            {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
      }
      if (at_ >= text_.size()) return true;
      if (text_[at_] == '\n') {
        end_line();
        return true;
      }
      ++at_;  // the comma
      if (table_.names_.empty() && table_.cells_.size() > table_.limits_.columns) return true;
    }
  }

  bool read_quoted() {
    const std::uint32_t line = line_;
    const std::size_t column = at_ - line_start_ + 1;
    const std::size_t begin = ++at_;
    bool doubled = false;
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        end_line();
        continue;
      }
      if (text_[at_] != '"') {
        ++at_;
        continue;
      }
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
      doubled = true;
      at_ += 2;
    }
    const Span where{table_.file_, line, static_cast<std::uint32_t>(column), 1};
    if (at_ >= text_.size()) {
      diagnostics_.error("E0405", where, "a quote is not closed", "close it");
      return false;
    }
    const std::size_t end = at_++;
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
      diagnostics_.error("E0405", where, "text follows a closing quote",
                         "double the quotes inside a cell");
      return false;
    }
    if (!doubled) {
      table_.cells_.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
      return true;
    }
    std::string plain;
    for (std::size_t i = begin; i < end; ++i) {
      plain += text_[i];
      if (text_[i] == '"') ++i;
    }
    table_.cells_.push_back({static_cast<std::uint32_t>(table_.unescaped_.size()), unescaped_mark});
    table_.unescaped_.push_back(std::move(plain));
    return true;
  }

  void ragged(std::uint32_t line, std::size_t found) {
    if (++ragged_ > table_.limits_.findings) return;
    const std::size_t length = table_.sources_->line(table_.file_, line).size();
    diagnostics_.error(
        "E0403",
        {table_.file_, line, 1, static_cast<std::uint32_t>(std::min<std::size_t>(length, 160))},
        std::to_string(found) + " cells where the header names " +
            std::to_string(table_.names_.size()) + " columns",
        found < table_.names_.size() ? "add the missing cells"
                                     : "put cells that hold commas in quotes");
  }

  CsvTable& table_;
  Diagnostics& diagnostics_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  std::size_t ragged_ = 0;
};

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

std::optional<std::size_t> CsvTable::need(std::string_view name, std::string_view what,
                                          Diagnostics& diagnostics) const {
  const std::optional<std::size_t> found = column(name);
  if (found || sources_ == nullptr) return found;
  const std::vector<std::string_view> known(names_.begin(), names_.end());
  const std::string near = nearest_name(name, known);
  std::string list;
  for (std::size_t i = 0; i < known.size() && i < 12; ++i)
    list += (i == 0 ? "" : ", ") + std::string(known[i]);
  diagnostics.error("E0406", {file_, 1, 1, 1},
                    "no column " + shown(name) + (what.empty() ? "" : " for " + std::string(what)),
                    near.empty() ? "there are: " + list : "did you mean '" + near + "'?");
  return std::nullopt;
}

std::string_view CsvTable::text(std::size_t row, std::size_t column) const {
  const Cell cell = cells_[row * names_.size() + column];
  if ((cell.size & unescaped_mark) != 0) return unescaped_[cell.begin];
  return std::string_view(sources_->text(file_)).substr(cell.begin, cell.size);
}

Span CsvTable::span(std::size_t row, std::size_t column) const {
  Span span{file_, lines_[row], 1, 1};
  for (std::size_t c = 0; c <= column; ++c) {  // a cell before may hold line ends or be unescaped
    const Cell cell = cells_[row * names_.size() + c];
    if ((cell.size & unescaped_mark) != 0) continue;
    span.column = cell.begin - starts_[row] + 1;
    span.length = std::max<std::uint32_t>(cell.size, 1);
  }
  const std::size_t width = sources_->line(file_, span.line).size();
  if (span.column > width + 1) span.column = static_cast<std::uint32_t>(width + 1);
  return span;
}

std::optional<double> CsvTable::number(std::size_t row, std::size_t column) const {
  return to_number(text(row, column));
}

std::vector<double> CsvTable::numbers(std::size_t column, Diagnostics& diagnostics,
                                      std::optional<double> if_empty) const {
  std::vector<double> out(rows());
  std::size_t bad = 0;
  for (std::size_t row = 0; row < out.size(); ++row) {
    const std::string_view cell = text(row, column);
    if (const std::optional<double> value = to_number(cell)) {
      out[row] = *value;
    } else if (if_empty && trim(cell).empty()) {
      out[row] = *if_empty;
    } else if (++bad <= limits_.findings) {
      const std::string what = trim(cell).empty() ? "an empty cell" : shown(cell);
      diagnostics.error("E0407", span(row, column),
                        what + " in column " + shown(names_[column]) + " is not a finite number",
                        "write a plain number such as 1250.5");
    }
  }
  if (bad > limits_.findings) {
    diagnostics.error("E0407", {file_, 1, 1, 1},
                      std::to_string(bad) + " cells of column " + shown(names_[column]) +
                          " are not finite numbers in all");
  }
  return out;
}

CsvTable read_csv_text(std::string shown_name, std::string text, Diagnostics& diagnostics,
                       Sources& sources, CsvLimits limits) {
  CsvTable table;
  limits.bytes = std::min<std::size_t>(limits.bytes, unescaped_mark - 1);
  table.limits_ = limits;
  const bool fits = text.size() <= limits.bytes;
  table.file_ = sources.add(std::move(shown_name), fits ? std::move(text) : std::string{});
  table.sources_ = &sources;
  if (!fits) {
    diagnostics.error("E0401", {table.file_, 1, 1, 1},
                      "larger than " + std::to_string(limits.bytes >> 20) + " MB",
                      "split it into several files");
    return table;
  }
  CsvParser(table, diagnostics).parse();
  return table;
}

CsvTable read_csv(const std::string& path, const std::string& shown_name, Span asked_at,
                  Diagnostics& diagnostics, Sources& sources, CsvLimits limits) {
  std::error_code status;
  gzFile file =
      std::filesystem::is_regular_file(path, status) ? gzopen(path.c_str(), "rb") : nullptr;
  if (file == nullptr) {
    diagnostics.error("E0110", asked_at, "'" + shown_name + "' cannot be read", "check the path");
    return {};
  }
  const std::uintmax_t size = std::filesystem::file_size(path, status);
  // A short file needs no long buffers: to clear them takes longer than to read it.
  const auto piece =
      static_cast<unsigned>(std::clamp<std::uintmax_t>(status ? 0 : 2 * size, 1U << 13, 1U << 20));
  gzbuffer(file, piece);
  std::string text;
  text.reserve(static_cast<std::size_t>(std::min<std::uintmax_t>(status ? 0 : size, limits.bytes)) +
               64);
  std::vector<char> chunk(piece);
  int got = 0;
  while (text.size() <= limits.bytes &&
         (got = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  int code = Z_OK;
  const char* why = gzerror(file, &code);
  const bool broken = got < 0 || (code != Z_OK && code != Z_STREAM_END);
  const std::string reason = broken ? std::string(why) : std::string{};
  gzclose(file);
  if (broken) {
    diagnostics.error("E0408", asked_at, "'" + shown_name + "' breaks off: " + reason,
                      "make the file anew");
    return {};
  }
  return read_csv_text(shown_name, std::move(text), diagnostics, sources, limits);
}

CsvTable read_csv(const std::string& path, Diagnostics& diagnostics, Sources& sources) {
  return read_csv(path, path, {}, diagnostics, sources);
}

}  // namespace faultline
