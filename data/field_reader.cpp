#include "data/field_reader.hpp"

#include <algorithm>
#include <cctype>

namespace faultline {

namespace {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 48;
  return "'" + std::string(text.substr(0, most)) + (text.size() > most ? "...'" : "'");
}

/// The noun for one of several: reserves is reserve, losses is loss, entries is entry.
std::string singular(std::string_view word) {
  const auto ends = [&](std::string_view end) {
    return word.size() > end.size() && word.substr(word.size() - end.size()) == end;
  };
  if (ends("ies")) return std::string(word.substr(0, word.size() - 3)) + "y";
  if (ends("sses")) return std::string(word.substr(0, word.size() - 2));
  if (ends("s") && !ends("ss")) return std::string(word.substr(0, word.size() - 1));
  return std::string(word);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view noun_of(Refers family) {
  switch (family) {
    case Refers::asset:
      return "asset";
    case Refers::venue:
      return "venue";
    case Refers::oracle:
      return "oracle";
    case Refers::price:
      return "venue or oracle";
    case Refers::market:
      return "market";
    case Refers::vault:
      return "vault";
    case Refers::fund:
      return "fund";
    case Refers::agent:
      return "agent";
    case Refers::chain:
      return "chain";
    case Refers::nothing:
    case Refers::any:
      return "node";
  }
  return "node";
}

std::string_view word_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "";
}

}  // namespace

std::string Subject::text() const {
  return (noun.empty() ? "" : noun + " ") + in_quotes(name) + (of.empty() ? "" : " of " + of);
}

std::string Subject::owner() const {
  return in_quotes(name) + (of.empty() ? "" : " of " + of);
}

