#include "tests/support/catch.hpp"

#include "models/checkpoint/checkpoint.hpp"
#include "models/checkpoint/safetensors.hpp"
#include "models/errors.hpp"
#include "models/optim/optimizer.hpp"
#include "tests/models/checkpoint/support.hpp"
#include "tests/support/set_options.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

using namespace caps;
using namespace caps::test;

namespace {

/// A small component, so that every byte of its file can be attacked.
struct component {
  at::Tensor velocity = at::arange(5, at::kFloat);
  at::Tensor missing;
  int64_t step = 17;

  void visit(state_visitor& visitor) {
    visitor.tensor("velocity", velocity);
    visitor.tensor("missing", missing);
    visitor.integer("step", step);
  }
};

checkpoint_identity identity(int64_t step) {
  return {"lenet5", 0x0123456789abcdef, step};
}

std::string save(const temporary_folder& folder, int64_t step) {
  component x;
  auto path = checkpoint_path(folder.path(), step);
  save_checkpoint(path, identity(step),
                  [&](state_visitor& visitor) { x.visit(visitor); });
  return path.string();
}

std::string refusal(const std::string& path) {
  return message_of<data_error>([&] {
    load_checkpoint(path, identity(0), [](state_visitor&) {
      FAIL("a damaged file must not be visited");
    });
  });
}

} // namespace

TEST_CASE("a checkpoint restores what was saved", "[checkpoint]") {
  temporary_folder folder;
  auto path = save(folder, 1200);
  CHECK(path == folder.path() + "/step-000001200.checkpoint");
  component x;
  x.velocity = at::empty({5});
  x.step = 0;
  auto found = load_checkpoint(
    path, identity(0), [&](state_visitor& visitor) { x.visit(visitor); });
  CHECK(found.step == 1200);
  CHECK(found.model == "lenet5");
  CHECK(at::equal(x.velocity, at::arange(5, at::kFloat)));
  CHECK(x.step == 17);
}

TEST_CASE("every optimizer goes on bit for bit", "[checkpoint]") {
  auto layout = std::make_shared<parameter_layout>();
  layout->add("fc.weight", {3, 4}, parameter_kind::weight);
  layout->add("fc.bias", {3}, parameter_kind::bias);
  auto n = layout->numel();
  auto random = [&](uint64_t seed) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return at::empty({n}).normal_(0, 1, generator);
  };
  for (const auto& name : built_in_optimizers().names()) {
    INFO(name);
    auto make = [&] {
      option_values options;
      if (name == "sgd" || name == "lars")
        options["momentum"] = 0.9;
      return configured(built_in_optimizers(), name, options)
        ->make(layout, at::TensorOptions{at::kFloat});
    };
    auto run = [&](optimizer& x, at::Tensor& weights, int first, int last) {
      for (int i = first; i < last; ++i) {
        auto next = at::empty({n});
        x.step(weights, random(static_cast<uint64_t>(i)), next);
        weights = next;
      }
    };
    temporary_folder folder;
    auto path = checkpoint_path(folder.path(), 5);
    auto weights = random(1000);
    auto original = make();
    original->learning_rate(0.03);
    run(*original, weights, 0, 5);
    save_checkpoint(path, identity(5), [&](state_visitor& visitor) {
      visitor.tensor("weights", weights);
      visit_nested(visitor, "optimizer", *original);
    });
    run(*original, weights, 5, 10);

    at::Tensor resumed;
    auto copy = make();
    load_checkpoint(path, identity(5), [&](state_visitor& visitor) {
      visitor.tensor("weights", resumed);
      visit_nested(visitor, "optimizer", *copy);
    });
    run(*copy, resumed, 5, 10);
    CHECK(copy->learning_rate() == 0.03);
    CHECK(at::equal(resumed, weights));
  }
}

TEST_CASE("every flipped bit is found", "[checkpoint]") {
  temporary_folder folder;
  auto path = save(folder, 1);
  auto content = read_bytes(path);
  REQUIRE(content.size() < 1000);
  int undetected = 0;
  for (size_t i = 0; i < content.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      write_byte(path, i, static_cast<uint8_t>(content[i] ^ (1 << bit)));
      undetected += refusal(path).empty();
    }
    write_byte(path, i, content[i]);
  }
  CHECK(undetected == 0);
  CHECK(latest_good(folder.path()) == path); // all is mended again
}

