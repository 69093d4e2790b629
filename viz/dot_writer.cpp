#include "viz/dot_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace faultline {
namespace {

// Colours after Okabe and Ito (2008), told apart with any common colour blindness; where two kinds
// share a hue, the line's style differs.
struct EdgeStyle {
  std::string_view colour, line;
};
constexpr std::array<EdgeStyle, edge_kind_count> edge_styles = {{
    {"#0072B2", "solid"},   // prices
    {"#009E73", "solid"},   // collateral
    {"#D55E00", "solid"},   // claim
    {"#E69F00", "dashed"},  // trades
    {"#E69F00", "solid"},   // depth
    {"#AA4499", "solid"},   // funds
    {"#009E73", "dashed"},  // insures
    {"#555555", "dashed"},  // capital
    {"#555555", "dotted"},  // owner
    {"#888888", "solid"},   // hosts
    {"#D55E00", "dotted"},  // bridges
    {"#0072B2", "dotted"},  // watches
}};

struct NodeStyle {
  std::string_view shape, fill, border, margin;
};
constexpr std::array<NodeStyle, node_kind_count> node_styles = {{
    {"ellipse", "#E3EEF8", "#3B6EA5", "0.06,0.03"},
    {"cylinder", "#FDEFD5", "#B9770E", "0.12,0.09"},
    {"hexagon", "#FFFBDC", "#9A8700", "0.0,0.02"},
    {"box", "#DFF2EC", "#00795A", "0.12,0.05"},
    {"folder", "#F5E4F0", "#8E3B80", "0.12,0.06"},
    {"octagon", "#E9E9E9", "#555555", "0.04,0.02"},
    {"cds", "#FFFFFF", "#444444", "0.27,0.12"},
    {"component", "#F2F2F2", "#666666", "0.14,0.06"},
    {"note", "#FFFFFF", "#444444", "0.16,0.06"},
}};

struct StateStyle {
  std::string_view name, fill, border, text;
};
constexpr std::array<StateStyle, outcome_state_count> state_styles = {{
    {"sound", "#FFFFFF", "#9AA0A6", "#202124"},
    {"stressed", "#FBE8A6", "#A88400", "#202124"},
    {"illiquid", "#F5A94B", "#A35A00", "#202124"},
    {"insolvent", "#C8400B", "#7A2300", "#FFFFFF"},
    {"failed", "#3A1030", "#000000", "#FFFFFF"},
}};

constexpr std::array<std::pair<double, double>, 6> width_steps = {
    {{0, 0.7}, {1e6, 1.0}, {1e7, 1.5}, {1e8, 2.3}, {1e9, 3.4}, {1e10, 4.8}}};

constexpr int column_count = 7;
constexpr std::uint32_t no_node = 0xffffffff;

// One line of the picture: all edges between two nodes, drawn from the left column to the right.
struct Line {
  std::uint32_t left = 0, right = 0;
  bool forward = false, backward = false;
  std::uint32_t kinds = 0;  // one bit an EdgeKind
  double exposure_usd = 0;
  bool spread_forward = false, spread_backward = false;  // distress went along it
  std::string left_box = {}, right_box = {};             // boxes it stops at, in place of a node
};

// A box and the boxes in it; nodes are sorted because they are added in order.
struct Box {
  std::map<std::string, Box> inner;
  std::vector<std::uint32_t> nodes;
  std::string id = {};
};

// The code point at `at` and its length; length 0 where the bytes are not UTF-8.
std::pair<char32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {0, 0};
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {0, 0};
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {0, 0};
  return {value, length};
}

