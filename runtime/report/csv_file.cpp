#include "runtime/report/csv_file.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace caps {

std::ofstream create_csv(const std::filesystem::path& file,
                         std::string_view header) {
  std::ofstream result{file, std::ios::trunc};
  result << header << '\n' << std::flush;
  if (!result)
    throw error(
      fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  return result;
}

std::string csv_field(const std::optional<double>& x) {
  return x ? to_text(*x) : std::string{};
}

} // namespace caps
