// A visitor over field declarations that moves every field it can move from its declaration alone:
// a word among its choices, a share, a time or a rate up to twice or half its default, within
// bounds.
#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "tests/laws/random_ecosystem.hpp"

namespace faultline::laws {

/// The words of a `choices` declaration.
inline std::vector<std::string> words(std::string_view choices) {
  std::istringstream in{std::string(choices)};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

class Vary {
 public:
  explicit Vary(Draw& draw) : draw_(draw) {}

  void operator()(std::string_view, std::string& text, const Field& f) {
    if (!f.choices.empty()) text = draw_.pick(words(f.choices));
  }
  void operator()(std::string_view, std::vector<std::string>& list, const Field& f) {
    std::vector<std::string> left = words(f.choices);
    if (left.empty()) return;
    list.clear();
    do {
      const std::size_t i = draw_.below(left.size());
      list.push_back(left[i]);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
    } while (!left.empty() && draw_.chance(0.5));
  }
  void operator()(std::string_view, double& x, const Field& f) { scale(x, f); }
  void operator()(std::string_view, Ratio& x, const Field& f) { scale(x.value, f); }
  void operator()(std::string_view, Seconds& x, const Field& f) { scale(x.value, f); }
  void operator()(std::string_view, PerYear& x, const Field& f) { scale(x.value, f); }
  template <class T>
  void operator()(std::string_view name, T& x, const Field& f) {
    if constexpr (requires { x.fields(*this); }) {
      x.fields(*this);
    } else if constexpr (requires { x.has_value(); }) {
      if (x) (*this)(name, *x, f);
    }
  }

 private:
  void scale(double& value, const Field& f) {
    value = std::clamp(value * draw_.log_between(0.5, 2), f.lo, f.hi);
  }
  Draw& draw_;
};

template <class Spec>
void vary(Spec& spec, Draw& draw) {
  Vary visitor(draw);
  spec.fields(visitor);
}

}  // namespace faultline::laws
