#include "tests/support/catch.hpp"

#include "models/checkpoint/checksums.hpp"
#include "models/checkpoint/safetensors.hpp"
#include "models/errors.hpp"
#include "tests/models/checkpoint/support.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include <algorithm>

using namespace caps;
using namespace caps::test;

namespace {

/// Tensors of all sorts: several types, no dimensions, no elements, a view.
tensor_file example() {
  auto square = at::arange(6, at::kFloat).view({2, 3});
  return {{{"bytes", at::full({3}, 7, at::kByte)},
           {"weight", square},
           {"transposed", square.t()},
           {"steps", at::full({}, -5, at::kLong)},
           {"none", at::empty({0, 4}, at::kDouble)},
           {"real \"\u20ac\"", at::full({2}, 0.1, at::kDouble)}},
          {{"format", "pt"}, {"note", "two\nlines"}}};
}

const char* one_float = R"({"x":{"dtype":"F32","shape":[1],)"
                        R"("data_offsets":[0,4]}})";

std::string refusal(const bytes& content) {
  temporary_folder folder;
  auto path = folder.write("f", content);
  auto message = message_of<data_error>([&] { read_safetensors(path); });
  if (message.starts_with(path))
    message = "f" + message.substr(path.size());
  return message;
}

std::string header_refusal(std::string_view header, size_t data = 4) {
  return refusal(safetensors(header, bytes(data)));
}

} // namespace

TEST_CASE("tensors of all sorts come back bit for bit", "[safetensors]") {
  temporary_folder folder;
  auto path = folder.path() + "/x.safetensors";
  auto written = example();
  write_safetensors(path, written);
  auto read = read_safetensors(path, checksums::required);
  CHECK(read.metadata == written.metadata);
  REQUIRE(read.tensors.size() == written.tensors.size());
  for (const auto& x : written.tensors) {
    INFO(x.name);
    auto y = std::find_if(read.tensors.begin(), read.tensors.end(),
                          [&](const auto& z) { return z.name == x.name; });
    REQUIRE(y != read.tensors.end());
    CHECK(y->value.scalar_type() == x.value.scalar_type());
    CHECK(y->value.sizes() == x.value.sizes());
    CHECK(at::equal(y->value, x.value));
  }
}

TEST_CASE("a file in memory is the same as on disk", "[safetensors]") {
  temporary_folder folder;
  auto path = folder.path() + "/x.safetensors";
  write_safetensors(path, example());
  auto on_disk = read_bytes(path);
  auto text = to_safetensors(example());
  REQUIRE(std::ranges::equal(on_disk, text, {}, {},
                             [](char x) { return static_cast<uint8_t>(x); }));
  CHECK(to_safetensors(from_safetensors(text, "x")) == text);
  for (size_t i = 0; i < text.size(); ++i) {
    INFO("byte " << i);
    auto damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    REQUIRE_THROWS_AS(from_safetensors(damaged, "x"), data_error);
    REQUIRE_THROWS_AS(from_safetensors(text.substr(0, i), "x"), data_error);
  }
}

TEST_CASE("the layout of a file is the published one", "[safetensors]") {
  temporary_folder folder;
  auto path = folder.path() + "/x.safetensors";
  write_safetensors(path, {{{"b", at::full({2}, 3, at::kByte)},
                            {"a", at::full({1}, 1, at::kFloat)}},
                           {}});
  auto content = read_bytes(path);
  bytes data{0, 0, 0x80, 0x3f, 3, 3};
  auto block = checksum_text(checksum(std::as_bytes(std::span{data})));
  auto header = [&](const std::string& own) {
    auto text = R"({"__metadata__":{"caps.xxh3":")" + own + block
                + R"("},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                + R"("b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})";
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  };
  auto zeros = header(std::string(checksum_digits, '0'));
  auto own = checksum_text(checksum(std::as_bytes(std::span{zeros})));
  CHECK(content == safetensors(header(own), data));
}

