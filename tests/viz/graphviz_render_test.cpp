#include "viz/graphviz_render.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "graph/dependency_graph.hpp"
#include "viz/dot_writer.hpp"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// A folder of this process, removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("faultline-render-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Empty if the text is well-formed as far as tags, quotes and entities go; else what is wrong.
std::string xml_fault(std::string_view text) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '&') {
      const auto end = text.find(';', at);
      if (end == std::string_view::npos || end - at > 10) return "a bare &";
    }
    if (text[at] != '<') continue;
    const bool comment = text.substr(at).starts_with("<!--");
    const auto end = comment ? text.find("-->", at) : text.find('>', at);
    if (end == std::string_view::npos) return "an open tag";
    const std::string_view tag = text.substr(at + 1, end - at - 1);
    at = end;
    if (comment || tag.starts_with('?') || tag.starts_with('!')) continue;
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "an odd quote";
    const std::string name(tag.substr(0, tag.find_first_of(" \n/", 1)));
    if (tag.starts_with('/')) {
      if (open.empty() || "/" + open.back() != name) return "closed out of turn: " + name;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

// Names made to break quoting, markup, comments and encodings.
const std::vector<std::string> hostile = {"a\"];b[label=\"x",
                                          "<b>bold</b>",
                                          "&amp; & &#0; &nosuch;",
                                          "back\\",
                                          "\\N\\G\\l",
                                          "two\nlines",
                                          "-->",
                                          "]]>",
                                          "port:sw",
                                          "{rec|ord}",
                                          "tab\there",
                                          "\x01\x7f",
                                          "\xff\xfe bad",
                                          "\xed\xa0\x80",
                                          "Zürich 東京 🜂",
                                          "%22",
                                          "\"",
                                          " ",
                                          std::string(300, 'W'),
                                          std::string("nul\0in", 6),
                                          "]>",
                                          "'"};

DependencyGraph hostile_graph() {
  DependencyGraphBuilder builder;
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    const auto kind = static_cast<NodeKind>(i % node_kind_count);
    REQUIRE(builder.add_node({kind, hostile[i], "", i % 2 == 0 ? hostile[i] : "", 1e6}));
  }
  const auto n = static_cast<std::uint32_t>(hostile.size());
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto kind = static_cast<EdgeKind>(i % edge_kind_count);
    REQUIRE(builder.add_edge({i, (i * 5 + 3) % n, kind, 1e5}));
    REQUIRE(builder.add_edge({i, i, EdgeKind::claim, 1e5}));
  }
  return builder.freeze();
}

}  // namespace

TEST_CASE("formats by file name", "[viz]") {
  CHECK(render_format_of("a/b.svg") == RenderFormat::svg);
  CHECK(render_format_of("b.PNG") == RenderFormat::png);
  CHECK(render_format_of("b.pdf") == RenderFormat::pdf);
  CHECK(render_format_of("b.gv") == RenderFormat::dot);
  CHECK_FALSE(render_format_of("b.jpeg"));
  CHECK_FALSE(render_format_of("svg"));
}

TEST_CASE("each format starts as it should", "[viz]") {
  const std::string dot = "digraph g { a -> b }";
  std::string bytes, error;
  const auto render = [&](RenderFormat format) {
    const bool done = render_graph(dot, format, bytes, error);
    CAPTURE(error);
    REQUIRE(done);
    return bytes;
  };
  CHECK(render(RenderFormat::svg).starts_with("<?xml"));
  CHECK(render(RenderFormat::png).starts_with("\x89PNG"));
  CHECK(render(RenderFormat::pdf).starts_with("%PDF"));
  CHECK(render(RenderFormat::dot) == dot);
}

