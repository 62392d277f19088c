#include "runtime/scenario/toml_file.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace caps {

std::string text_of_named_file(const std::filesystem::path& file,
                               const std::string& kind,
                               const std::string& expected,
                               const std::string& wanted_by) {
  std::error_code problem;
  if (std::filesystem::is_directory(file, problem))
    throw input_error(fmt::format("{}{}: is a folder, expected {}", wanted_by,
                                  file.string(), expected));
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw input_error(fmt::format("{}{}: cannot read the {}: {}", wanted_by,
                                  file.string(), kind, std::strerror(errno)));
  // What is longer is something else, if it ends at all (/dev/zero).
  constexpr size_t longest = 64 << 20;
  std::string text;
  for (char part[1 << 16]; in && text.size() <= longest;) {
    in.read(part, sizeof part);
    text.append(part, static_cast<size_t>(in.gcount()));
  }
  if (text.size() > longest)
    throw input_error(fmt::format("{}{}: is longer than {} MiB, expected {}",
                                  wanted_by, file.string(), longest >> 20,
                                  expected));
  return text;
}

std::string text_of_toml_file(const std::filesystem::path& file,
                              const std::string& kind,
                              const std::string& wanted_by) {
  return text_of_named_file(file, kind,
                            fmt::format("a {} file (TOML)", kind), wanted_by);
}

} // namespace caps
