#include "models/data/byte_source.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>

namespace caps {

namespace {

constexpr size_t buffer_size = size_t{1} << 18;

/// No deflate stream grows by more than this when it is decompressed.
constexpr int64_t inflate_ratio_max = 1032;

constexpr int gzip_window = 15 + 16; // largest window, gzip wrapper

} // namespace

struct byte_source::inflater {
  inflater() {
    if (inflateInit2(&stream, gzip_window) != Z_OK)
      throw error("zlib does not start: out of memory");
  }

  ~inflater() { inflateEnd(&stream); }

  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  z_stream stream{};
  bool ended = false; // at the end of a member
};

byte_source::byte_source(std::string path)
  : path_(std::move(path)), buffer_(buffer_size) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path_, failure))
    throw data_error(fmt::format("'{}' is no file", path_));
  file_size_ = static_cast<int64_t>(std::filesystem::file_size(path_, failure));
  file_.reset(std::fopen(path_.c_str(), "rb"));
  if (failure || file_ == nullptr)
    throw data_error(
      fmt::format("cannot open '{}': {}", path_,
                  failure ? failure.message() : std::strerror(errno)));
  refill();
  if (input_.size() >= 2 && input_[0] == 0x1f && input_[1] == 0x8b)
    inflater_ = std::make_unique<inflater>();
}

byte_source::~byte_source() = default;

void byte_source::expect(int64_t count, std::string_view what) const {
  auto left = file_size_ - file_offset_ + static_cast<int64_t>(input_.size());
  if (inflater_ == nullptr && count > left)
    throw data_error(
      fmt::format("'{}' is cut off: {} of {} bytes should follow byte {}, but "
                  "the file ends at byte {}",
                  path_, what, count, position_, file_size_));
  if (inflater_ != nullptr && count / inflate_ratio_max > file_size_)
    throw data_error(
      fmt::format("'{}' is cut off or its header is damaged: {} of {} bytes "
                  "cannot come from {} compressed bytes",
                  path_, what, count, file_size_));
}

void byte_source::read(std::span<uint8_t> out, std::string_view what) {
  size_t done = 0;
  while (done < out.size()) {
    auto count = read_some(out.subspan(done));
    if (count == 0)
      throw data_error(fmt::format(
        "'{}' is cut off: {} should take {} bytes from byte {} on, but the "
        "data ends at byte {}",
        path_, what, out.size(), position_,
        position_ + static_cast<int64_t>(done)));
    done += count;
  }
  position_ += static_cast<int64_t>(out.size());
  checksum_ = static_cast<uint32_t>(crc32_z(checksum_, out.data(), out.size()));
}

void byte_source::expect_end() {
  uint8_t extra = 0;
  if (read_some({&extra, 1}) != 0)
    throw data_error(fmt::format(
      "'{}' goes on after its last value, from byte {} on{}", path_, position_,
      inflater_ != nullptr ? " of its decompressed data" : ""));
}

size_t byte_source::read_some(std::span<uint8_t> out) {
  if (inflater_ != nullptr)
    return inflate_some(out);
  if (input_.empty() && !refill())
    return 0;
  auto count = std::min(out.size(), input_.size());
  std::copy_n(input_.begin(), count, out.begin());
  input_ = input_.subspan(count);
  return count;
}

size_t byte_source::inflate_some(std::span<uint8_t> out) {
  auto& stream = inflater_->stream;
  auto offset
    = [this] { return file_offset_ - static_cast<int64_t>(input_.size()); };
  auto wanted = static_cast<uInt>(
    std::min<size_t>(out.size(), std::numeric_limits<uInt>::max()));
  for (;;) {
    auto has_input = !input_.empty() || refill();
    if (inflater_->ended) {
      if (!has_input)
        return 0;
      if (input_[0] != 0x1f)
        throw data_error(
          fmt::format("'{}' goes on after the end of its compressed data, "
                      "from byte {} on",
                      path_, offset()));
      inflateReset(&stream); // gzip files may be joined
      inflater_->ended = false;
    }
    if (!has_input)
      throw data_error(
        fmt::format("'{}' is cut off: the compressed data breaks off at byte "
                    "{} of the file",
                    path_, offset()));
    stream.next_in = const_cast<Bytef*>(input_.data()); // zlib only reads
    stream.avail_in = static_cast<uInt>(input_.size());
    stream.next_out = out.data();
    stream.avail_out = wanted;
    auto status = inflate(&stream, Z_NO_FLUSH);
    input_ = input_.last(stream.avail_in);
    if (status == Z_STREAM_END)
      inflater_->ended = true;
    else if (status != Z_OK && status != Z_BUF_ERROR)
      throw data_error(fmt::format(
        "'{}' is damaged: zlib says \"{}\" at byte {} of the file", path_,
        stream.msg != nullptr ? stream.msg : "error", offset()));
    if (stream.avail_out < wanted)
      return wanted - stream.avail_out;
  }
}

bool byte_source::refill() {
  auto count = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
  if (count == 0 && std::ferror(file_.get()) != 0)
    throw data_error(fmt::format("cannot read '{}' at byte {}: {}", path_,
                                 file_offset_, std::strerror(errno)));
  file_offset_ += static_cast<int64_t>(count);
  input_ = std::span{buffer_}.first(count);
  return count > 0;
}

} // namespace caps