// Text for an HTML-like label: markup escaped, white space and controls to blanks, at most `limit`
// characters.
std::string html(std::string_view text, std::size_t limit = 200) {
  std::string out;
  std::size_t shown = 0;
  for (std::size_t at = 0; at < text.size(); ++shown) {
    if (shown == limit) return out + "…";
    const auto [value, length] = code_point(text, at);
    const std::string_view bytes = text.substr(at, std::max<std::size_t>(length, 1));
    at += bytes.size();
    if (length == 0 || value == 0xFFFE || value == 0xFFFF) {
      out += "\uFFFD";
    } else if (value < 0x20 || (value >= 0x7F && value < 0xA0)) {
      out += ' ';
    } else if (value == '<') {
      out += "&lt;";
    } else if (value == '>') {
      out += "&gt;";
    } else if (value == '&') {
      out += "&amp;";
    } else if (value == '"') {
      out += "&quot;";
    } else {
      out += bytes;
    }
  }
  return out;
}

// Text for a quoted attribute that Graphviz reads escapes and entities in (tooltips).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : html(text)) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A node's identifier: readable, and one-to-one whatever the name holds.
std::string node_id(const GraphNode& node) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "\"" + std::string(to_string(node.kind)) + ":";
  for (const char c : node.name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_-.+/ ").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out + "\"";
}

// Fixed digits, in no locale.
std::string fixed(double value, int digits) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, digits);
  return std::string(text.data(), end.ptr);
}

std::string line_width(double usd, double factor = 1) {
  double width = width_steps[0].second;
  for (const auto& [from, w] : width_steps) {
    if (usd >= from) width = w;
  }
  return fixed(width * factor, 1);
}

// Issuers (liquid staking, stablecoins) stand left of the venues their claims trade at: others
// hold or take in what they issue, and no market's claim stands behind it.
bool issues_upstream(const DependencyGraph& graph, std::uint32_t node) {
  const auto outs = graph.out(node);
  const bool issues = std::any_of(outs.begin(), outs.end(), [](const GraphEdge& e) {
    return e.kind == EdgeKind::collateral || e.kind == EdgeKind::claim;
  });
  const auto ins = graph.in(node);
  return issues && std::none_of(ins.begin(), ins.end(), [&](std::uint32_t i) {
           const GraphEdge& e = graph.edges()[i];
           return e.kind == EdgeKind::claim && graph.nodes()[e.from].kind == NodeKind::market;
         });
}

int column_of(const DependencyGraph& graph, std::uint32_t node) {
  switch (graph.nodes()[node].kind) {
    case NodeKind::asset:
    case NodeKind::chain:
      return 0;
    case NodeKind::venue:
      return 2;
    case NodeKind::oracle:
      return 3;
    case NodeKind::market:
      return 4;
    case NodeKind::vault:
      return issues_upstream(graph, node) ? 1 : 5;
    case NodeKind::fund:
      return 5;
    case NodeKind::agent:
    case NodeKind::entity:
      return 6;
  }
  return 0;
}

std::string_view top_box(std::string_view cluster) {
  return cluster.substr(0, cluster.find('/'));
}

// Writes one picture; the parts are written in the order in which they stand in the text.
class Writer {
 public:
  Writer(const DependencyGraph& graph, const DotOptions& options, const GraphOutcome* outcome)
      : graph_(graph),
        options_(options),
        outcome_(outcome),
        chain_box_(graph.node_count()),
        box_of_(graph.node_count()) {
    for (std::uint32_t i = 0; i < graph.node_count(); ++i) {
      columns_.push_back(column_of(graph, i));
      place(i);
    }
    name_boxes(boxes_);
    collect_lines();
    let_boxes_stand_for_chains();
  }

  std::string write() {
    head();
    box_contents(boxes_, "  ");
    if (options_.legend) keys();
    ranks();
    for (const Line& one : lines_) line(one);
    return std::move(out_) + "}\n";
  }

 private:
  const GraphNode& at(std::uint32_t node) const { return graph_.nodes()[node]; }
  const NodeOutcome* outcome_of(std::uint32_t node) const {
    return outcome_ == nullptr ? nullptr : &outcome_->nodes[node];
  }

