// The stages of a price feed in the order a price runs through them. A new stage is one file and
// one word here.
#pragma once

#include "core/registry.hpp"
#include "oracles/aggregate.hpp"
#include "oracles/bounds.hpp"
#include "oracles/delay.hpp"
#include "oracles/growth.hpp"
#include "oracles/guard.hpp"
#include "oracles/premium.hpp"
#include "oracles/publish.hpp"
#include "oracles/ratio.hpp"
#include "oracles/smooth.hpp"
#include "oracles/source.hpp"

namespace faultline {

/// What makes a price of what is read, and what readers get to see of it.
using SensingStages = TypeList<Source, Aggregate, Premium, Growth, FeedRatio>;
using AnsweringStages = TypeList<Bounds, Publish, Smooth, Delay, Guard>;

using FeedStages =
    TypeList<Source, Aggregate, Premium, Growth, FeedRatio, Bounds, Publish, Smooth, Delay, Guard>;

}  // namespace faultline
