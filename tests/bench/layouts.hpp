#pragma once

#include "models/parameter_layout.hpp"

#include <memory>
#include <string>

namespace caps::bench {

/// The layout of the built-in net `name` for small colour pictures
/// ("resnet18") or handwritten digits ("lenet5").
std::shared_ptr<const parameter_layout> layout_of(const std::string& name);

} // namespace caps::bench
