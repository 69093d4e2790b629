// Kinds are listed once, in a TypeList; every table of operations is generated from the list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace faultline {

template <class... Kinds>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Kinds);
  static constexpr std::array<std::string_view, size> names{Kinds::name...};
  using Specs = std::variant<typename Kinds::Spec...>;
};

/// A kind's place in the list.
template <class Kind, class... Kinds>
constexpr std::uint16_t kind_index(TypeList<Kinds...>) {
  std::uint16_t at = 0;
  const bool found = ((std::is_same_v<Kind, Kinds> || (++at, false)) || ...);
  return found ? at : std::uint16_t{0xffff};
}

/// Where an element lies: which kind, and its place in that kind's columns.
struct Slot {
  std::uint16_t kind = 0;
  std::uint32_t index = 0;
};

/// One column per kind of what is compiled once: `Kind::Params`.
template <class List>
struct KindParams;

template <class... Kinds>
struct KindParams<TypeList<Kinds...>> {
  std::tuple<std::vector<typename Kinds::Params>...> columns;
  template <class Kind>
  auto& of() {
    return std::get<kind_index<Kind>(TypeList<Kinds...>{})>(columns);
  }
  template <class Kind>
  const auto& of() const {
    return std::get<kind_index<Kind>(TypeList<Kinds...>{})>(columns);
  }
};

/// One column per kind of what a run changes: `Kind::State`.
template <class List>
struct KindStates;

template <class... Kinds>
struct KindStates<TypeList<Kinds...>> {
  std::tuple<std::vector<typename Kinds::State>...> columns;
  template <class Kind>
  auto& of() {
    return std::get<kind_index<Kind>(TypeList<Kinds...>{})>(columns);
  }
  template <class Kind>
  const auto& of() const {
    return std::get<kind_index<Kind>(TypeList<Kinds...>{})>(columns);
  }
};

/// Calls `f.template operator()<Kind>(index)` for the kind in `slot`, by one constexpr table.
template <class... Kinds, class F>
decltype(auto) visit_kind(TypeList<Kinds...>, Slot slot, F&& f) {
  using First = std::tuple_element_t<0, std::tuple<Kinds...>>;
  using Result = decltype(f.template operator()<First>(std::uint32_t{}));
  using Call = Result (*)(F&, std::uint32_t);
  static constexpr std::array<Call, sizeof...(Kinds)> table{
      +[](F& g, std::uint32_t i) -> Result { return g.template operator()<Kinds>(i); }...};
  return table[slot.kind](f, slot.index);
}

}  // namespace faultline