TEST_CASE("hostile names are drawn, not obeyed", "[viz]") {
  const DependencyGraph graph = hostile_graph();
  const std::string dot = write_dot(graph, {hostile[0], hostile[1], hostile[2], true});
  std::string svg, error;
  const bool done = render_graph(dot, RenderFormat::svg, svg, error);
  CAPTURE(error);
  REQUIRE(done);
  CHECK(xml_fault(svg) == "");
  CHECK(svg.find("Zürich 東京") != std::string::npos);
  CHECK(svg.find("&lt;b&gt;bold&lt;/b&gt;") != std::string::npos);
  CHECK(svg.find("<b>") == std::string::npos);
  // As many nodes as were added, besides the samples of the legend.
  std::size_t nodes = 0;
  for (auto at = svg.find("class=\"node\""); at != std::string::npos;
       at = svg.find("class=\"node\"", at + 1)) {
    ++nodes;
  }
  std::size_t samples = 0;
  for (auto at = svg.find("<title>key_"); at != std::string::npos;
       at = svg.find("<title>key_", at + 1)) {
    if (svg.substr(at, svg.find('<', at + 1) - at).find("&gt;") == std::string::npos) ++samples;
  }
  CHECK(nodes - samples == hostile.size());
}

TEST_CASE("what is no graph is refused with Graphviz's words", "[viz]") {
  std::string bytes = "old", error;
  CHECK_FALSE(render_graph("digraph { a -> ", RenderFormat::svg, bytes, error));
  CHECK(bytes.empty());
  CHECK(error.find("not a graph") != std::string::npos);
  CHECK(error.find("syntax error") != std::string::npos);
  CHECK_FALSE(render_graph("", RenderFormat::dot, bytes, error));
  CHECK_FALSE(render_graph(std::string("digraph{}\0", 10), RenderFormat::dot, bytes, error));
  CHECK_FALSE(render_graph("digraph { a } digraph { b }", RenderFormat::dot, bytes, error));
  CHECK_FALSE(render_graph("digraph { a } }", RenderFormat::dot, bytes, error));
  // A failure leaves nothing behind for the next call.
  CHECK(render_graph("digraph { a }", RenderFormat::svg, bytes, error));
  CHECK(error.empty());
}

TEST_CASE("files are written whole or not at all", "[viz]") {
  const Folder folder;
  const std::string dot = "digraph g { a -> b }";
  std::string error;
  const fs::path path = folder.path / "graph.svg";
  REQUIRE(render_graph_to(dot, RenderFormat::svg, path, error));
  const std::string first = content(path);
  REQUIRE(render_graph_to(dot, RenderFormat::svg, path, error));
  CHECK(content(path) == first);
  CHECK(folder.files() == 1);

  CHECK_FALSE(render_graph_to("nonsense", RenderFormat::svg, path, error));
  CHECK(content(path) == first);
  CHECK_FALSE(render_graph_to(dot, RenderFormat::svg, folder.path / "no" / "x.svg", error));
  CHECK(error.find("No such file") != std::string::npos);
  CHECK_FALSE(render_graph_to(dot, RenderFormat::svg, folder.path, error));
  CHECK(error.find("Is a directory") != std::string::npos);

  const fs::path link = folder.path / "link.dot";
  fs::create_symlink(path, link);
  REQUIRE(render_graph_to(dot, RenderFormat::dot, link, error));
  CHECK(fs::is_symlink(link));
  CHECK(content(path) == dot);
  CHECK(folder.files() == 2);
}

TEST_CASE("a full disk is reported and leaves the old picture", "[viz]") {
  const std::string dot = "digraph g { a -> b }";
  std::string error;
  if (fs::exists("/dev/full")) {
    CHECK_FALSE(render_graph_to(dot, RenderFormat::svg, "/dev/full", error));
    CHECK(error.find("No space left") != std::string::npos);
  }
  const Folder folder;
  const fs::path path = folder.path / "graph.svg";
  REQUIRE(render_graph_to(dot, RenderFormat::dot, path, error));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{64, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const bool done = render_graph_to(dot, RenderFormat::svg, path, error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK_FALSE(done);
  CHECK(error.find("File too large") != std::string::npos);
  CHECK(content(path) == dot);
  CHECK(folder.files() == 1);
}

TEST_CASE("calls from several threads take turns", "[viz]") {
  std::vector<std::string> pictures(8);
  std::vector<std::thread> threads;
  for (std::string& picture : pictures) {
    threads.emplace_back([&picture] {
      std::string error;
      render_graph("digraph g { a -> b -> c -> a }", RenderFormat::svg, picture, error);
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK_FALSE(pictures[0].empty());
  for (const std::string& picture : pictures) CHECK(picture == pictures[0]);
}

}  // namespace faultline
