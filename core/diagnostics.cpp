#include "core/diagnostics.hpp"

#include <algorithm>
#include <tuple>

namespace faultline {

std::uint32_t Sources::add(std::string name, std::string text) {
  File file{std::move(name), std::move(text), {0}};
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.starts.push_back(i + 1);
  }
  files_.push_back(std::move(file));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string_view Sources::line(std::uint32_t file, std::uint32_t number) const {
  if (file >= files_.size() || number == 0 || number > files_[file].starts.size()) return {};
  const File& f = files_[file];
  const std::size_t begin = f.starts[number - 1];
  std::size_t end = f.text.find('\n', begin);
  if (end == std::string::npos) end = f.text.size();
  if (end > begin && f.text[end - 1] == '\r') --end;
  return std::string_view(f.text).substr(begin, end - begin);
}

void Diagnostics::error(std::string code, Span at, std::string message, std::string remedy) {
  ++errors_;
  all_.push_back({Severity::error, std::move(code), at, std::move(message), std::move(remedy)});
}

void Diagnostics::warning(std::string code, Span at, std::string message, std::string remedy) {
  all_.push_back({Severity::warning, std::move(code), at, std::move(message), std::move(remedy)});
}

void Diagnostics::note(std::string code, Span at, std::string message, std::string remedy) {
  all_.push_back({Severity::note, std::move(code), at, std::move(message), std::move(remedy)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> out = all_;
  std::stable_sort(out.begin(), out.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) <
           std::tie(b.at.file, b.at.line, b.at.column);
  });
  return out;
}

namespace {

const char* word_of(Severity s) {
  switch (s) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

}  // namespace

std::string render(const Diagnostic& d, const Sources& sources) {
  std::string out;
  const bool placed = d.at.line != 0 && d.at.file < sources.size();
  if (placed) {
    out += sources.name(d.at.file) + ":" + std::to_string(d.at.line) + ":" +
           std::to_string(d.at.column) + ": ";
  }
  out += std::string(word_of(d.severity)) + " " + d.code + ": " + d.message + "\n";
  if (!placed) return d.remedy.empty() ? out : out + "      " + d.remedy + "\n";
  constexpr std::size_t widest = 160;  // a hostile line is shown in part only
  std::string line(sources.line(d.at.file, d.at.line).substr(0, widest));
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::string number = std::to_string(d.at.line);
  number.insert(0, number.size() < 5 ? 5 - number.size() : 0, ' ');
  out += number + " | " + line + "\n";
  const std::size_t column = std::min<std::size_t>(d.at.column ? d.at.column - 1 : 0, line.size());
  const std::size_t room = line.size() > column ? line.size() - column : 1;
  out += std::string(number.size(), ' ') + " | " + std::string(column, ' ') +
         std::string(std::clamp<std::size_t>(d.at.length, 1, std::max<std::size_t>(room, 1)), '^');
  if (!d.remedy.empty()) out += " " + d.remedy;
  return out + "\n";
}

std::string nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 64;  // names beyond this are not worth a suggestion
  if (word.empty() || word.size() > longest) return {};
  std::size_t best = word.size() / 3 + 2;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > longest) continue;
    std::vector<std::size_t> previous(candidate.size() + 1), row(candidate.size() + 1);
    for (std::size_t j = 0; j < previous.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t replace = previous[j - 1] + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        row[j] = std::min({previous[j] + 1, row[j - 1] + 1, replace});
      }
      std::swap(previous, row);
    }
    if (previous.back() < best) {
      best = previous.back();
      found = candidate;
    }
  }
  return std::string(found);
}

}  // namespace faultline