  void place(std::uint32_t node);
  void name_boxes(Box& box);
  bool told_by_box(const GraphEdge& e, std::set<std::pair<std::uint32_t, std::string>>& done);
  bool lone_chain(std::uint32_t node) const;
  bool told_by_feed(const GraphEdge& e) const;
  bool spread_along(const GraphEdge& e) const;
  void collect_lines();
  void merge_lines(std::uint32_t Line::*end, std::string Line::*end_box);
  void let_boxes_stand_for_chains();
  void head();
  std::string legend() const;
  void box_contents(const Box& box, const std::string& indent);
  std::string box_style(const std::string& name, bool outer) const;
  void node(std::uint32_t index, const std::string& indent);
  std::vector<std::string> lines_after(std::uint32_t index) const;
  void keys();
  void ranks();
  void line(const Line& one);

  const DependencyGraph& graph_;
  const DotOptions& options_;
  const GraphOutcome* outcome_;
  std::vector<bool> chain_box_;  // node -> drawn as the box of its name
  std::vector<int> columns_;
  std::vector<const Box*> box_of_;  // node -> the innermost box it stands in; null: none
  Box boxes_;
  std::uint32_t box_count_ = 0;
  std::vector<Line> lines_;
  std::uint32_t kinds_used_ = 0;
  std::array<std::string, column_count> rows_;  // what stands in each column, as statements
  std::string out_;
};

void Writer::place(std::uint32_t node) {
  Box* box = &boxes_;
  std::string_view rest = at(node).cluster;
  while (!rest.empty()) {
    const std::string_view name = top_box(rest);
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (!name.empty()) box = &box->inner[std::string(name)];
  }
  box->nodes.push_back(node);
}

void Writer::name_boxes(Box& box) {
  for (auto& [name, inner] : box.inner) {
    inner.id = "cluster_" + std::to_string(box_count_++);
    for (const std::uint32_t node : inner.nodes) box_of_[node] = &inner;
    name_boxes(inner);
  }
}

// The one chain there is, and nothing happened to it: everything stands on it, nothing is to draw.
bool Writer::lone_chain(std::uint32_t node) const {
  const auto chains = std::count_if(graph_.nodes().begin(), graph_.nodes().end(),
                                    [](const GraphNode& n) { return n.kind == NodeKind::chain; });
  const NodeOutcome* after = outcome_of(node);
  return chains == 1 && at(node).cluster.empty() && (after == nullptr || after->hop == no_hop);
}

// A price that moves a market through its feed needs no second line past the feed.
bool Writer::told_by_feed(const GraphEdge& e) const {
  if (e.kind != EdgeKind::prices || at(e.from).kind != NodeKind::asset ||
      at(e.to).kind != NodeKind::market) {
    return false;
  }
  const auto outs = graph_.out(e.from);
  return std::any_of(outs.begin(), outs.end(), [&](const GraphEdge& first) {
    if (at(first.to).kind != NodeKind::oracle) return false;
    const auto next = graph_.out(first.to);
    return std::any_of(next.begin(), next.end(), [&](const GraphEdge& f) { return f.to == e.to; });
  });
}

// A chain's edges into its own box say what the box says; into another box, one stands for all.
bool Writer::told_by_box(const GraphEdge& e,
                         std::set<std::pair<std::uint32_t, std::string>>& done) {
  if (e.kind != EdgeKind::hosts) return false;
  if (lone_chain(e.from)) return true;
  const std::string box(top_box(at(e.to).cluster));
  if (box.empty()) return false;
  const GraphNode& chain = at(e.from);
  if (box == top_box(chain.cluster) || box == chain.name || box == chain.label) return true;
  return !done.emplace(e.from, box).second;
}

bool Writer::spread_along(const GraphEdge& e) const {
  const NodeOutcome* from = outcome_of(e.from);
  const NodeOutcome* to = outcome_of(e.to);
  if (from == nullptr || from->hop == no_hop || to->hop == no_hop) return false;
  // Reached at once by several roads (an asset moves a feed and a market's collateral): the road
  // from the left column was taken too.
  return from->hop < to->hop || (from->hop == to->hop && columns_[e.from] < columns_[e.to]);
}