Span ReadContext::at(std::string_view path) const {
  while (!path.empty()) {
    const auto found = places.find(std::string(path));
    if (found != places.end()) return found->second.value;
    const std::size_t dot = path.rfind('.');
    path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return {};
}

FieldReaderBase::FieldReaderBase(const Node& node, std::string path, Subject subject,
                                 ReadContext& context, bool defaults_only)
    : node_(node),
      path_(std::move(path)),
      subject_(std::move(subject)),
      context_(context),
      defaults_only_(defaults_only) {
  if (node_.is_map() || node_.is_null()) return;
  fail("E0201", node_.span,
       subject_.text() + " takes a map of its fields, not " + std::string(word_of(node_.kind)),
       "write " + in_quotes(subject_.name + ": {...}"));
  defaults_only_ = true;
}

const Entry* FieldReaderBase::take(std::string_view name, const Field& field) {
  declared_.push_back(name);
  const Entry* entry = node_.entry(name);
  if (entry != nullptr) taken_.push_back(entry);
  if (field.required && !defaults_only_ && (entry == nullptr || entry->value.is_off())) {
    missing_.push_back(name);
  }
  return entry;
}

std::string FieldReaderBase::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

Subject FieldReaderBase::subject_of(std::string_view name) const {
  return {{}, std::string(name), subject_.owner()};
}

Subject FieldReaderBase::subject_of(std::string_view name, std::string_view key) const {
  return {singular(name), std::string(key), subject_.owner()};
}

void FieldReaderBase::fail(std::string_view code, Span at, std::string message,
                           std::string remedy) {
  ok_ = false;
  context_.reading.error(code, at, std::move(message), std::move(remedy));
}

bool FieldReaderBase::want_scalar(const Node& value, std::string_view name, ValueKind kind) {
  if (value.is_scalar()) return true;
  const std::string remedy = "write for example " + std::string(kind.example);
  if (value.is_null()) {
    fail("E0202", value.span, in_quotes(name) + " has no value", remedy + ", or leave the key out");
  } else {
    fail("E0201", value.span,
         in_quotes(name) + " takes " + std::string(kind.what) + ", not " +
             std::string(word_of(value.kind)),
         remedy);
  }
  return false;
}

bool FieldReaderBase::want_kind(const Node& value, Node::Kind kind, std::string_view name) {
  if (value.kind == kind) return true;
  if (value.is_null()) {
    fail("E0202", value.span, in_quotes(name) + " has no value", "write one, or leave the key out");
    return false;
  }
  fail("E0201", value.span,
       in_quotes(name) + " of " + subject_.owner() + " takes " + std::string(word_of(kind)) +
           ", not " + std::string(word_of(value.kind)),
       "write " + in_quotes(std::string(name) + ": {NAME: ...}"));
  return false;
}

bool FieldReaderBase::accept(std::optional<ValueError> error, const Node& value) {
  if (!error) return true;
  fail(error->code, value.span, std::move(error->message), std::move(error->remedy));
  return false;
}

bool FieldReaderBase::check_name(std::string_view word, Refers family, const Node& value) {
  if (family == Refers::nothing) return true;
  std::vector<std::string_view> known;
  bool listed = false;
  for (const auto& [names_of, names] : context_.names) {
    const bool priced = names_of == Refers::venue || names_of == Refers::oracle;
    const bool meant =
        family == Refers::any || names_of == family || (family == Refers::price && priced);
    if (!meant) continue;
    listed = true;
    if (names.find(word) != names.end()) return true;
    if (!context_.reading.full()) known.insert(known.end(), names.begin(), names.end());
  }
  if (!listed) return true;
  const std::string noun(noun_of(family));
  const std::string near = suggest(word, known);
  std::string remedy = near.empty() ? "" : "did you mean '" + near + "'? ";
  if (family == Refers::any) {
    remedy += remedy.empty() ? "declare it" : "Or declare it";
  } else if (family == Refers::price) {
    remedy += remedy.empty() ? "name a venue, a family of venues or an oracle" : "";
  } else {
    remedy += (remedy.empty() ? "declare it under '" : "Or declare it under '") + noun + "s'";
  }
  fail("E0330", value.span, "no " + noun + " " + in_quotes(word), remedy);
  return false;
}

bool FieldReaderBase::check_unit(const std::string& unit, const Node& value) {
  if (unit == "$" || unit.empty()) return true;
  Node at_unit = value;
  const std::size_t found = value.text.find(unit);
  if (found != std::string::npos && !value.quoted && value.span.line != 0) {
    at_unit.span.column += static_cast<std::uint32_t>(found);
    at_unit.span.length = static_cast<std::uint32_t>(unit.size());
  }
  return check_name(unit, Refers::asset, at_unit);
}

void FieldReaderBase::add_hint(std::string_view word) {
  for (const AssetHint& asset : context_.assets) {
    if (asset.name == word) hints_.push_back(asset);
  }
}

/// Looks for the asset meant: a name on the way to the field, a value beside it, a name in a word.
void FieldReaderBase::make_hints(std::string_view name) {
  hints_.clear();
  const std::string path = path_of(name);
  std::size_t end = path.size();
  for (std::size_t i = path.size(); i-- > 0 && hints_.empty();) {
    if (i != 0 && path[i] != '.' && path[i] != '/') continue;
    const std::size_t begin = i == 0 ? 0 : i + 1;
    add_hint(std::string_view(path).substr(begin, end - begin));
    end = i;
  }
  for (const Entry& entry : node_.entries) {
    if (hints_.empty() && entry.value.is_scalar()) add_hint(entry.value.text);
  }
  if (!hints_.empty()) return;
  const std::string low = lower(path);
  const AssetHint* best = nullptr;
  for (const AssetHint& asset : context_.assets) {
    if (asset.name.size() < 3 || low.find(lower(asset.name)) == std::string::npos) continue;
    if (best == nullptr || asset.name.size() > best->name.size()) best = &asset;
  }
  if (best != nullptr) hints_.push_back(*best);
}

Wanted FieldReaderBase::wanted(std::string_view name, const Field& field, bool with_hints) {
  Wanted out{.field = name, .lo = field.lo, .hi = field.hi, .choices = field.choices};
  if (with_hints && !context_.reading.full()) {
    make_hints(name);
    out.hints = hints_;
  }
  return out;
}

void FieldReaderBase::place(const std::string& path, Span key, const Node& value) {
  context_.places.insert_or_assign(path, Place{key, value.span});
}

void FieldReaderBase::assume(const std::string& path, std::string text, std::string source) {
  context_.assumptions.push_back({path, std::move(text), std::move(source)});
}

void FieldReaderBase::note_origin(const std::string& path, const Node& value) {
  if (value.origin == 0) return;
  const Origin& origin = context_.reading.origins[value.origin];
  std::string source = origin.preset;
  if (!origin.source.empty()) source += ": " + origin.source;
  if (!origin.as_of.empty()) source += " (" + origin.as_of + ")";
  assume(path, value.text, std::move(source));
}

void FieldReaderBase::report_unknown(const Entry& entry,
                                     std::span<const std::string_view> also_known) {
  const std::string key(entry.key);
  if (key.empty()) {
    fail("E0201", entry.value.span,
         subject_.text() + " is a single value below and a map here: one cannot hold the other",
         "write its value under a key of its own");
    return;
  }
  std::string near = context_.reading.full() ? std::string{} : suggest(key, missing_);
  if (!near.empty()) {
    missing_.erase(std::find(missing_.begin(), missing_.end(), near));
  } else {
    std::vector<std::string_view> known = declared_;
    known.insert(known.end(), also_known.begin(), also_known.end());
    if (!context_.reading.full()) near = suggest(key, known);
  }
  std::string remedy;
  if (!near.empty()) {
    remedy = "did you mean '" + near + "'?";
  } else if (declared_.size() <= 12) {
    for (const std::string_view name : declared_) {
      remedy += (remedy.empty() ? "known here: " : ", ") + std::string(name);
    }
  } else {
    remedy = "'faultline schema' lists what is known here";
  }
  const std::string what = "unknown key " + in_quotes(key) + " in " + subject_.text();
  if (!entry.value.is_off()) {
    fail("E0203", entry.key_span, what, remedy);
  } else if (!entry.value.removed) {
    context_.reading.diagnostics.warning("W0203", entry.key_span, what + " is off", remedy);
  }
}

bool FieldReaderBase::finish(std::span<const std::string_view> also_known) {
  if (node_.is_map()) {
    for (const Entry& entry : node_.entries) {
      if (std::find(taken_.begin(), taken_.end(), &entry) != taken_.end()) continue;
      if (std::find(also_known.begin(), also_known.end(), entry.key) != also_known.end()) continue;
      report_unknown(entry, also_known);
    }
  }
  if (!missing_.empty()) {
    std::string list;
    for (const std::string_view name : missing_) {
      list += (list.empty() ? "" : ", ") + in_quotes(name);
    }
    fail("E0204", node_.span, subject_.text() + " does not say its " + list,
         "add " + in_quotes(std::string(missing_.front()) + ": ..."));
  }
  return ok_;
}

}  // namespace faultline