TEST_CASE("checksums are those of XXH3", "[safetensors]") {
  // Published test value: the empty input with seed 0.
  CHECK(checksum({}) == 0x2d06800538d394c2u);
  bytes long_input = pattern(3 * checksum_block_bytes / 2);
  block_checksums blocks;
  auto all = std::as_bytes(std::span{long_input});
  blocks.update(all.first(1000));
  blocks.update(all.subspan(1000));
  blocks.finish();
  REQUIRE(blocks.values().size() == 2);
  CHECK(blocks.values()[0] == checksum(all.first(checksum_block_bytes)));
  CHECK(blocks.values()[1] == checksum(all.subspan(checksum_block_bytes)));
}

TEST_CASE("files of other programs are read without checksums",
          "[safetensors]") {
  temporary_folder folder;
  auto header = R"( {"x" : {"shape":[ ], "data_offsets":[0, 8],)"
                R"( "dtype":"F64"}} )";
  auto path = folder.write("x", safetensors(std::string{header}.substr(1),
                                            {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}));
  auto x = read_safetensors(path).tensors.at(0).value;
  CHECK(x.dim() == 0);
  CHECK(x.item<double>() == 1.5);
  CHECK(message_of<data_error>([&] {
          read_safetensors(path, checksums::required);
        }).find("has no checksums")
        != std::string::npos);
  auto empty = folder.write("y", safetensors("{}", {}));
  CHECK(read_safetensors(empty).tensors.empty());
}

TEST_CASE("what a header may not say is refused with its place",
          "[safetensors]") {
  CHECK(header_refusal(one_float).empty());
  CHECK(refusal({1, 2, 3})
        == "f: the file ends at byte 3, within the 8 bytes of the header's "
           "length");
  CHECK(refusal(little_endian(uint64_t{1} << 60) + bytes(4))
        == "f: byte 0: a header of 1152921504606846976 bytes is announced, but "
           "4 follow (at most 100000000 are accepted)");
  CHECK(header_refusal("", 0)
        == "f: byte 8: expected '{', found the end of "
           "the header");
  CHECK(header_refusal(" {}", 0)
        == "f: byte 8: the header must start with '{'");
  CHECK(header_refusal("{}", 4)
        == "f: byte 10: expected the end of the file, found 4 more bytes");
  CHECK(header_refusal(one_float, 3)
        == "f: byte 65: the file ends here, expected 1 more bytes");
  CHECK(header_refusal("{}x", 0)
        == "f: byte 10: expected the end of the header, found 'x'");
  CHECK(header_refusal(R"({"__metadata__":{"a":1}})", 0)
        == "f: byte 29: expected a string, found '1'");
  CHECK(header_refusal(R"({"__metadata__":{"a":"","a":""}})", 0)
        == "f: byte 32: 'a' is there twice");
  auto entry = [](const std::string& inside) {
    return header_refusal(R"({"x":{)" + inside + "}}");
  };
  CHECK(entry(R"("dtype":"F32","shape":[1])")
        == "f: byte 9: 'x' needs a dtype, a shape and data_offsets");
  CHECK(entry(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])")
        == "f: byte 22: unknown dtype 'F31'");
  CHECK(entry(R"("dtype":"F32","size":1)")
        == "f: byte 28: expected dtype, shape or data_offsets, found 'size'");
  CHECK(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])")
        == "f: byte 9: 'x' is F32 [2] but has 4 bytes");
  CHECK(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])")
        == "f: byte 9: data_offsets of 'x' must be two numbers in rising "
           "order");
  CHECK(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])")
          .find("two numbers")
        != std::string::npos);
  CHECK(entry(R"("dtype":"F32","dtype":"F32")")
        == "f: byte 28: 'dtype' is there twice");
  CHECK(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])")
          .find("expected an integer from 0")
        != std::string::npos);
}

