#pragma once

#include "models/data/dataset.hpp"
#include "tests/support/files.hpp"

#include <zlib.h>

#include <string>
#include <vector>

namespace caps::test {

inline bytes operator+(bytes xs, const bytes& ys) {
  xs.insert(xs.end(), ys.begin(), ys.end());
  return xs;
}

/// The same bytes as a gzip file.
inline bytes gzip(const bytes& content) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
               Z_DEFAULT_STRATEGY);
  bytes result(deflateBound(&stream, content.size()));
  stream.next_in = const_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

inline bytes big_endian(uint32_t x) {
  return {static_cast<uint8_t>(x >> 24), static_cast<uint8_t>(x >> 16),
          static_cast<uint8_t>(x >> 8), static_cast<uint8_t>(x)};
}

/// An IDX file with these extents.
inline bytes idx(const std::vector<uint32_t>& extents, const bytes& content) {
  bytes result{0, 0, 8, static_cast<uint8_t>(extents.size())};
  for (auto extent : extents)
    result = result + big_endian(extent);
  return result + content;
}

/// `count` bytes that do not repeat early: byte i is i * i + i / 7, modulo 256.
inline bytes pattern(size_t count) {
  bytes result(count);
  for (size_t i = 0; i < count; ++i)
    result[i] = static_cast<uint8_t>(i * i + i / 7);
  return result;
}

/// The message of the `Error` that `f` throws; "" if it throws none.
template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& x) {
    return x.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace caps::test
