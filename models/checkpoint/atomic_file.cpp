#include "models/checkpoint/atomic_file.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace caps {

namespace {

error refused(const char* what, const std::filesystem::path& path) {
  return error(
    fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)));
}

/// Makes the entries of a folder (a new name in it) durable.
void sync_folder(const std::filesystem::path& folder) {
  auto path = folder.empty() ? std::filesystem::path{"."} : folder;
  auto descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    throw refused("open", path);
  auto failed = ::fsync(descriptor) != 0;
  ::close(descriptor);
  if (failed)
    throw refused("sync", path);
}

} // namespace

atomic_file::atomic_file(std::filesystem::path path)
  : path_(std::move(path)), temporary_(path_) {
  temporary_ += temporary_suffix;
  descriptor_ = ::open(temporary_.c_str(),
                       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw refused("create", temporary_);
}

atomic_file::~atomic_file() {
  close();
  if (!committed_)
    ::unlink(temporary_.c_str());
}

void atomic_file::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    auto n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      throw refused("write", temporary_);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void atomic_file::commit() {
  if (::fsync(descriptor_) != 0)
    throw refused("sync", temporary_);
  close();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw refused("rename", temporary_);
  committed_ = true;
  sync_folder(path_.parent_path());
}

void atomic_file::close() noexcept {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
}

} // namespace caps