TEST_CASE("sizes that overflow are refused", "[safetensors]") {
  auto entry = [](const std::string& shape) {
    return header_refusal(R"({"x":{"dtype":"F32","shape":)" + shape
                          + R"(,"data_offsets":[0,4]}})");
  };
  auto empty = [](const std::string& shape) {
    return header_refusal(R"({"x":{"dtype":"F32","shape":)" + shape
                            + R"(,"data_offsets":[0,0]}})",
                          0);
  };
  CHECK(entry("[4294967296,4294967296,4294967296]") != "");
  CHECK(entry("[4611686018427387905]") != ""); // 4 more than 2^64 bytes
  CHECK(empty("[0,4]") == "");
  CHECK(empty("[0,4294967296,4294967296,4294967296]") != "");
  std::string many = "[1";
  for (int i = 0; i < 64; ++i)
    many += ",1";
  CHECK(entry(many + "]").find("at most 64 dimensions") != std::string::npos);
}

TEST_CASE("overlaps and gaps are refused", "[safetensors]") {
  auto two = [](int begin, size_t data) {
    auto end = std::to_string(begin + 4);
    return header_refusal(
      R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("y":{"dtype":"F32","shape":[1],"data_offsets":[)"
        + std::to_string(begin) + "," + end + "]}}",
      data);
  };
  CHECK(two(4, 8) == "");
  CHECK(two(2, 6)
        == "f: byte 62: 'y' starts at byte 2 of the data, expected 4 (no "
           "overlaps, no gaps)");
  CHECK(two(5, 9)
        == "f: byte 62: 'y' starts at byte 5 of the data, expected 4 (no "
           "overlaps, no gaps)");
  CHECK(two(0, 4) != "");
}

TEST_CASE("damaged numbers are found with their place", "[safetensors]") {
  temporary_folder folder;
  auto path = folder.path() + "/x.safetensors";
  auto numbers = static_cast<int64_t>(checksum_block_bytes / 4) * 2 + 10;
  write_safetensors(path, {{{"x", at::ones({numbers})}}, {}});
  auto content = read_bytes(path);
  auto start = content.size() - static_cast<size_t>(numbers) * 4;
  content[start + checksum_block_bytes + 17] ^= 1;
  folder.write("x.safetensors", content);
  auto first = std::to_string(start + checksum_block_bytes);
  auto last = std::to_string(start + 2 * checksum_block_bytes - 1);
  CHECK_THROWS_WITH(read_safetensors(path), contains("bytes " + first + " to "
                                                     + last + " are damaged"));
  CHECK_THROWS_AS(verify_safetensors(path, checksums::required), data_error);
}

TEST_CASE("what cannot be read or written is refused", "[safetensors]") {
  temporary_folder folder;
  CHECK_THROWS_WITH(read_safetensors(folder.path() + "/none"),
                    contains("/none: No such file or directory"));
  CHECK_THROWS_WITH(read_safetensors(folder.path()), contains("is not a file"));
  CHECK_THROWS_AS(write_safetensors(folder.path() + "/none/x", example()),
                  caps::error);
  auto path = folder.path() + "/x";
  auto one = at::ones({1});
  CHECK_THROWS_AS(write_safetensors(path, {{{"x", one}, {"x", one}}, {}}),
                  input_error);
  CHECK_THROWS_AS(
    write_safetensors(path, {{{"x", at::ones({1}, at::kBool)}}, {}}),
    input_error);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a refused write leaves the old file alone", "[safetensors]") {
  temporary_folder folder;
  auto path = folder.write("x", {1, 2, 3});
  // The temporary name is taken by a folder, so nothing can be written.
  std::filesystem::create_directory(path + ".tmp");
  CHECK_THROWS_WITH(write_safetensors(path, example()),
                    contains("Is a directory"));
  CHECK(read_bytes(path) == bytes{1, 2, 3});
}
