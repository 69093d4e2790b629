#include "viz/graphviz_render.hpp"

#include <fcntl.h>
#include <graphviz/gvc.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#ifdef __SANITIZE_ADDRESS__
/// What Graphviz and the font libraries under it keep for the life of the process is no leak.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig\nleak:libgvc\nleak:libcgraph\nleak:libglib\nleak:libpango\n"
         "leak:libgvplugin\nleak:libcairo\n";
}
#endif

namespace faultline {
namespace {

constexpr std::array<std::pair<std::string_view, RenderFormat>, 5> extensions = {
    {{".svg", RenderFormat::svg},
     {".png", RenderFormat::png},
     {".pdf", RenderFormat::pdf},
     {".dot", RenderFormat::dot},
     {".gv", RenderFormat::dot}}};

// Everything below runs under this lock: libgvc and libcgraph keep global state.
std::mutex& graphviz_lock() {
  static std::mutex lock;
  return lock;
}

// One context for the life of the process, never freed: the pango plugin remembers font names
// across calls, and they would dangle (2.42: a read after free, and layouts that differ from run to
// run).
GVC_t* graphviz_context() {
  static GVC_t* const context = gvContext();
  return context;
}

// Where Graphviz's messages go while the lock is held; it prints to stderr otherwise.
std::string* messages = nullptr;

int keep_message(char* text) {
  if (messages != nullptr && text != nullptr) messages->append(text);
  return 0;
}

// Catches messages and pins the number format to "1.5" for one call, whatever the caller's locale.
class GraphvizScope {
 public:
  explicit GraphvizScope(std::string& text) {
    messages = &text;
    agseterr(AGWARN);
    previous_ = agseterrf(keep_message);
    plain_ = newlocale(LC_ALL_MASK, "C", nullptr);
    if (plain_ != nullptr) caller_ = uselocale(plain_);
  }
  ~GraphvizScope() {
    if (plain_ != nullptr) {
      uselocale(caller_);
      freelocale(plain_);
    }
    agseterrf(previous_);
    messages = nullptr;
  }
  GraphvizScope(const GraphvizScope&) = delete;
  GraphvizScope& operator=(const GraphvizScope&) = delete;

