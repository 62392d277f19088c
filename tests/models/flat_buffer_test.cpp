#include "tests/support/catch.hpp"

#include "models/flat_buffer.hpp"

#include <ATen/ops/full.h>

using caps::flat_buffer;

TEST_CASE("an unlent buffer is written in place", "[flat_buffer]") {
  flat_buffer x{4, at::kFloat};
  auto before = x.read().data_ptr();
  x.writable().fill_(2);
  CHECK(x.read().data_ptr() == before);
  CHECK(x.buffers() == 1);
  CHECK(x.read()[3].item<float>() == 2);
}

TEST_CASE("a lent version never changes", "[flat_buffer]") {
  flat_buffer x{4, at::kFloat};
  x.writable().fill_(1);
  auto lent = x.read();
  x.writable().add_(1);
  CHECK(lent[0].item<float>() == 1);
  CHECK(x.read()[0].item<float>() == 2);
}

TEST_CASE("a view counts as lending", "[flat_buffer]") {
  flat_buffer x{4, at::kFloat};
  auto view = x.read().narrow(0, 1, 2);
  x.writable().fill_(7);
  CHECK(view[0].item<float>() == 0);
}

TEST_CASE("buffers that come back are used again", "[flat_buffer]") {
  flat_buffer x{4, at::kFloat};
  auto first = x.read().data_ptr();
  for (int i = 0; i < 100; ++i) {
    auto lent = x.read(); // as a message in flight would
    auto next = x.target();
    next.fill_(i);
    x.commit(next);
  }
  CHECK(x.buffers() == 2);
  auto lent = x.read();
  auto reused = x.target().data_ptr();
  CHECK((reused == first || lent.data_ptr() == first));
}
