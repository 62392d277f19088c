#include "runtime/report/csv_file.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace caps {

namespace {

error refused(const std::filesystem::path& file) {
  return error(
    fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
}

} // namespace

csv_file::csv_file(std::filesystem::path file, std::string_view header)
  : file_(std::move(file)),
    descriptor_(
      ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0)
    throw refused(file_);
  try {
    append(fmt::format("{}\n", header));
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

csv_file::~csv_file() {
  ::close(descriptor_);
}

void csv_file::append(std::string_view lines) {
  auto end = size_ + static_cast<off_t>(lines.size());
  for (auto at = size_; at < end;) {
    auto left = lines.substr(static_cast<size_t>(at - size_));
    auto n = ::pwrite(descriptor_, left.data(), left.size(), at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      auto problem = refused(file_);
      static_cast<void>(::ftruncate(descriptor_, size_));
      throw problem;
    }
    at += n;
  }
  size_ = end;
}

std::string csv_field(const std::optional<double>& x) {
  return x ? to_text(*x) : std::string{};
}

} // namespace caps