void Writer::collect_lines() {
  std::map<std::pair<std::uint32_t, std::uint32_t>, Line> by_pair;
  std::set<std::pair<std::uint32_t, std::string>> hosted;
  for (const GraphEdge& e : graph_.edges()) {
    if (told_by_box(e, hosted) || told_by_feed(e)) continue;
    const bool forward = std::pair(columns_[e.from], e.from) <= std::pair(columns_[e.to], e.to);
    const auto [left, right] = forward ? std::pair(e.from, e.to) : std::pair(e.to, e.from);
    Line& line = by_pair[{left, right}];
    line.left = left;
    line.right = right;
    (forward ? line.forward : line.backward) = true;
    if (spread_along(e)) (forward ? line.spread_forward : line.spread_backward) = true;
    const std::uint32_t bit = 1U << static_cast<unsigned>(e.kind);
    line.kinds |= bit;
    kinds_used_ |= bit;
    // A loan and the claim on it are the same dollars: the strands share the largest.
    line.exposure_usd = std::max(line.exposure_usd, e.exposure_usd);
    const auto box = boxes_.inner.find(std::string(top_box(at(e.to).cluster)));
    if (e.kind == EdgeKind::hosts && box != boxes_.inner.end()) line.right_box = box->second.id;
  }
  for (auto& [pair, line] : by_pair) lines_.push_back(std::move(line));
  merge_lines(&Line::right, &Line::right_box);
  merge_lines(&Line::left, &Line::left_box);
}

// Where every node of a box of three or more has the same line to one place, one line to the box
// stands for all; it is drawn to the middle node and cut at the box.
void Writer::merge_lines(std::uint32_t Line::*end, std::string Line::*end_box) {
  const bool right = end == &Line::right;
  using Key =
      std::tuple<std::uint32_t, std::string, std::string, std::uint32_t, std::array<bool, 4>>;
  std::map<Key, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Line& l = lines_[i];
    if (!(l.*end_box).empty() || box_of_[l.*end] == nullptr) continue;
    const std::string& other_box = right ? l.left_box : l.right_box;
    const std::uint32_t other = other_box.empty() ? (right ? l.left : l.right) : no_node;
    alike[{other,
           other_box,
           box_of_[l.*end]->id,
           l.kinds,
           {l.forward, l.backward, l.spread_forward, l.spread_backward}}]
        .push_back(i);
  }
  std::vector<bool> gone(lines_.size());
  for (const auto& [key, members] : alike) {
    const Box& box = *box_of_[lines_[members[0]].*end];
    if (members.size() < 3 || members.size() != box.nodes.size()) continue;
    Line& kept = lines_[members[members.size() / 2]];
    double usd = 0;
    for (const std::size_t i : members) {
      usd += lines_[i].exposure_usd;
      gone[i] = true;
    }
    gone[members[members.size() / 2]] = false;
    kept.exposure_usd = usd;
    kept.*end_box = box.id;
  }
  std::vector<Line> rest;
  for (std::size_t i = 0; i < lines_.size(); ++i)
    if (!gone[i]) rest.push_back(std::move(lines_[i]));
  lines_ = std::move(rest);
}

// A chain of which nothing is left to draw but its box is that box.
void Writer::let_boxes_stand_for_chains() {
  std::vector<bool> drawn(graph_.node_count());
  for (const Line& line : lines_) drawn[line.left] = drawn[line.right] = true;
  for (std::uint32_t i = 0; i < graph_.node_count(); ++i) {
    const GraphNode& n = at(i);
    chain_box_[i] = n.kind == NodeKind::chain && n.cluster.empty() && !drawn[i] &&
                    (boxes_.inner.contains(n.name) || lone_chain(i));
  }
}

// A row of the legend: a title, then samples with a word each; rows share one grid.
struct LegendRow {
  std::string_view title;
  std::vector<std::pair<std::string, std::string>> samples;
};

