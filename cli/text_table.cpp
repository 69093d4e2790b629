#include "cli/text_table.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "data/units.hpp"

namespace faultline {

namespace {

/// Characters of UTF-8 text: bytes that do not continue one.
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string grouped(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  for (const Column& c : columns_) widths.push_back(shown_width(c.head));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], shown_width(row[i]));
  }
  std::string out;
  const auto line = [&](const auto& cell_of) {
    std::string row;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string pad(widths[i] - shown_width(cell), ' ');
      row += "  " + (columns_[i].left ? cell + pad : pad + cell);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].head; });
  for (const auto& row : rows_) line([&](std::size_t i) -> const std::string& { return row[i]; });
  return out;
}

std::string thousands(std::uint64_t n) {
  return grouped(std::to_string(n));
}

std::string precise(double x) {
  if (!std::isfinite(x)) return "-";
  const double size = std::fabs(x);
  const int whole = size > 0 ? static_cast<int>(std::floor(std::log10(size))) + 1 : 1;
  std::string text = size != 0 && (size < 1e-6 || size >= 1e15)
                         ? fmt::format("{:.6g}", size)
                         : fmt::format("{:.{}f}", size, std::max(0, 6 - whole));
  if (text.find('e') == std::string::npos && text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  const std::size_t point = std::min(text.find_first_of(".e"), text.size());
  return (x < 0 ? "-" : "") + grouped(text.substr(0, point)) + text.substr(point);
}

std::string dollars(double usd) {
  return std::fabs(usd) < 1 ? "$0" : format_usd(usd);
}

std::string percent(double share, int digits, bool with_sign) {
  if (!std::isfinite(share)) return "-";
  std::string text = with_sign ? fmt::format("{:+.{}f}%", 100 * share, digits)
                               : fmt::format("{:.{}f}%", 100 * share, digits);
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  if (zero && (text[0] == '-' || text[0] == '+')) text.erase(0, 1);
  return text;
}

std::string shortened(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  const std::size_t tail = 4, head = most - tail - 1;
  return text.substr(0, head) + "…" + text.substr(text.size() - tail);
}

}  // namespace faultline
