#pragma once

#include "models/compression/reducer.hpp"
#include "models/consensus/skip_threshold.hpp"

namespace caps {

/// CaPS, convergence-aware parameter skipping (the published program
/// CaPS-Learn): leaves out the layers, or blocks of layers, of which at least
/// `unchange_rate` percent of the elements are unchanged.
///
/// Between peers an element is unchanged if it equals that of the receiver's
/// copy, so a part that creeps away is sent as soon as it got far enough. For
/// gradients the question is what a step would change: an element is unchanged
/// if the parameter w equals w - lr r, with r all of the gradient that has not
/// been sent yet. What a part left out goes along when the part is sent the
/// next time: nothing is lost.
///
/// With `values` = "half" what is sent is rounded to 16 bits. Of gradients the
/// rest stays unsent; parameters are compared as they would arrive.
///
/// With `residual` = false as published: parameters are compared with those of
/// the step before, and the gradients of parts left out are dropped.
///
/// `detection` looks at all elements, at a random sample drawn once, or at
/// those that changed most often so far (drawn anew whenever the threshold may
/// move). Every `scheduling_freq` vectors the mean of the training loss or
/// accuracy since the last time is one metric for `next_threshold`.
std::unique_ptr<reducer_recipe> caps_skipping();

} // namespace caps
