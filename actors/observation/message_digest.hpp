#pragma once

#include "messages/tensor_payload.hpp"

#include <caf/serializer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace caps {

/// The digest of a piece of memory that does not change.
struct known_digest {
  const std::byte* data = nullptr;
  size_t size = 0;
  uint64_t value = 0;
};

/// Takes digests (XXH3) of what a node sends and holds. A node often sends one
/// vector to several neighbours and then keeps it: each piece of memory is read
/// once per event. Belongs to one node.
class message_digest final : public caf::serializer {
public:
  using caf::serializer::serializer;

  /// Smaller pieces are no vectors and not remembered.
  static constexpr size_t remembered_min = 1024;

  /// Whether digests are remembered at all: not where vectors live on another
  /// device and are copied to memory that is gone at once.
  void remember(bool yes) noexcept { remembers_ = yes; }

  /// Forgets everything but `known`. Whoever calls keeps the memory of all
  /// digests taken since alive and unchanged until the next call.
  void forget(std::vector<known_digest> known = {});

  /// The digest of bytes in host memory.
  uint64_t of_bytes(std::span<const std::byte> bytes);

  /// Starts a message: everything given to this serializer from here on, in
  /// which a long piece of memory stands for its digest.
  void begin();

  /// The digest of the message.
  uint64_t result() const;

  /// The long pieces of memory of the message.
  const std::vector<known_digest>& pieces() const noexcept { return pieces_; }

  caf::error begin_object(uint16_t& number, std::string& name) override;
  caf::error end_object() override;
  caf::error begin_sequence(size_t& size) override;
  caf::error end_sequence() override;
  caf::error apply_raw(size_t size, void* data) override;

protected:
  caf::error apply_impl(int8_t& x) override;
  caf::error apply_impl(uint8_t& x) override;
  caf::error apply_impl(int16_t& x) override;
  caf::error apply_impl(uint16_t& x) override;
  caf::error apply_impl(int32_t& x) override;
  caf::error apply_impl(uint32_t& x) override;
  caf::error apply_impl(int64_t& x) override;
  caf::error apply_impl(uint64_t& x) override;
  caf::error apply_impl(float& x) override;
  caf::error apply_impl(double& x) override;
  caf::error apply_impl(long double& x) override;
  caf::error apply_impl(std::string& x) override;
  caf::error apply_impl(std::u16string& x) override;
  caf::error apply_impl(std::u32string& x) override;

private:
  template <class T>
  caf::error put(const T& x);

  template <class String>
  caf::error put_string(const String& x);

  bool remembers_ = true;
  std::vector<known_digest> known_;
  std::vector<known_digest> pieces_;
  std::string bytes_;
};

} // namespace caps
