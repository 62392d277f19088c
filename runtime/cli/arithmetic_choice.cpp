#include "runtime/cli/arithmetic_choice.hpp"

#include "runtime/process/arithmetic.hpp"

#include <fmt/format.h>

namespace caps {

void use_arithmetic_of(const scenario& x) {
  // Where that is in vain, no plan is made.
  if (x.arithmetic == "portable")
    select_arithmetic(portable_arithmetic());
}

std::optional<std::string> use_arithmetic_of(recording_file& file) {
  auto recorded = file.meta("arithmetic");
  if (!recorded)
    return std::nullopt;
  auto wanted = parse_arithmetic(*recorded);
  if (select_arithmetic(wanted))
    return std::nullopt;
  return fmt::format("{}: computed with {}, but this machine can only do so "
                     "with {}; results may differ in their last bits",
                     file.path().string(), wanted.text(),
                     this_arithmetic().text());
}

} // namespace caps
