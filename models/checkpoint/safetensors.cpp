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

/// Bytes from front to back.
class byte_source {
public:
  virtual ~byte_source() = default;

  virtual uint64_t size() const = 0;

  /// Reads up to so many bytes; 0 at the end.
  virtual size_t read(std::span<std::byte> bytes) = 0;
};

class file_source final : public byte_source {
public:
  explicit file_source(const std::filesystem::path& path)
    : name_(path.string()),
      descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw data_error(
        fmt::format("cannot open {}: {}", name_, std::strerror(errno)));
    try {
      read_size();
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }

  ~file_source() override { ::close(descriptor_); }

  file_source(const file_source&) = delete;
  file_source& operator=(const file_source&) = delete;

  uint64_t size() const override { return size_; }

  size_t read(std::span<std::byte> bytes) override {
    for (;;) {
      auto n = ::read(descriptor_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        throw data_error(fmt::format("cannot read {} at byte {}: {}", name_,
                                     position_, std::strerror(errno)));
      position_ += static_cast<uint64_t>(n);
      return static_cast<size_t>(n);
    }
  }

private:
  void read_size() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
      throw data_error(
        fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    if (!S_ISREG(status.st_mode))
      throw data_error(fmt::format("{} is not a file", name_));
    size_ = static_cast<uint64_t>(status.st_size);
  }

  std::string name_;
  int descriptor_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
};

class memory_source final : public byte_source {
public:
  explicit memory_source(std::string_view bytes) : bytes_(bytes) {}

  uint64_t size() const override { return bytes_.size(); }

  size_t read(std::span<std::byte> bytes) override {
    auto n = bytes_.copy(reinterpret_cast<char*>(bytes.data()), bytes.size(),
                         position_);
    position_ += n;
    return n;
  }

private:
  std::string_view bytes_;
  size_t position_ = 0;
};

/// Reads a file from front to back and checks all of it on the way.
class reader {
public:
  /// `source` outlives the reader; `name` stands for it in messages.
  reader(byte_source& source, std::string name, checksums how)
    : name_(std::move(name)), source_(source) {
    read_header(how);
  }

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
    auto size = source_.size();
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
      auto n = source_.read(bytes);
      if (n == 0)
        throw data_error(fmt::format("{}: the file ends at byte {}, expected "
                                     "{} more",
                                     name_, position_, bytes.size()));
      position_ += n;
      bytes = bytes.subspan(n);
    }
  }

  std::string name_;
  byte_source& source_;
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

/// Hands a file to `write`, piece by piece; `name` stands for it in messages.
template <class F>
void format(const tensor_file& contents, const std::string& name, F write) {
  auto tensors = arranged(contents.tensors);
  auto header = checked_header(tensors, contents.metadata);
  if (header.size() > header_text_bytes_max)
    throw input_error(fmt::format("cannot write {}: its header would have {} "
                                  "bytes, at most {} are possible",
                                  name, header.size(), header_text_bytes_max));
  auto length = static_cast<uint64_t>(header.size());
  write(std::as_bytes(std::span{&length, 1}));
  write(bytes_of(header));
  for (auto& x : tensors)
    write(bytes_of(x.value));
}

tensor_file read_all(reader in) {
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

} // namespace

void write_safetensors(const std::filesystem::path& path,
                       const tensor_file& contents) {
  atomic_file file{path};
  format(contents, path.string(),
         [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit();
}

std::string to_safetensors(const tensor_file& contents) {
  std::string result;
  format(contents, "tensors", [&](std::span<const std::byte> bytes) {
    result.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return result;
}

tensor_file read_safetensors(const std::filesystem::path& path, checksums how) {
  file_source source{path};
  return read_all({source, path.string(), how});
}

tensor_file from_safetensors(std::string_view bytes, const std::string& name) {
  memory_source source{bytes};
  return read_all({source, name, checksums::required});
}

safetensors_header read_safetensors_header(const std::filesystem::path& path,
                                           checksums how) {
  file_source source{path};
  return reader{source, path.string(), how}.header();
}

void verify_safetensors(const std::filesystem::path& path, checksums how) {
  file_source source{path};
  reader in{source, path.string(), how};
  std::vector<std::byte> buffer(checksum_block_bytes);
  for (auto left = in.data_bytes(); left > 0;) {
    auto n = std::min<uint64_t>(left, buffer.size());
    in.read_data(std::span{buffer}.first(n));
    left -= n;
  }
  in.finish();
}

} // namespace caps
