#include "tests/support/catch.hpp"

#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"
#include "models/random_state.hpp"
#include "models/state_values.hpp"
#include "tests/models/data/support.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include <bit>
#include <limits>

using namespace caps;
using test::message_of;

namespace {

struct inner {
  int64_t count = 0;

  void visit_state(state_visitor& visitor) { visitor.integer("count", count); }
};

/// One state of each kind, and a nested component.
struct component {
  at::Tensor velocity;
  at::Tensor missing;
  double rate = 0;
  std::string blob;
  std::vector<int64_t> order;
  inner nested;

  void visit_state(state_visitor& visitor) {
    visitor.tensor("velocity", velocity);
    visitor.tensor("missing", missing);
    visitor.real("rate", rate);
    visitor.bytes("blob", blob);
    visitor.integers("order", order);
    visit_nested(visitor, "nested", nested);
  }
};

component full_component() {
  return {
    at::arange(6, at::kFloat).view({2, 3}),       {},
    std::numeric_limits<double>::denorm_min(),    std::string{"a\0b\xff", 4},
    {3, -1, std::numeric_limits<int64_t>::min()}, {42}};
}

tensor_file saved(component x) {
  state_writer writer;
  x.visit_state(writer);
  return writer.contents();
}

void restore(component& x, tensor_file file) {
  state_reader reader{std::move(file), "archive"};
  x.visit_state(reader);
  reader.finish();
}

} // namespace

TEST_CASE("state comes back bit for bit", "[state_archive]") {
  auto x = full_component();
  component y;
  y.missing = at::ones({1}); // is taken away again
  restore(y, saved(x));
  CHECK(at::equal(y.velocity, x.velocity));
  CHECK_FALSE(y.missing.defined());
  CHECK(y.rate == x.rate);
  CHECK(y.blob == x.blob);
  CHECK(y.order == x.order);
  CHECK(y.nested.count == 42);
}

TEST_CASE("special reals keep their bits", "[state_archive]") {
  for (auto rate : {-0.0, std::numeric_limits<double>::infinity(),
                    std::bit_cast<double>(0x7ff8000000000123)}) {
    component x, y;
    x.rate = rate;
    restore(y, saved(x));
    CHECK(std::bit_cast<uint64_t>(y.rate) == std::bit_cast<uint64_t>(rate));
  }
}

TEST_CASE("a fresh component is valid state", "[state_archive]") {
  auto x = full_component();
  restore(x, saved({}));
  CHECK_FALSE(x.velocity.defined());
  CHECK(x.blob.empty());
  CHECK(x.order.empty());
  CHECK(x.nested.count == 0);
}

TEST_CASE("names of nested components are joined by dots", "[state_archive]") {
  std::vector<std::string> names;
  for (const auto& x : saved(full_component()).tensors)
    names.push_back(x.name);
  CHECK(names
        == std::vector<std::string>{"velocity", "rate", "blob", "order",
                                    "nested.count"});
}

TEST_CASE("restoring replaces tensors and never writes into them",
          "[state_archive]") {
  auto file = saved(full_component());
  component y;
  auto lent = y.velocity = at::ones({2, 3});
  restore(y, file);
  CHECK(at::equal(lent, at::ones({2, 3})));
}

TEST_CASE("state of another configuration is refused", "[state_archive]") {
  auto file = saved(full_component());
  auto message = [](component y, const tensor_file& x) {
    return message_of<input_error>([&] { restore(y, x); });
  };
  component other;
  other.velocity = at::ones({3, 2});
  CHECK(message(other, file)
        == "archive holds 'velocity' as F32 [2, 3], but this run has it as F32 "
           "[3, 2]");
  other.velocity = at::ones({2, 3}, at::kDouble);
  CHECK(message(other, file).find("as F64 [2, 3]") != std::string::npos);
  auto lacking = file;
  lacking.tensors.pop_back();
  CHECK(message({}, lacking)
        == "archive does not hold 'nested.count': it was written by another "
           "configuration");
  auto extra = file;
  extra.tensors.push_back({"second_moment", at::ones({1})});
  CHECK(message({}, extra)
        == "archive holds 'second_moment', which this run has no use for: it "
           "was written by another configuration");
  auto changed = file;
  changed.tensors[1].value = at::ones({1});
  CHECK(message({}, changed)
        == "archive holds 'rate' as F32 [1], expected F64 with 0 dimensions");
}

TEST_CASE("a list is no longer than what the archive holds of it",
          "[state_archive]") {
  tensor_file file;
  file.tensors.push_back(
    {"list.size", at::full({}, int64_t{1} << 50, at::kLong)});
  state_reader reader{std::move(file), "archive"};
  std::vector<at::Tensor> list;
  CHECK(message_of<input_error>([&] { visit_value(reader, "list", list); })
        == "archive does not hold 'list.0': it was written by another "
           "configuration");
}

TEST_CASE("random numbers go on where they were", "[state_archive]") {
  random_stream stream{3};
  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  auto draw = [&] { return at::empty({5}).normal_(0, 1, generator); };
  stream.next();
  draw();
  state_writer writer;
  visit_random(writer, "stream", stream);
  visit_random(writer, "generator", generator);
  auto file = writer.contents();
  auto expected = stream.next();
  auto numbers = draw();

  stream = random_stream{99};
  generator = at::make_generator<at::CPUGeneratorImpl>(99);
  state_reader reader{file, "archive"};
  visit_random(reader, "stream", stream);
  visit_random(reader, "generator", generator);
  CHECK(stream.next() == expected);
  CHECK(at::equal(draw(), numbers));
}

TEST_CASE("saving random state does not disturb it", "[state_archive]") {
  auto draw = [](bool save) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
    // An odd number of normals leaves one cached inside the generator.
    at::empty({3}, at::kDouble).normal_(0, 1, generator);
    state_writer writer;
    if (save)
      visit_random(writer, "generator", generator);
    return at::empty({4}, at::kDouble).normal_(0, 1, generator);
  };
  CHECK(at::equal(draw(true), draw(false)));
}
