#include "models/checkpoint/safetensors.hpp"

#include "models/checkpoint/atomic_file.hpp"
#include "models/checkpoint/checksums.hpp"
#include "models/errors.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>

namespace caps {

// The format is little endian; tensors are written as they lie in memory.
static_assert(std::endian::native == std::endian::little);

namespace {

constexpr const char* checksum_key = "caps.xxh3";

/// What stands before the digits in a header that was written here.
constexpr std::string_view checksum_prefix = R"("caps.xxh3":")";

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

std::span<std::byte> bytes_of(at::Tensor& x) {
  return {static_cast<std::byte*>(x.data_ptr()), x.nbytes()};
}

/// The checksum of a header, its own digits counted as zeros.
uint64_t header_checksum(std::string text) {
  auto at = text.find(checksum_prefix);
  if (at != std::string::npos)
    text.replace(at + checksum_prefix.size(), checksum_digits, checksum_digits,
                 '0');
  return checksum(bytes_of(text));
}

/// Reads a file from front to back and checks all of it on the way.
class reader {
public:
  reader(const std::filesystem::path& path, checksums how)
    : name_(path.string()),
      descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw data_error(
        fmt::format("cannot open {}: {}", name_, std::strerror(errno)));
    try {
      read_header(how);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }

  ~reader() { ::close(descriptor_); }

  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  const safetensors_header& header() const noexcept { return header_; }

  /// The next bytes of the tensors.
  void read_data(std::span<std::byte> bytes) {
    read(bytes);
    blocks_.update(bytes);
    check_blocks();
  }

  /// @pre all tensors were read
  void finish() {
    blocks_.finish();
    check_blocks();
  }

  /// Bytes of all tensors.
  uint64_t data_bytes() const noexcept { return data_bytes_; }

private:
  void read_header(checksums how) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
      throw data_error(
        fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    if (!S_ISREG(status.st_mode))
      throw data_error(fmt::format("{} is not a file", name_));
    auto size = static_cast<uint64_t>(status.st_size);
    if (size < header_length_bytes)
      throw data_error(fmt::format("{}: the file ends at byte {}, within the "
                                   "{} bytes of the header's length",
                                   name_, size, header_length_bytes));
    std::array<std::byte, header_length_bytes> prefix{};
    read(prefix);
    uint64_t length = 0;
    std::memcpy(&length, prefix.data(), prefix.size());
    auto rest = size - header_length_bytes;
    if (length > header_text_bytes_max || length > rest)
      throw data_error(fmt::format("{}: byte 0: a header of {} bytes is "
                                   "announced, but {} follow (at most {} are "
                                   "accepted)",
                                   name_, length, rest, header_text_bytes_max));
    std::string text(length, '\0');
    read(std::as_writable_bytes(std::span{text}));
    data_bytes_ = rest - length;
    data_start_ = header_length_bytes + length;
    header_ = parse_header(text, name_, data_bytes_);
    take_checksums(text, how);
  }

  /// Checks that of the header and notes those of the blocks.
  void take_checksums(const std::string& text, checksums how) {
    auto i = header_.metadata.find(checksum_key);
    if (i == header_.metadata.end()) {
      if (how == checksums::required)
        throw data_error(fmt::format("{}: byte {}: the header has no "
                                     "checksums ({})",
                                     name_, header_length_bytes, checksum_key));
      return;
    }
    auto blocks
      = (data_bytes_ + checksum_block_bytes - 1) / checksum_block_bytes;
    const auto& digits = i->second;
    auto found = checksum_text(header_checksum(text));
    if (digits.size() != (1 + blocks) * checksum_digits
        || !digits.starts_with(found))
      throw data_error(fmt::format(
        "{}: bytes {} to {}, the header, are damaged: their checksum is {}, "
        "expected {}",
        name_, header_length_bytes, data_start_ - 1, found,
        digits.substr(0, checksum_digits)));
    expected_ = digits.substr(checksum_digits);
    header_.metadata.erase(i);
  }

  void check_blocks() {
    if (expected_.empty())
      return;
    for (; checked_ < blocks_.values().size(); ++checked_) {
      auto found = checksum_text(blocks_.values()[checked_]);
      auto wanted
        = expected_.substr(checked_ * checksum_digits, checksum_digits);
      auto begin = checked_ * checksum_block_bytes;
      auto end = std::min<uint64_t>(begin + checksum_block_bytes, data_bytes_);
      if (found != wanted)
        throw data_error(fmt::format(
          "{}: bytes {} to {} are damaged: their checksum is {}, expected {}",
          name_, data_start_ + begin, data_start_ + end - 1, found, wanted));
    }
  }

