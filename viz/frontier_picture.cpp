#include "viz/frontier_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace faultline {

namespace {

constexpr double panel_width = 360, panel_height = 270, left = 80, top = 80, between = 100;
// Okabe and Ito 2008 [okabe_ito2008]: told apart by readers of every colour vision.
constexpr std::array<const char*, 6> colours{"#0072B2", "#D55E00", "#009E73",
                                             "#CC79A7", "#E69F00", "#56B4E9"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

/// A round step that cuts `range` into about five.
double round_step(double range) {
  const double raw = range / 5;
  double step = 1;
  while (step * 10 <= raw) step *= 10;
  while (step > raw) step /= 10;
  for (const double times : {1.0, 2.0, 5.0, 10.0}) {
    if (step * times >= raw) return step * times;
  }
  return step;
}

/// What one point shows in one panel.
struct Shown {
  double x = 0, y = 0, lo = 0, hi = 0;
};

class Panel {
 public:
  Panel(double x0, const std::vector<Shown>& shown, std::string name, const WriteUsd& usd)
      : x0_(x0), shown_(shown), name_(std::move(name)), usd_(usd) {
    double least = shown[0].x, most = shown[0].x, high = 0;
    for (const Shown& s : shown) {
      least = std::min(least, s.x);
      most = std::max(most, s.x);
      high = std::max({high, s.y, std::isfinite(s.hi) ? s.hi : s.y});
    }
    const double margin = std::max(0.15 * (most - least), 0.02);
    from_ = std::max(0.0, least - margin);
    to_ = most + margin;
    high_ = high > 0 ? 1.1 * high : 1;
  }

  std::string svg() const {
    std::string out = fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"name\">{}</text>\n"
        "<path d=\"M{:.1f} {:.1f} V{:.1f} H{:.1f}\" class=\"axis\"/>\n",
        x0_, top - 14, name_, x0_, top, top + panel_height, x0_ + panel_width);
    add_scales(out);
    for (std::size_t i = 0; i < shown_.size(); ++i) add_point(out, i);
    return out;
  }

 private:
  double at_x(double x) const { return x0_ + panel_width * (x - from_) / (to_ - from_); }
  double at_y(double y) const {
    return top + panel_height * (1 - std::clamp(y, 0.0, high_) / high_);
  }

  void add_scales(std::string& out) const {
    const double dy = round_step(high_), dx = round_step(to_ - from_);
    for (int k = 0; k * dy <= high_; ++k) {
      out += fmt::format(
          "<path d=\"M{:.1f} {:.1f} h{:.1f}\" class=\"grid\"/>\n"
          "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
          x0_, at_y(k * dy), panel_width, x0_ - 8, at_y(k * dy) + 4, usd_(k * dy));
    }
    for (double x = dx * std::ceil(from_ / dx); x <= to_; x += dx) {
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.2f}</text>\n",
                         at_x(x), top + panel_height + 18, x);
    }
    out += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">credit per dollar locked</text>\n",
        x0_ + panel_width / 2, top + panel_height + 40);
  }

  void add_point(std::string& out, std::size_t i) const {
    const Shown& s = shown_[i];
    const char* colour = colours[i % colours.size()];
    // Designs of one efficiency stand beside each other, not over each other.
    std::size_t before = 0;
    for (std::size_t k = 0; k < i; ++k) before += std::fabs(shown_[k].x - s.x) < 1e-9;
    const double x = at_x(s.x) + 16 * static_cast<double>(before);
    if (std::isfinite(s.lo) && std::isfinite(s.hi) && s.hi > s.lo) {
      out += fmt::format("<path d=\"M{:.1f} {:.1f} V{:.1f}\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                         x, at_y(s.lo), at_y(s.hi), colour);
    }
    out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" fill=\"{}\"/>\n", x, at_y(s.y),
                       colour);
  }

  double x0_;
  const std::vector<Shown>& shown_;
  std::string name_;
  const WriteUsd& usd_;
  double from_ = 0, to_ = 1, high_ = 1;
};

}  // namespace

std::string frontier_svg(const std::vector<FrontierPoint>& points, const std::string& title,
                         const WriteUsd& usd) {
  std::vector<Shown> mean, tail;
  for (const FrontierPoint& p : points) {
    const double x = p.facts.per_dollar_locked();
    mean.push_back({x, p.loss.value, p.loss.lo, p.loss.hi});
    tail.push_back({x, p.tail.value, p.tail.lo, p.tail.hi});
  }
  const double width = left + 2 * panel_width + between + 40;
  const double legend_top = top + panel_height + 62;
  const double height = legend_top + 20 * static_cast<double>(points.size()) + 10;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"Helvetica, Arial, sans-serif\" "
      "font-size=\"12\" fill=\"#222222\">\n"
      "<style>.axis{{stroke:#222222;fill:none}} .grid{{stroke:#dddddd}} "
      ".name{{font-size:14px}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"{2:.0f}\" y=\"34\" font-size=\"18\">{3}</text>\n",
      width, height, left, escaped(title));
  out += Panel(left, mean, "mean bad debt, with its 95% interval", usd).svg();
  out += Panel(left + panel_width + between, tail, "mean of the worst hundredth", usd).svg();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const FrontierPoint& p = points[i];
    const double y = legend_top + 20 * static_cast<double>(i);
    out += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" fill=\"{}\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\">{}: {} lent on {} of collateral, {} of lenders{}</text>\n",
        left, y, colours[i % colours.size()], left + 16, y + 4, escaped(p.name),
        usd(p.facts.credit_usd), usd(p.facts.collateral_usd), usd(p.facts.deposits_usd),
        p.beaten_by.empty() ? "" : "; beaten by " + escaped(p.beaten_by));
  }
  return out + "</svg>\n";
}

}  // namespace faultline
