#include "runtime/wire/letterbox.hpp"

#include "models/errors.hpp"
#include "runtime/wire/internet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace caps {

namespace {

using length_type = uint32_t;

} // namespace

letterbox::letterbox(std::unique_ptr<byte_stream> stream, size_t bytes_max)
  : stream_(std::move(stream)), bytes_max_(bytes_max) {
}

void letterbox::post(const nlohmann::json& letter) {
  auto text = letter.dump(-1, ' ', false,
                          nlohmann::json::error_handler_t::replace);
  auto length = static_cast<length_type>(text.size());
  out_.append(reinterpret_cast<const char*>(&length), sizeof length);
  out_ += text;
  flush();
}

bool letterbox::flush() {
  while (!out_.empty() || stream_->unsent()) {
    iovec part{out_.data(), out_.size()};
    auto count = stream_->write({&part, 1});
    if (!count)
      throw error("closed the connection");
    if (*count == 0)
      return false;
    out_.erase(0, *count);
  }
  return true;
}

std::optional<nlohmann::json> letterbox::take() {
  flush();
  // No more than the letter: what follows may be for others.
  for (;;) {
    length_type length = 0;
    auto wanted = sizeof length;
    if (in_.size() >= sizeof length) {
      std::memcpy(&length, in_.data(), sizeof length);
      if (length > bytes_max_)
        throw error(fmt::format("announced {} bytes, at most {} are accepted",
                                length, bytes_max_));
      wanted += length;
    }
    if (in_.size() == wanted && wanted > sizeof length) {
      auto result = nlohmann::json::parse(in_.begin() + sizeof length,
                                          in_.end(), nullptr, false);
      in_.clear();
      if (!result.is_object())
        throw error("sent something that is no letter");
      return result;
    }
    // Memory grows with what comes, not with what is announced.
    char bytes[4096];
    iovec part{bytes, std::min(sizeof bytes, wanted - in_.size())};
    if (in_.size() == sizeof length && length == 0)
      throw error("sent something that is no letter");
    auto count = stream_->read({&part, 1});
    if (!count)
      throw error("closed the connection");
    if (*count == 0)
      return std::nullopt;
    in_.append(bytes, *count);
  }
}

std::optional<nlohmann::json> letterbox::wait(clock::time_point deadline) {
  for (;;) {
    if (auto result = take())
      return result;
    auto sends = !flush();
    if (!wait_at(handle(), sends, deadline))
      return std::nullopt;
  }
}

} // namespace caps