// A short stroke in the line's colour and style, built of filled cells.
std::string stroke(std::string_view colour, std::string_view line, int thick) {
  const int cells = line == "dotted" ? 6 : line == "dashed" ? 3 : 1;
  const int width = line == "dotted" ? 3 : line == "dashed" ? 8 : 30;
  std::string row;
  for (int i = 0; i < cells; ++i) {
    row += "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"" + std::to_string(width) + "\" HEIGHT=\"" +
           std::to_string(thick) + "\" BGCOLOR=\"" + std::string(colour) + "\"></TD>";
  }
  return "<TD><TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"0\" CELLSPACING=\"" +
         std::string(cells > 1 ? "3" : "0") + "\"><TR>" + row + "</TR></TABLE></TD>";
}

std::string swatch(const StateStyle& style) {
  return "<TD><TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLPADDING=\"0\" CELLSPACING=\"0\"><TR>"
         "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"30\" HEIGHT=\"13\" COLOR=\"" +
         std::string(style.border) + "\" BGCOLOR=\"" + std::string(style.fill) +
         "\"></TD></TR></TABLE></TD>";
}

std::string legend_word(std::string_view text, std::string_view colour) {
  return "<TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"13\" COLOR=\"" + std::string(colour) + "\">" +
         std::string(text) + "  </FONT></TD>";
}

std::string legend_table(const std::vector<LegendRow>& rows) {
  std::size_t most = 0;
  for (const LegendRow& row : rows) most = std::max(most, row.samples.size());
  std::string table;
  for (const LegendRow& row : rows) {
    if (row.samples.empty()) continue;
    table += "\n      <TR>" + legend_word(row.title, "#80868B");
    for (const auto& [sample, word] : row.samples) table += sample + legend_word(word, "#3C4043");
    const std::size_t rest = 2 * (most - row.samples.size());
    if (rest > 0) table += "<TD COLSPAN=\"" + std::to_string(rest) + "\"></TD>";
    table += "</TR>";
  }
  if (table.empty()) return {};
  return "\n    <TR><TD ALIGN=\"LEFT\"><TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"1\" "
         "CELLSPACING=\"2\">" +
         table + "</TABLE></TD></TR>";
}

std::string Writer::legend() const {
  LegendRow kinds{"distress travels by", {}}, widths{"dollars exposed", {}},
      states{"after the run", {}};
  for (std::size_t k = 0; k < edge_kind_count; ++k) {
    if ((kinds_used_ >> k & 1U) == 0) continue;
    kinds.samples.emplace_back(stroke(edge_styles[k].colour, edge_styles[k].line, 3),
                               to_string(static_cast<EdgeKind>(k)));
  }
  for (std::size_t i = 0; i < width_steps.size() && kinds_used_ != 0; ++i) {
    const std::string words =
        i == 0 ? "&lt; " + short_usd(width_steps[1].first) : "≥ " + short_usd(width_steps[i].first);
    widths.samples.emplace_back(stroke("#5F6368", "solid", static_cast<int>(i) + 1), words);
  }
  if (outcome_ != nullptr) {
    for (const StateStyle& s : state_styles) states.samples.emplace_back(swatch(s), s.name);
    states.samples.emplace_back(stroke("#C4C7CC", "solid", 3), "not taken");
  }
  return legend_table({kinds, widths, states});
}

