#include "tests/support/catch.hpp"

#include "messages/tensor_payload.hpp"
#include "tests/messages/support.hpp"

#include <fmt/format.h>

#include <limits>
#include <random>

using caps::element_type;
using caps::error_code;
using caps::tensor_payload;
using caps::test::code_of;
using caps::test::make_payload;
using caps::test::payload_limit;
using caps::test::wire_bytes;

namespace {

/// Memory on another device, as far as a payload can tell.
class remote_storage final : public caps::payload_storage {
public:
  explicit remote_storage(std::vector<float> values)
    : values_(std::move(values)) {}

  const std::byte* host_data() const noexcept override { return nullptr; }

  void copy_to(std::byte* destination) const override {
    ++copies;
    std::memcpy(destination, values_.data(), values_.size() * sizeof(float));
  }

  mutable int copies = 0;

private:
  std::vector<float> values_;
};

tensor_payload floats(std::vector<int64_t> shape, std::vector<float> values) {
  return make_payload(element_type::float32, std::move(shape), values);
}

/// The wire format put together by hand: one part after the other, most
/// significant byte first.
class wire_writer {
public:
  wire_writer& byte(int x) {
    out.push_back(static_cast<char>(x));
    return *this;
  }

  wire_writer& number(uint64_t x) {
    for (int shift = 56; shift >= 0; shift -= 8)
      byte(static_cast<int>(x >> shift & 0xff));
    return *this;
  }

  wire_writer& zeros(size_t count) {
    out.insert(out.end(), count, 0);
    return *this;
  }

  wire_bytes out;
};

/// A header; `extents` may be anything.
wire_writer header(int type, const std::vector<int64_t>& extents,
                   uint64_t bytes) {
  wire_writer result;
  result.byte(type).byte(static_cast<int>(extents.size()));
  for (auto extent : extents)
    result.number(static_cast<uint64_t>(extent));
  result.number(bytes);
  return result;
}

constexpr int float32 = 1;
constexpr int float64 = 2;

struct payload_fixture : caps::test::system_fixture {
  /// The error of reading a payload; the payload must stay as it was.
  caf::error refusal(const wire_bytes& bytes) {
    auto untouched = floats({1}, {42});
    auto x = untouched;
    auto problem = read(bytes, x);
    CHECK(x == untouched);
    return problem;
  }

  void check_refused(const wire_bytes& bytes, error_code code,
                     const std::string& text) {
    auto problem = refusal(bytes);
    CHECK(to_string(code_of(problem)) == to_string(code));
    CHECK(caps::describe(system, problem) == text);
  }
};

} // namespace

TEST_CASE("a payload knows its size", "[tensor_payload]") {
  auto x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(x.numel() == 6);
  CHECK(x.size_bytes() == 24);
  CHECK(x.describe() == "float32 [2, 3]");
  CHECK_FALSE(x.empty());
  auto scalar = make_payload<int64_t>(element_type::int64, {}, {7});
  CHECK(scalar.numel() == 1);
  CHECK(scalar.describe() == "int64 []");
  auto half
    = make_payload<uint16_t>(element_type::float16, {3}, {0x3c00, 0, 0});
  CHECK(half.size_bytes() == 6);
  CHECK(half.describe() == "float16 [3]");
  auto none = floats({0}, {});
  CHECK(none.numel() == 0);
  CHECK_FALSE(none.empty());
  CHECK(tensor_payload{}.empty());
  CHECK(tensor_payload{}.size_bytes() == 0);
  CHECK(tensor_payload{}.describe() == "nothing");
}

TEST_CASE("payloads are equal if type, shape and bytes are",
          "[tensor_payload]") {
  auto x = floats({2}, {1, 2});
  CHECK(x == floats({2}, {1, 2}));
  CHECK_FALSE(x == floats({2}, {1, 3}));
  CHECK_FALSE(x == floats({2, 1}, {1, 2}));
  CHECK_FALSE(x == tensor_payload{});
  CHECK(tensor_payload{} == tensor_payload{});
  auto bits = make_payload<int64_t>(element_type::int64, {1}, {0});
  auto real = make_payload<double>(element_type::float64, {1}, {0});
  CHECK_FALSE(bits == real);
}

