// Designs between what they lend and what they lose, as a picture: credit per dollar locked to the
// right, loss upwards, so that the best stand low and far right. One panel for the mean with its
// interval, one for the worst hundredth of scenarios.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/studies/compare.hpp"

namespace faultline {

/// Dollars as text: 4.8e6 is "$4.8m".
using WriteUsd = std::function<std::string(double)>;

/// SVG of some 900 by 420 points. points: at least one. title: as it stands above.
std::string frontier_svg(const std::vector<FrontierPoint>& points, const std::string& title,
                         const WriteUsd& usd);

}  // namespace faultline
