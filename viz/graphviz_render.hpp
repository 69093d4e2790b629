// Draws DOT text through libgvc, inside this process: no `dot` executable is called.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faultline {

/// What a picture is written as. `dot` is the text itself, checked but not laid out.
enum class RenderFormat { svg, png, pdf, dot };

/// The format a file name asks for by its extension (any case); nothing for others.
std::optional<RenderFormat> render_format_of(const std::filesystem::path& path);

/// Lays `dot` (one graph) out and puts the picture into `bytes`. False, with the reason in `error`,
/// `bytes` empty, when the text is no graph or Graphviz lacks a plugin. Graphviz keeps global state
/// and is not thread-safe: calls wait for each other, and no other code may use libgvc meanwhile.
/// SVG and DOT have the same bytes for the same text, Graphviz and fonts; a PDF carries its time of
/// making.
bool render_graph(const std::string& dot, RenderFormat format, std::string& bytes,
                  std::string& error);

/// The same into a file, whole or not at all: written beside it, synced, renamed. What is not a
/// regular file (/dev/stdout, a pipe) is written to directly.
bool render_graph_to(const std::string& dot, RenderFormat format, const std::filesystem::path& path,
                     std::string& error);

}  // namespace faultline