TEST_CASE("host storage is aligned for vector instructions",
          "[tensor_payload]") {
  for (size_t bytes : {1, 3, 64, 4096, 100'001}) {
    caps::host_storage storage{bytes};
    CHECK(reinterpret_cast<uintptr_t>(storage.data()) % 64 == 0);
  }
}

TEST_CASE_METHOD(payload_fixture, "the wire format of a payload is fixed",
                 "[tensor_payload]") {
  auto x
    = make_payload<uint8_t>(element_type::uint8, {2, 3}, {1, 2, 3, 4, 5, 6});
  auto expected = header(4, {2, 3}, 6);
  for (int i = 1; i <= 6; ++i)
    expected.byte(i);
  CHECK(write(x) == expected.out);
  CHECK(write(tensor_payload{}) == wire_bytes{0});
}

TEST_CASE_METHOD(payload_fixture, "a payload survives the wire",
                 "[tensor_payload]") {
  auto x = GENERATE(
    tensor_payload{}, floats({3}, {1, -2, std::numeric_limits<float>::min()}),
    floats({}, {std::numeric_limits<float>::infinity()}), floats({0}, {}),
    floats({4, 0, 2}, {}),
    make_payload<double>(element_type::float64, {2, 1}, {1e300, -0.0}),
    make_payload<int64_t>(element_type::int64, {1, 1, 1, 1, 1, 1, 1, 2},
                          {-1, 1}),
    make_payload<uint8_t>(element_type::uint8, {3}, {0, 128, 255}),
    make_payload<uint16_t>(element_type::float16, {2}, {0x3c00, 0xfbff}));
  tensor_payload y;
  REQUIRE_FALSE(read(write(x), y));
  CHECK(y == x);
  CHECK(y.describe() == x.describe());
}

TEST_CASE_METHOD(payload_fixture,
                 "a payload on another device is copied when it is written",
                 "[tensor_payload]") {
  auto storage
    = std::make_shared<remote_storage>(std::vector<float>{1.5f, -2.5f});
  tensor_payload x{element_type::float32, {2}, storage};
  tensor_payload y;
  REQUIRE_FALSE(read(write(x), y));
  CHECK(storage->copies == 1);
  CHECK(y == floats({2}, {1.5f, -2.5f}));
}

TEST_CASE_METHOD(payload_fixture, "a payload cut off anywhere is refused",
                 "[tensor_payload]") {
  auto whole = write(floats({2, 2}, {1, 2, 3, 4}));
  for (size_t size = 0; size < whole.size(); ++size) {
    INFO("cut off after " << size << " of " << whole.size() << " bytes");
    CHECK(refusal(
      {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST_CASE_METHOD(payload_fixture, "what has not arrived is not allocated",
                 "[tensor_payload]") {
  // Announces half a gigabyte in a few bytes.
  check_refused(header(float32, {1 << 27}, 1 << 29).zeros(16).out,
                error_code::truncated_payload,
                "payload of 536870912 bytes, only 16 have arrived");
}

TEST_CASE_METHOD(payload_fixture, "a payload above the limit is refused",
                 "[tensor_payload]") {
  payload_limit limit{16};
  tensor_payload x;
  CHECK_FALSE(read(header(float32, {4}, 16).zeros(16).out, x));
  check_refused(header(float32, {5}, 20).zeros(20).out,
                error_code::oversized_payload,
                "payload of 20 bytes, at most 16 are accepted here");
}

TEST_CASE_METHOD(payload_fixture, "an unknown element type is refused",
                 "[tensor_payload]") {
  auto type = GENERATE(6, 17, 255);
  check_refused(header(type, {2}, 8).zeros(8).out,
                error_code::malformed_payload,
                fmt::format("payload of unknown element type {}", type));
}

TEST_CASE_METHOD(payload_fixture, "too many dimensions are refused",
                 "[tensor_payload]") {
  std::vector<int64_t> extents(caps::payload_rank_max + 1, 1);
  check_refused(header(float32, extents, 4).zeros(4).out,
                error_code::malformed_payload,
                "payload of 9 dimensions, at most 8 are allowed");
}

TEST_CASE_METHOD(payload_fixture, "extents that make no sense are refused",
                 "[tensor_payload]") {
  check_refused(header(float32, {3, -1}, 12).zeros(12).out,
                error_code::malformed_payload, "payload with extent -1");
  auto overflow = "payload whose shape has more than 2^64 bytes";
  auto most = std::numeric_limits<int64_t>::max();
  check_refused(header(float64, {most, 2}, 16).zeros(16).out,
                error_code::malformed_payload, overflow);
  // 2^32 * 2^32 elements are 0 modulo 2^64.
  auto root = int64_t{1} << 32;
  check_refused(header(4, {root, root}, 0).out, error_code::malformed_payload,
                overflow);
}

TEST_CASE_METHOD(payload_fixture,
                 "bytes that do not match the shape are refused",
                 "[tensor_payload]") {
  check_refused(header(float32, {2, 2}, 12).zeros(12).out,
                error_code::malformed_payload,
                "payload of shape [2, 2] announces 12 bytes instead of 16");
  check_refused(header(float32, {2, 2}, 17).zeros(17).out,
                error_code::malformed_payload,
                "payload of shape [2, 2] announces 17 bytes instead of 16");
}

TEST_CASE_METHOD(payload_fixture, "no damaged bytes crash, whatever the damage",
                 "[tensor_payload]") {
  payload_limit limit{1 << 16};
  auto whole = write(floats({2, 3}, {1, 2, 3, 4, 5, 6}));
  std::mt19937 random{12345}; // NOLINT: the same damage in every run
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = whole;
    for (int i = 0; i < 1 + round % 4; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    tensor_payload x;
    if (!read(bytes, x)) // damage in the values is not for us to see
      CHECK(x.size_bytes() <= 24);
  }
}

TEST_CASE("a receiver checks what it is sent", "[tensor_payload]") {
  auto good = floats({3}, {1, 2, 3});
  CHECK_FALSE(caps::check_payload(good, element_type::float32, 3));
  auto refused = [](const tensor_payload& x, element_type type, size_t numel) {
    auto problem = caps::check_payload(x, type, numel);
    CHECK(code_of(problem) == error_code::mismatched_payload);
    return problem.context().get_as<std::string>(0);
  };
  CHECK(refused(good, element_type::float32, 4)
        == "received float32 [3], expected float32 [4]");
  CHECK(refused(good, element_type::float64, 3)
        == "received float32 [3], expected float64 [3]");
  CHECK(refused(floats({3, 1}, {1, 2, 3}), element_type::float32, 3)
        == "received float32 [3, 1], expected float32 [3]");
  CHECK(refused({}, element_type::float32, 3)
        == "received nothing, expected float32 [3]");
}
