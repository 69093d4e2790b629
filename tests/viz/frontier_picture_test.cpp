// The picture of designs between what they lend and what they lose.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "viz/frontier_picture.hpp"

using namespace faultline;

namespace {

std::string money(double usd) {
  return "$" + std::to_string(std::lround(usd));
}

FrontierPoint point(const char* name, double locked, double loss) {
  FrontierPoint p;
  p.name = name;
  p.facts = {100, locked / 2, locked / 2};
  p.loss = {loss, loss / 2, loss * 1.5};
  p.tail = {10 * loss, 8 * loss, std::numeric_limits<double>::infinity()};
  return p;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("every design stands in both panels and in the legend") {
  FrontierPoint beaten = point("pool <old>", 400, 50);
  beaten.beaten_by = "parts";
  const std::string svg = frontier_svg({beaten, point("parts", 300, 20)}, "A & B", money);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count(svg, "<circle") == 6);
  CHECK(count(svg, "stroke-width=\"2\"") == 2);  // an interval without an end is not drawn
  CHECK(svg.find("pool &lt;old&gt;") != std::string::npos);
  CHECK(svg.find("A &amp; B") != std::string::npos);
  CHECK(svg.find("beaten by parts") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
}

TEST_CASE("one design without a loss is drawn, too") {
  const std::string svg = frontier_svg({point("calm", 300, 0)}, "calm", money);
  CHECK(count(svg, "<circle") == 3);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}