  void read(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
      auto n = ::read(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        throw data_error(fmt::format("cannot read {} at byte {}: {}", name_,
                                     position_, std::strerror(errno)));
      if (n == 0)
        throw data_error(fmt::format("{}: the file ends at byte {}, expected "
                                     "{} more",
                                     name_, position_, bytes.size()));
      position_ += static_cast<uint64_t>(n);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
  }

  std::string name_;
  int descriptor_;
  safetensors_header header_;
  uint64_t position_ = 0;
  uint64_t data_start_ = 0;
  uint64_t data_bytes_ = 0;
  block_checksums blocks_;
  size_t checked_ = 0;
  /// Digits of the blocks; empty when the file has none.
  std::string expected_;
};

/// The tensors as they will lie in the file: in host memory, contiguous,
/// wider types first.
std::vector<named_tensor> arranged(const std::vector<named_tensor>& xs) {
  std::vector<named_tensor> result;
  std::set<std::string_view> names;
  for (const auto& x : xs) {
    if (!names.insert(x.name).second || x.name == "__metadata__")
      throw input_error(fmt::format(
        "a tensor file cannot hold two tensors named '{}'", x.name));
    result.push_back({x.name, x.value.detach().to(at::kCPU).contiguous()});
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const named_tensor& a, const named_tensor& b) {
                     return a.value.element_size() > b.value.element_size();
                   });
  return result;
}

/// Header of the tensors with all checksums in place.
std::string checked_header(std::vector<named_tensor>& tensors,
                           std::map<std::string, std::string> metadata) {
  safetensors_header header;
  block_checksums blocks;
  int64_t at = 0;
  for (auto& [name, value] : tensors) {
    auto end = at + static_cast<int64_t>(value.nbytes());
    header.tensors.push_back(
      {name, value.scalar_type(), value.sizes().vec(), at, end});
    blocks.update(bytes_of(value));
    at = end;
  }
  blocks.finish();
  std::string digits(checksum_digits, '0');
  for (auto x : blocks.values())
    digits += checksum_text(x);
  metadata[checksum_key] = digits;
  header.metadata = std::move(metadata);
  auto text = format_header(header);
  text.replace(text.find(checksum_prefix) + checksum_prefix.size(),
               checksum_digits, checksum_text(checksum(bytes_of(text))));
  return text;
}

} // namespace

void write_safetensors(const std::filesystem::path& path,
                       const tensor_file& contents) {
  auto tensors = arranged(contents.tensors);
  auto header = checked_header(tensors, contents.metadata);
  if (header.size() > header_text_bytes_max)
    throw input_error(fmt::format("cannot write {}: its header would have {} "
                                  "bytes, at most {} are possible",
                                  path.string(), header.size(),
                                  header_text_bytes_max));
  auto length = static_cast<uint64_t>(header.size());
  atomic_file file{path};
  file.write(std::as_bytes(std::span{&length, 1}));
  file.write(bytes_of(header));
  for (auto& x : tensors)
    file.write(bytes_of(x.value));
  file.commit();
}

tensor_file read_safetensors(const std::filesystem::path& path, checksums how) {
  reader in{path, how};
  tensor_file result;
  for (const auto& slot : in.header().tensors) {
    auto value = at::empty(slot.shape, slot.dtype);
    in.read_data(bytes_of(value));
    result.tensors.push_back({slot.name, std::move(value)});
  }
  in.finish();
  result.metadata = in.header().metadata;
  return result;
}

safetensors_header read_safetensors_header(const std::filesystem::path& path,
                                           checksums how) {
  return reader{path, how}.header();
}

void verify_safetensors(const std::filesystem::path& path, checksums how) {
  reader in{path, how};
  std::vector<std::byte> buffer(checksum_block_bytes);
  for (auto left = in.data_bytes(); left > 0;) {
    auto n = std::min<uint64_t>(left, buffer.size());
    in.read_data(std::span{buffer}.first(n));
    left -= n;
  }
  in.finish();
}

} // namespace caps