void Writer::head() {
  out_ +=
      "digraph faultline {\n"
      "  graph [rankdir=LR, newrank=true, compound=true, splines=true, outputorder=edgesfirst,\n"
      "    nodesep=0.14, ranksep=\"0.75\", pad=0.3, bgcolor=\"#FFFFFF\", charset=\"UTF-8\",\n"
      "    fontname=\"Helvetica,Arial,DejaVu Sans\", fontsize=12, labelloc=t, labeljust=l";
  std::string table;
  const auto text_row = [&](const std::string& text, const char* size, const char* colour,
                            bool bold) {
    if (text.empty()) return;
    table += "\n    <TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"" + std::string(size) +
             "\" COLOR=\"" + colour + "\">" + (bold ? "<B>" : "") + html(text) +
             (bold ? "</B>" : "") + "</FONT></TD></TR>";
  };
  text_row(options_.title, "30", "#202124", true);
  text_row(options_.scenario, "18", "#3C4043", false);
  text_row(options_.date, "14", "#5F6368", false);
  if (options_.legend) table += legend();
  if (!table.empty()) {
    out_ += ",\n    label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"1\">" + table +
            "\n    </TABLE>>";
  }
  out_ +=
      "];\n"
      "  node [fontname=\"Helvetica,Arial,DejaVu Sans\", fontsize=13, style=filled,\n"
      "    fontcolor=\"#202124\", width=0.6, height=0.4, penwidth=1.2];\n"
      "  edge [arrowsize=0.65];\n";
}

// The box of a chain that is drawn as a box shows the chain's state.
std::string Writer::box_style(const std::string& name, bool outer) const {
  const auto chain = graph_.find(NodeKind::chain, name);
  std::string words = "<B>" + html(name, 60) + "</B>";
  std::string border = outer ? "#C0C6CF" : "#D7DBE0";
  if (outer && chain && chain_box_[*chain]) {
    words += "<FONT POINT-SIZE=\"12\" COLOR=\"#5F6368\">  chain";
    const std::vector<std::string> lines = lines_after(*chain);
    if (!lines.empty()) {
      words += " · " + lines[0];
      border = state_styles[static_cast<std::size_t>(outcome_of(*chain)->state)].border;
    }
    words += "</FONT>";
  }
  return "label=<" + words + ">, labeljust=l, labelloc=t, style=\"rounded,filled\", color=\"" +
         border + "\", fillcolor=\"" + (outer ? "#F8F9FB" : "#EEF0F4") + "\", fontcolor=\"" +
         (outer ? "#3C4043\", fontsize=19, margin=14" : "#5F6368\", fontsize=13, margin=9");
}

void Writer::box_contents(const Box& box, const std::string& indent) {
  for (const auto& [name, inner] : box.inner) {
    out_ += indent + "subgraph " + inner.id + " {\n" + indent + "  graph [" +
            box_style(name, indent.size() == 2) + "];\n";
    box_contents(inner, indent + "  ");
    out_ += indent + "}\n";
  }
  for (const std::uint32_t index : box.nodes) {
    if (!chain_box_[index]) node(index, indent);
  }
}

// What the run did to a node, in words, on one line or two; empty where nothing.
std::vector<std::string> Writer::lines_after(std::uint32_t index) const {
  constexpr std::size_t short_enough = 34;
  const NodeOutcome* after = outcome_of(index);
  if (after == nullptr) return {};
  std::vector<std::string> parts;
  if (after->hop == 0) parts.emplace_back("shocked");
  const bool hurt = after->state != OutcomeState::sound;
  // The colour says stressed; a node's own words say how.
  if (hurt && (after->state != OutcomeState::stressed || after->note.empty())) {
    parts.emplace_back(to_string(after->state));
  }
  if (hurt && after->loss_usd > 0) parts.push_back("−" + short_usd(after->loss_usd));
  if (hurt && after->when_s > 0) parts.push_back(short_time(after->when_s));
  std::string words;
  for (const std::string& part : parts) words += (words.empty() ? "" : " · ") + part;
  std::vector<std::string> lines;
  const std::string note = after->hop == no_hop ? "" : html(after->note, 60);
  if (note.empty() || words.empty() || words.size() + note.size() <= short_enough) {
    words += (words.empty() || note.empty() ? "" : " · ") + note;
    if (!words.empty()) lines.push_back(words);
    return lines;
  }
  return {words, note};
}