 private:
  agusererrf previous_ = nullptr;
  locale_t plain_ = nullptr;
  locale_t caller_ = nullptr;
};

using ParsedGraph = std::unique_ptr<Agraph_t, decltype(&agclose)>;

// Numbers for names, in order of appearance. Graphviz's own are addresses, and it draws boxes in
// the order of their numbers: the same text would give other bytes the second time. Odd numbers are
// unnamed objects, as in Graphviz.
struct NumberedNames {
  std::map<std::string, IDTYPE, std::less<>> ids;
  std::map<IDTYPE, const std::string*> names;
  IDTYPE next_named = 2, next_unnamed = 1;
};

void* names_open(Agraph_t*, Agdisc_t*) {
  return new NumberedNames;
}
void names_close(void* state) {
  delete static_cast<NumberedNames*>(state);
}
long names_alloc(void*, int, IDTYPE) {
  return 0;
}
void names_free(void*, int, IDTYPE) {}
void names_register(void*, int, void*) {}

long names_map(void* state, int, char* text, IDTYPE* id, int create) {
  auto& known = *static_cast<NumberedNames*>(state);
  if (text == nullptr) {
    *id = known.next_unnamed;
    known.next_unnamed += 2;
    return 1;
  }
  auto it = known.ids.find(std::string_view(text));
  if (it == known.ids.end()) {
    if (create == 0) return 0;
    it = known.ids.emplace(text, known.next_named).first;
    known.names[known.next_named] = &it->first;
    known.next_named += 2;
  }
  *id = it->second;
  return 1;
}

char* names_print(void* state, int, IDTYPE id) {
  const auto& known = *static_cast<const NumberedNames*>(state);
  const auto it = known.names.find(id);
  return it == known.names.end() ? nullptr : const_cast<char*>(it->second->c_str());
}

// Hands the text to Graphviz's lexer piece by piece.
int read_piece(void* channel, char* buffer, int size) {
  auto& rest = *static_cast<std::string_view*>(channel);
  const std::size_t n = std::min(rest.size(), static_cast<std::size_t>(std::max(size, 0)));
  std::copy_n(rest.data(), n, buffer);
  rest.remove_prefix(n);
  return static_cast<int>(n);
}

// The graph of the text; null unless it is one graph and nothing after it. Reading to the end also
// empties the lexer, which would begin the next text with what is left of this one.
ParsedGraph parse(std::string_view text) {
  static Agiddisc_t ids = {names_open,  names_map,   names_alloc,   names_free,
                           names_print, names_close, names_register};
  static Agiodisc_t io = {read_piece, AgIoDisc.putstr, AgIoDisc.flush};
  static Agdisc_t disciplines = {&AgMemDisc, &ids, &io};
  ParsedGraph graph(agread(&text, &disciplines), agclose);
  bool more = false;
  while (graph && ParsedGraph(agread(&text, &disciplines), agclose)) more = true;
  if (more || agerrors() != 0) graph.reset();
  return graph;
}

// A laid-out graph must be freed of its layout before the graph itself.
struct Layout {
  GVC_t* context;
  Agraph_t* graph;
  bool done;
  ~Layout() {
    if (done) gvFreeLayout(context, graph);
  }
};

const char* plugin_name(RenderFormat format) {
  switch (format) {
    case RenderFormat::svg:
      return "svg";
    case RenderFormat::png:
      return "png";
    case RenderFormat::pdf:
      return "pdf";
    case RenderFormat::dot:
      return "dot";
  }
  return "svg";
}

bool fail(std::string& error, std::string what, std::string said) {
  while (!said.empty() && std::isspace(static_cast<unsigned char>(said.back())) != 0) {
    said.pop_back();
  }
  std::replace(said.begin(), said.end(), '\n', ' ');
  error = std::move(what);
  if (!said.empty()) error += " (Graphviz: " + said + ")";
  return false;
}

bool fail_with_errno(std::string& error, const std::string& what, int code) {
  error = what + ": " + std::strerror(code);
  return false;
}

bool render_locked(const std::string& dot, RenderFormat format, std::string& bytes,
                   std::string& error) {
  std::string said;
  const GraphvizScope scope(said);
  agreseterrors();
  const ParsedGraph graph = parse(dot);
  if (!graph) return fail(error, "not a graph in the DOT language", said);
  if (format == RenderFormat::dot) {
    bytes = dot;
    return true;
  }
  // Bitmaps at 144 dots per inch, twice a screen's nominal 72, unless the text chose.
  if (format == RenderFormat::png &&
      agattr(graph.get(), AGRAPH, const_cast<char*>("dpi"), nullptr) == nullptr) {
    agattr(graph.get(), AGRAPH, const_cast<char*>("dpi"), const_cast<char*>("144"));
  }
  GVC_t* const context = graphviz_context();
  if (context == nullptr) return fail(error, "libgvc gave no context", said);
  Layout layout{context, graph.get(), false};
  layout.done = gvLayout(context, graph.get(), "dot") == 0;
  if (!layout.done) {
    return fail(error, "Graphviz could not lay out the graph: is its dot_layout plugin installed?",
                said);
  }
  char* data = nullptr;
  unsigned int length = 0;
  const char* name = plugin_name(format);
  const int code = gvRenderData(context, graph.get(), name, &data, &length);
  if (code != 0 || data == nullptr || length == 0) {
    if (data != nullptr) gvFreeRenderData(data);
    return fail(error,
                std::string("Graphviz could not write ") + name +
                    ": is the plugin for it installed (core for svg, pango for png and pdf)?",
                said);
  }
  bytes.assign(data, length);
  gvFreeRenderData(data);
  return true;
}

// Closes on every way out; `close` reports what the kernel had put off (a full disk, say).
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool open() const { return descriptor_ >= 0; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool sync() const { return ::fsync(descriptor_) == 0; }
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

bool write_directly(const std::string& bytes, const std::filesystem::path& path,
                    std::string& error) {
  File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.open() || !file.write(bytes) || !file.close()) {
    return fail_with_errno(error, "cannot write " + path.string(), errno);
  }
  return true;
}

// Beside the target, so that the rename stays within one file system.
std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> serial{0};
  const std::string mark = std::to_string(::getpid()) + "-" + std::to_string(serial++);
  return path.parent_path() / ("." + path.filename().string() + "." + mark + ".tmp");
}

bool write_whole(const std::string& bytes, const std::filesystem::path& path, std::string& error) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    return fail_with_errno(error, "cannot write " + path.string(), EISDIR);
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return write_directly(bytes, path, error);
  }
  // A link stays a link: what it points to is replaced.
  std::filesystem::path target = path;
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored))) {
    const auto resolved = std::filesystem::canonical(path, ignored);
    if (!resolved.empty()) target = resolved;
  }
  const std::filesystem::path temporary = temporary_beside(target);
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.open()) return fail_with_errno(error, "cannot write " + path.string(), errno);
  if (!file.write(bytes) || !file.sync() || !file.close() ||
      std::rename(temporary.c_str(), target.c_str()) != 0) {
    const int code = errno;
    ::unlink(temporary.c_str());
    return fail_with_errno(error, "cannot write " + path.string(), code);
  }
  return true;
}

}  // namespace

std::optional<RenderFormat> render_format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [name, format] : extensions) {
    if (extension == name) return format;
  }
  return std::nullopt;
}

bool render_graph(const std::string& dot, RenderFormat format, std::string& bytes,
                  std::string& error) {
  bytes.clear();
  error.clear();
  if (dot.find('\0') != std::string::npos) {
    error = "not a graph in the DOT language: it holds a zero byte";
    return false;
  }
  const std::lock_guard guard(graphviz_lock());
  return render_locked(dot, format, bytes, error);
}

bool render_graph_to(const std::string& dot, RenderFormat format, const std::filesystem::path& path,
                     std::string& error) {
  std::string bytes;
  return render_graph(dot, format, bytes, error) && write_whole(bytes, path, error);
}

}  // namespace faultline
