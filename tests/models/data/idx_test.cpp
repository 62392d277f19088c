#include "tests/support/catch.hpp"

#include "models/data/idx.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"

#include <algorithm>

using caps::data_error;
using caps::read_idx;
using namespace caps::test;

namespace {

/// What reading `content` as an IDX file of three dimensions complains about.
std::string complaint(const bytes& content) {
  temporary_folder folder;
  auto path = folder.write("pictures", content);
  auto result = message_of<data_error>([&] { read_idx(path, 3); });
  if (!result.empty())
    CHECK(contains(result, path));
  return result;
}

const bytes good = idx({5, 4, 3}, pattern(60));

} // namespace

TEST_CASE("plain and gzip files hold the same", "[idx]") {
  temporary_folder folder;
  auto big = idx({1000, 40, 30}, pattern(1'200'000)); // several buffers
  auto half = static_cast<std::ptrdiff_t>(big.size() / 2);
  bytes front{big.begin(), big.begin() + half};
  bytes back{big.begin() + half, big.end()};
  auto plain = read_idx(folder.write("plain", big), 3);
  CHECK(plain.extents == std::vector<int64_t>{1000, 40, 30});
  CHECK(plain.bytes == pattern(1'200'000));
  // The name says nothing, and gzip files may be joined.
  for (auto packed : {gzip(big), gzip(front) + gzip(back)}) {
    auto x = read_idx(folder.write("packed", packed), 3);
    CHECK(x.extents == plain.extents);
    CHECK(x.bytes == plain.bytes);
    CHECK(x.checksum == plain.checksum);
  }
  CHECK(plain.checksum == crc32_z(0, big.data(), big.size()));
}

TEST_CASE("the header of an IDX file is checked", "[idx]") {
  CHECK(complaint(good).empty());
  CHECK(contains(complaint({}), "ends at byte 0"));
  CHECK(contains(complaint({0, 0, 8}), "ends at byte 3"));
  CHECK(contains(complaint(idx({5, 12}, pattern(60))), "found 00 00 08 02"));
  auto floats = good;
  floats[2] = 0x0d;
  CHECK(contains(complaint(floats), "found 00 00 0d 03"));
  CHECK(contains(complaint(idx({5, 0, 3}, {})), "dimension at byte 8 is 0"));
  CHECK(contains(complaint({0, 0, 8, 3, 0, 0, 0, 5, 0, 0}),
                 "from byte 8 on, but the data ends at byte 10"));
}

TEST_CASE("a size is checked before it is allocated", "[idx]") {
  constexpr auto most = 0xffff'ffffu;
  CHECK(contains(complaint(idx({most, most, most}, pattern(60))),
                 "more bytes than a machine can hold"));
  CHECK(contains(complaint(idx({most, 1'000, 1}, pattern(60))),
                 "content of 4294967295000 bytes should follow byte 16, but "
                 "the file ends at byte 76"));
  CHECK(contains(complaint(gzip(idx({most, 1'000, 1}, pattern(60)))),
                 "content of 4294967295000 bytes cannot come from"));
}

TEST_CASE("an IDX file ends where its header says", "[idx]") {
  for (size_t size : {16u, 17u, 75u}) {
    auto cut
      = bytes{good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)};
    CHECK(contains(complaint(cut),
                   "the file ends at byte " + std::to_string(size)));
    CHECK(contains(complaint(gzip(cut)),
                   "data ends at byte " + std::to_string(size)));
  }
  CHECK(contains(complaint(good + bytes{7}), "from byte 76 on"));
  CHECK(contains(complaint(gzip(good + bytes{7})), "from byte 76 on"));
}

TEST_CASE("every byte of a gzip file counts", "[idx]") {
  auto packed = gzip(good);
  SECTION("cut off anywhere") {
    for (size_t size = 2; size < packed.size(); ++size) {
      auto cut = bytes{packed.begin(),
                       packed.begin() + static_cast<std::ptrdiff_t>(size)};
      CHECK(
        contains(complaint(cut), "breaks off at byte " + std::to_string(size)));
    }
  }
  SECTION("a wrong checksum or length") {
    for (auto from_end : {8u, 5u, 4u, 1u}) {
      auto bad = packed;
      bad[bad.size() - from_end] ^= 1;
      CHECK(contains(complaint(bad), from_end > 4 ? "incorrect data check"
                                                  : "incorrect length check"));
    }
  }
  SECTION("any flipped bit of the compressed data") {
    // A few bits are padding; all others must be noticed.
    temporary_folder folder;
    size_t unnoticed = 0;
    for (auto bit = size_t{80}; bit < (packed.size() - 8) * 8; ++bit) {
      auto bad = packed;
      bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      if (!complaint(bad).empty())
        continue;
      ++unnoticed;
      CHECK(read_idx(folder.write("x", bad), 3).bytes == pattern(60));
    }
    CHECK(unnoticed < 8);
  }
  SECTION("bytes after its end") {
    CHECK(contains(complaint(packed + bytes{0, 0}),
                   "from byte " + std::to_string(packed.size()) + " on"));
  }
}

TEST_CASE("a path without a file is named", "[idx]") {
  temporary_folder folder;
  for (auto path : {folder.path(), folder.path() + "/nothing"})
    CHECK(contains(message_of<data_error>([&] { read_idx(path, 1); }), path));
}

TEST_CASE("pictures and labels must fit", "[idx]") {
  temporary_folder folder;
  auto images = read_idx(folder.write("i", good), 3);
  auto labels_of = [&](const bytes& values) {
    return read_idx(
      folder.write("l", idx({static_cast<uint32_t>(values.size())}, values)),
      1);
  };
  auto joined = caps::join_idx(images, labels_of({0, 1, 2, 3, 9}), "l", 10);
  CHECK(joined.size() == 5);
  CHECK(joined.channels == 1);
  CHECK(joined.height == 4);
  CHECK(joined.width == 3);
  CHECK(joined.labels == std::vector<int64_t>{0, 1, 2, 3, 9});
  CHECK(message_of<data_error>([&] {
          caps::join_idx(images, labels_of({0, 1, 2, 3, 10}), "l", 10);
        })
        == "'l' holds label 10 for picture 4; labels go from 0 to 9");
  CHECK(message_of<data_error>([&] {
          caps::join_idx(images, labels_of({0, 1}), "l", 10);
        })
        == "'l' holds 2 labels, but there are 5 pictures");
}
