// The stages of a price feed in the order a price runs through them. A new stage is one file and
// one word here: growth caps stand after Bounds, EMA, TWAP and delay between Publish and Guard.
#pragma once

#include "core/registry.hpp"
#include "oracles/bounds.hpp"
#include "oracles/guard.hpp"
#include "oracles/publish.hpp"
#include "oracles/source.hpp"

namespace faultline {

using FeedStages = TypeList<Source, Bounds, Publish, Guard>;

}  // namespace faultline