void Writer::node(std::uint32_t index, const std::string& indent) {
  const GraphNode& n = at(index);
  const NodeStyle& style = node_styles[static_cast<std::size_t>(n.kind)];
  const NodeOutcome* after = outcome_of(index);
  std::string_view fill = style.fill, border = style.border, text = "#202124", faint = "#5F6368";
  if (after != nullptr) {
    const StateStyle& state = state_styles[static_cast<std::size_t>(after->state)];
    fill = state.fill, border = state.border, text = state.text;
    if (after->state != OutcomeState::sound) faint = text;
    if (after->state == OutcomeState::sound && after->hop != no_hop) border = "#202124";
  }
  const auto small = [&](const std::string& words, std::string_view colour) {
    return "<BR/><FONT POINT-SIZE=\"10\" COLOR=\"" + std::string(colour) + "\">" + words +
           "</FONT>";
  };
  const std::uint32_t many = index < options_.members.size() ? options_.members[index] : 1;
  std::string second(to_string(n.kind));
  if (many > 1) second = std::to_string(many) + " " + second + "s";
  if (n.exposure_usd > 0) second += " · " + short_usd(n.exposure_usd);
  std::string label =
      "<B>" + html(n.label.empty() ? n.name : n.label, 36) + "</B>" + small(second, faint);
  for (const std::string& words : lines_after(index)) label += small(words, text);

  rows_[static_cast<std::size_t>(columns_[index])] += " " + node_id(n) + ";";
  out_ += indent + node_id(n) + " [shape=" + std::string(style.shape) + ", margin=\"" +
          std::string(style.margin) + "\", fillcolor=\"" + std::string(fill) + "\", color=\"" +
          std::string(border) + "\", fontcolor=\"" + std::string(text) + "\"";
  if (n.kind == NodeKind::market) out_ += ", style=\"rounded,filled\"";
  if (after != nullptr && after->hop == 0) out_ += ", penwidth=4";
  out_ += ",\n" + indent + "  label=<" + label +
          ">, tooltip=" + quoted(std::string(to_string(n.kind)) + " " + n.name) + "];\n";
}

// One sample of each shape in use, at the head of the column it stands in. An invisible chain keeps
// the samples in one component of the layout, which dot sets above the rest.
void Writer::keys() {
  std::array<std::set<NodeKind>, column_count> kinds;
  for (std::uint32_t i = 0; i < graph_.node_count(); ++i) {
    if (!chain_box_[i]) kinds[static_cast<std::size_t>(columns_[i])].insert(at(i).kind);
  }
  out_ += "  subgraph cluster_key {\n    graph [style=invis, label=\"\", margin=4];\n";
  std::string previous, chain;
  for (std::size_t column = 0; column < kinds.size(); ++column) {
    std::string first;
    for (const NodeKind kind : kinds[column]) {
      const NodeStyle& style = node_styles[static_cast<std::size_t>(kind)];
      const std::string id = "key_" + std::to_string(column) + "_" + std::string(to_string(kind));
      out_ += "    " + id + " [shape=" + std::string(style.shape) + ", margin=\"" +
              std::string(style.margin) + "\", fillcolor=\"" +
              std::string(outcome_ == nullptr ? style.fill : "#FFFFFF") + "\", color=\"" +
              std::string(outcome_ == nullptr ? style.border : "#9AA0A6") +
              "\", fontcolor=\"#5F6368\", label=\"" +
              (column == 1 ? "issuer" : std::string(to_string(kind))) + "\"" +
              (kind == NodeKind::market ? ", style=\"rounded,filled\"" : "") + "];\n";
      rows_[column] += " " + id + ";";
      if (!previous.empty()) chain += "    " + previous + " -> " + id + " [style=invis];\n";
      if (first.empty()) first = id;
    }
    if (!first.empty()) previous = first;
  }
  out_ += chain + "  }\n";
}

