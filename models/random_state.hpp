#pragma once

#include "models/random_stream.hpp"
#include "models/state.hpp"

#include <ATen/core/Generator.h>

#include <string_view>

namespace caps {

/// Saves or restores where a stream of random numbers stands, so that it goes
/// on with the number it would have drawn next.
void visit_random(state_visitor& visitor, std::string_view name,
                  random_stream& stream);

/// The same for LibTorch's generators; @pre `generator` is defined.
void visit_random(state_visitor& visitor, std::string_view name,
                  at::Generator& generator);

} // namespace caps
