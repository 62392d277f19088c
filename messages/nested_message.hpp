#pragma once

#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/none.hpp>
#include <caf/sec.hpp>

namespace caps {

/// What is wrong with a message that came within another one: CAF makes an
/// empty one of what it cannot read.
inline caf::error check_nested(const caf::message& x) {
  return x.empty() ? caf::make_error(caf::sec::runtime_error) : caf::none;
}

} // namespace caps