// Without the samples, the columns are held in order by their first nodes.
void Writer::ranks() {
  std::string previous;
  for (const std::string& row : rows_) {
    if (row.empty()) continue;
    out_ += "  { rank=same;" + row + " }\n";
    const std::string first = row.substr(1, row.find(';') - 1);
    if (!options_.legend && !previous.empty()) {
      out_ += "  " + previous + " -> " + first + " [style=invis, weight=0];\n";
    }
    previous = first;
  }
}

void Writer::line(const Line& one) {
  const bool spread = one.spread_forward || one.spread_backward;
  const bool faded = outcome_ != nullptr && !spread;
  const bool forward = spread ? one.spread_forward : one.forward;
  const bool backward = spread ? one.spread_backward : one.backward;
  std::vector<std::string> strands;
  std::string tip, style;
  for (std::size_t k = 0; k < edge_kind_count; ++k) {
    if ((one.kinds >> k & 1U) == 0) continue;
    const std::string colour =
        faded ? "#C4C7CC80" : std::string(edge_styles[k].colour) + (spread ? "" : "C8");
    if (std::find(strands.begin(), strands.end(), colour) == strands.end()) {
      strands.push_back(colour);
    }
    tip += (tip.empty() ? "" : ", ") + std::string(to_string(static_cast<EdgeKind>(k)));
    style = std::has_single_bit(one.kinds) ? edge_styles[k].line : "solid";
  }
  if (one.exposure_usd > 0) tip += " " + short_usd(one.exposure_usd);
  std::string colours = strands[0];
  for (std::size_t i = 1; i < strands.size(); ++i) colours += ":" + strands[i];
  out_ += "  " + node_id(at(one.left)) + " -> " + node_id(at(one.right)) + " [color=\"" + colours +
          "\", penwidth=" +
          line_width(one.exposure_usd, strands.size() > 1  ? 0.6
                                       : style == "dotted" ? 1.4
                                                           : 1);
  if (style != "solid") out_ += ", style=" + style;
  if (backward) out_ += forward ? ", dir=both" : ", dir=back";
  if (!one.left_box.empty()) out_ += ", ltail=" + one.left_box;
  if (!one.right_box.empty()) out_ += ", lhead=" + one.right_box;
  out_ += ", tooltip=" + quoted(tip) + "];\n";
}

}  // namespace

std::string_view to_string(OutcomeState state) {
  return state_styles[static_cast<std::size_t>(state)].name;
}

std::string short_usd(double usd) {
  if (!std::isfinite(usd)) return "$?";
  constexpr std::array<std::string_view, 6> suffixes = {"", "k", "m", "bn", "tn", "qn"};
  double value = std::fabs(usd);
  std::size_t step = 0;
  while (value >= 999.5 && step + 1 < suffixes.size()) value /= 1000, ++step;
  const bool fraction = step > 0 && value < 9.95;
  std::string text = fixed(value, fraction ? 1 : 0);
  if (fraction && text.ends_with(".0")) text.resize(text.size() - 2);
  return (usd < 0 && text != "0" ? "-$" : "$") + text + std::string(suffixes[step]);
}

std::string short_time(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds >= 1e15) return "ever";
  const auto whole = static_cast<std::uint64_t>(seconds);
  const auto text = [](std::uint64_t n, const char* unit) { return std::to_string(n) + unit; };
  const auto pair = [&](std::uint64_t small, std::uint64_t per, const char* a, const char* b) {
    const std::uint64_t rest = small % per;
    return text(small / per, a) + (rest == 0 ? "" : text(rest, b));
  };
  if (whole < 120) return text(whole, "s");
  if (whole < 7200) return text(whole / 60, "min");
  if (whole < 172800) return pair(whole / 60, 60, "h", "min");
  return pair(whole / 3600, 24, "d", "h");
}

std::string write_dot(const DependencyGraph& graph, const DotOptions& options,
                      const GraphOutcome* outcome) {
  assert(outcome == nullptr || outcome->nodes.size() == graph.node_count());
  return Writer(graph, options, outcome).write();
}

}  // namespace faultline
