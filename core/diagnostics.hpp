// Diagnostics are values: what is wrong, where, and what to write instead. Readers and checks
// append to a list and go on, so that one run reports every mistake of a file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

/// A stretch of one line of one source file; line and column count from 1, 0 means "nowhere".
struct Span {
  std::uint32_t file = 0;  // index into Sources
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;
};

enum class Severity { error, warning, note };

/// One finding. `remedy` stands under the caret ("did you mean 'supplied'?", "write $120m").
struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;  // stable: E0203
  Span at;
  std::string message;
  std::string remedy;
};

/// The files a diagnostic may point into, kept to show the offending line.
class Sources {
 public:
  /// Adds a file's text under the name shown to users; gives its index.
  std::uint32_t add(std::string name, std::string text);
  const std::string& name(std::uint32_t file) const { return files_[file].name; }
  const std::string& text(std::uint32_t file) const { return files_[file].text; }
  std::size_t size() const { return files_.size(); }
  /// The line's text without its end; empty where there is none.
  std::string_view line(std::uint32_t file, std::uint32_t number) const;

 private:
  struct File {
    std::string name, text;
    std::vector<std::size_t> starts;
  };
  std::vector<File> files_;
};

/// Findings in the order they were made; `sorted` gives them by place.
class Diagnostics {
 public:
  void error(std::string code, Span at, std::string message, std::string remedy = {});
  void warning(std::string code, Span at, std::string message, std::string remedy = {});
  void note(std::string code, Span at, std::string message, std::string remedy = {});
  bool failed() const { return errors_ != 0; }
  std::size_t errors() const { return errors_; }
  std::span<const Diagnostic> all() const { return all_; }
  /// By file, line and column; findings of one place keep their order.
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
};

/// Renders one finding as `file:line:col: error E0203: message`, the line, and a caret with the
/// remedy.
std::string render(const Diagnostic& d, const Sources& sources);

/// The name among `candidates` nearest to `word` within edit distance length/3 + 1; empty if none.
std::string nearest_name(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace faultline