TEST_CASE("every cut-off file is refused", "[checkpoint]") {
  temporary_folder folder;
  auto path = save(folder, 1);
  auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size + 1);
  CHECK_FALSE(refusal(path).empty());
  while (size-- > 0) {
    INFO(size);
    std::filesystem::resize_file(path, size);
    CHECK_FALSE(refusal(path).empty());
  }
}

TEST_CASE("a damaged checkpoint is refused with an older good one",
          "[checkpoint]") {
  temporary_folder folder;
  auto oldest = save(folder, 1);
  auto older = save(folder, 2);
  auto newest = save(folder, 3);
  auto content = read_bytes(newest);
  content.back() ^= 0x40;
  folder.write("step-000000003.checkpoint", content);
  // 28 bytes of tensors: the integer and five floats.
  auto start = content.size() - 28;
  CHECK_THAT(refusal(newest),
             contains(newest + ": bytes " + std::to_string(start) + " to "
                      + std::to_string(content.size() - 1) + " are damaged")
               && contains("the newest good checkpoint beside it is " + older));
  CHECK(latest_good(folder.path()) == older);
  folder.write("step-000000002.checkpoint", {});
  CHECK(latest_good(folder.path()) == oldest);
  folder.write("step-000000001.checkpoint", {});
  CHECK_FALSE(latest_good(folder.path()).has_value());
  CHECK(refusal(newest).find("beside it") == std::string::npos);
}

TEST_CASE("remains of a crash are ignored", "[checkpoint]") {
  temporary_folder folder;
  auto good = save(folder, 1);
  // As if the machine had stopped while step 2 was written.
  auto half = read_bytes(good);
  half.resize(half.size() / 2);
  folder.write("step-000000002.checkpoint.tmp", half);
  folder.write("notes.txt", {1});
  CHECK(latest_good(folder.path()) == good);
  // The next checkpoint of that step takes the place of the remains.
  auto next = save(folder, 2);
  CHECK(latest_good(folder.path()) == next);
  CHECK_FALSE(std::filesystem::exists(next + ".tmp"));
}

TEST_CASE("folders without checkpoints hold no good one", "[checkpoint]") {
  temporary_folder folder;
  CHECK_FALSE(latest_good(folder.path()).has_value());
  CHECK_FALSE(latest_good(folder.path() + "/none").has_value());
}

TEST_CASE("the newest checkpoint is the one with the most steps",
          "[checkpoint]") {
  temporary_folder folder;
  auto late = save(folder, 1'000'000'000); // has one digit more
  save(folder, 999'999'999);
  CHECK(latest_good(folder.path()) == late);
  CHECK(read_identity(late).step == 1'000'000'000);
}

TEST_CASE("a checkpoint of another net is refused, naming both",
          "[checkpoint]") {
  temporary_folder folder;
  auto path = save(folder, 1);
  checkpoint_identity other{"resnet18", 0xfedcba9876543210, 0};
  CHECK(message_of<input_error>([&] {
          load_checkpoint(path, other, [](state_visitor&) {
            FAIL("a checkpoint of another net must not be visited");
          });
        })
        == path
             + " is a checkpoint of model 'lenet5' (layout 0123456789abcdef), "
               "but this run trains model 'resnet18' (layout "
               "fedcba9876543210)");
}

TEST_CASE("other tensor files are no checkpoints", "[checkpoint]") {
  temporary_folder folder;
  auto path = folder.path() + "/weights.safetensors";
  write_safetensors(path, {{{"x", at::arange(3)}}, {}});
  CHECK(refusal(path)
        == path + " is no checkpoint: its header has no 'caps.checkpoint'");
  write_safetensors(path, {{}, {{"caps.checkpoint", "2"}}});
  CHECK_THAT(refusal(path), contains("version '2'"));
  write_safetensors(path, {{}, {{"caps.checkpoint", "1"}}});
  CHECK_THAT(refusal(path), contains("'caps.layout' is no number"));
}
