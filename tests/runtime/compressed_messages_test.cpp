#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "runtime/components/components.hpp"
#include "runtime/run/run.hpp"
#include "runtime/scenario/writer.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

using namespace caps;

namespace {

using settings_list = std::vector<std::string>;

settings_list operator+(settings_list x, const settings_list& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

/// A small net on made-up pictures; `settings` override keys.
run_plan plan_of(const settings_list& settings) {
  constexpr auto text = R"(
seed = 5
nodes.count = 3
data.name = "synthetic"
data.train = 240
data.test = 40
model.name = "mlp"
model.hidden = [12]
training.batch = 10
training.epochs = 3
optimizer.lr = 0.1
optimizer.momentum = 0.5
protocol.name = "dsgd"
)";
  return make_plan(
    parse_scenario(text, "test", settings, built_in_components()));
}

class recorder final : public run_observer {
public:
  void on_metrics(const node_metrics& x) override {
    metrics[x.stamp.source] = x;
  }
  void on_snapshot(const node_snapshot& x) override {
    if (x.final)
      weights[x.stamp.source] = to_tensor(x.weights).clone();
  }
  void on_row(const metrics_row& x) override {
    bytes[x.node] = x.bytes_sent;
    loss[x.node] = x.train.loss.value_or(0);
  }

  /// By what it is about.
  std::map<std::string, double> metric(node_id node, const std::string& name) {
    std::map<std::string, double> result;
    for (const auto& x : metrics[node].values)
      if (x.name == name)
        result[x.of] = x.value;
    return result;
  }

  run_end end;
  std::map<node_id, node_metrics> metrics;
  std::map<node_id, at::Tensor> weights;
  std::map<node_id, uint64_t> bytes;
  std::map<node_id, double> loss;
};

recorder execute(const settings_list& settings) {
  auto plan = plan_of(settings);
  recorder result;
  run_settings how;
  how.threads = 2;
  result.end = plan.content.clock == "virtual" ? run_virtual(plan, how, result)
                                               : run_real(plan, how, result);
  INFO(result.end.text);
  REQUIRE(result.end.code == exit_code::success);
  return result;
}

/// Skips only what did not change at all.
const settings_list exact{
  "protocol.compressor=caps", "protocol.round_factor=-1",
  "protocol.unchange_rate=100", "protocol.adjust_rate=0"};

/// Skips much.
const settings_list rounded{
  "protocol.compressor=caps", "protocol.round_factor=2",
  "protocol.unchange_rate=50", "protocol.adjust_rate=0"};

void check_equal(const recorder& x, const recorder& y) {
  REQUIRE(!x.weights.empty());
  REQUIRE(x.weights.size() == y.weights.size());
  for (const auto& [node, weights] : x.weights) {
    INFO("node " << node);
    CHECK(at::equal(weights, y.weights.at(node)));
  }
}

void check_refused(const settings_list& settings, const std::string& expected) {
  INFO(expected);
  try {
    plan_of(settings);
    FAIL("accepted");
  } catch (const input_error& e) {
    CHECK_THAT(e.what(), contains(expected));
  }
}

} // namespace

TEST_CASE("caps that skips nothing changes nothing", "[compressed_messages]") {
  auto setting = GENERATE(
    settings_list{}, settings_list{"protocol.mix=fresh"},
    settings_list{"swaps.step=async_step", "link.latency=15ms",
                  "link.jitter=14ms", "link.reorder=0.2",
                  "link.reorder_delay=40ms"},
    settings_list{"protocol.name=sync_sgd"},
    settings_list{"protocol.name=sync_sgd", "protocol.servers=2"},
    settings_list{"protocol.name=async_sgd", "compute.delay_std=20ms"},
    settings_list{"protocol.name=async_sgd", "protocol.servers=3",
                  "compute.delay_std=20ms"},
    settings_list{"protocol.name=async_sgd", "protocol.compensation=0.5",
                  "compute.delay_std=20ms", "optimizer.name=adam",
                  "optimizer.lr=0.001"});
  INFO(fmt::format("{}", fmt::join(setting, " ")));
  if (std::ranges::find(setting, "optimizer.name=adam") != setting.end())
    std::erase(setting, "optimizer.momentum=0.5");
  auto block = GENERATE(0, 50);
  auto blocks = settings_list{fmt::format("protocol.block={}", block)};
  auto whole = execute(setting);
  check_equal(execute(setting + exact + blocks), whole);
  // What travels both ways may be made smaller.
  if (setting.empty() || !setting.front().starts_with("protocol.name"))
    return;
  check_equal(execute(setting + exact + blocks
                      + settings_list{"protocol.compress_pulls=true"}),
              whole);
}

TEST_CASE("compressors leave out what they say", "[compressed_messages]") {
  auto protocol = GENERATE(as<std::string>{}, "sync_sgd", "async_sgd", "dsgd");
  auto name = settings_list{"protocol.name=" + protocol};
  auto whole = execute(name);
  struct setting {
    settings_list options;
    double share;
  };
  auto x = GENERATE(
    setting{{"protocol.compressor=top_k", "protocol.share=0.05"}, 0.07},
    setting{{"protocol.compressor=random_k", "protocol.share=0.1"}, 0.11},
    setting{{"protocol.compressor=quantize8"}, 0.27},
    setting{{"protocol.compressor=half"}, 0.51},
    setting{rounded + settings_list{"protocol.values=half"}, 0.4},
    setting{rounded, 0.8});
  INFO(protocol << " " << x.options.front());
  auto less = execute(name + x.options);
  for (node_id node = 0; node < 3; ++node) {
    auto before = static_cast<double>(whole.bytes[node]);
    auto now = static_cast<double>(less.bytes[node]);
    // Messages have a frame of less than 250 bytes.
    auto messages = 3 * 8 * (protocol == "dsgd" ? 2 : 1);
    CHECK(now < x.share * before + 250 * messages);
    auto saved = less.metric(node, "bytes_saved").at("");
    if (protocol == "dsgd")
      saved *= 2; // each neighbour gets the same
    CHECK(saved > 0.1 * before);
    CHECK(std::abs(before - now - saved) < 250 * messages);
  }
  // It still learns: chance is log 10.
  CHECK(less.loss[protocol == "dsgd" ? 0 : 3] < 2.3);
}

TEST_CASE("caps tells what it skips and from where on",
          "[compressed_messages]") {
  auto protocol = GENERATE(as<std::string>{}, "sync_sgd", "dsgd");
  auto moving
    = settings_list{"protocol.name=" + protocol, "protocol.compressor=caps",
                    "protocol.round_factor=3",   "protocol.unchange_rate=40",
                    "protocol.adjust_rate=5",    "protocol.scheduling_freq=3",
                    "protocol.history_length=2"};
  auto result = execute(moving);
  auto shares = result.metric(0, "skipped_share");
  REQUIRE(shares.size() == 4);
  for (const auto& [layer, share] : shares) {
    INFO(layer);
    CHECK((share >= 0 && share <= 1));
  }
  auto [low, high] = std::ranges::minmax_element(
    shares, {}, [](const auto& x) { return x.second; });
  CHECK(high->second > low->second);
  CHECK(result.metric(0, "skip_threshold").at("") != 40);
}

TEST_CASE("pulls that are lost are sent again in full",
          "[compressed_messages]") {
  auto protocol = GENERATE(as<std::string>{}, "sync_sgd", "async_sgd");
  auto lossy = settings_list{
    "protocol.name=" + protocol, "link.drop=0.05",      "link.jitter=3ms",
    "link.duplicate=0.1",        "swaps.timeout=200ms", "swaps.max_missed=30"};
  if (protocol == "sync_sgd") {
    lossy.push_back("protocol.min_workers=1");
    lossy.push_back("swaps.timeout=2s");
  }
  auto more = exact + settings_list{"protocol.compress_pulls=true"};
  // A worker that took a part for the whole would compute other gradients.
  check_equal(execute(lossy + more), execute(lossy));
}

TEST_CASE("runs with compressors are the same to the bit every time",
          "[compressed_messages]") {
  auto x = GENERATE(
    settings_list{"protocol.compressor=random_k", "protocol.share=0.1"},
    settings_list{"protocol.compressor=quantize8",
                  "protocol.rounding=stochastic"},
    rounded + settings_list{"protocol.detection=random", "protocol.sample=0.5"},
    rounded + settings_list{"protocol.values=half"});
  auto protocol = GENERATE(as<std::string>{}, "async_sgd", "dsgd");
  auto settings
    = x + settings_list{"protocol.name=" + protocol, "compute.delay_std=10ms"};
  check_equal(execute(settings), execute(settings));
}

TEST_CASE("compressors work on the real clock", "[compressed_messages]") {
  auto settings = rounded + settings_list{"protocol.name=sync_sgd"};
  check_equal(execute(settings + settings_list{"clock.kind=real"}),
              execute(settings));
}

TEST_CASE("scenarios with compressors are refused if they make no sense",
          "[compressed_messages]") {
  check_refused(exact + settings_list{"swaps.kind=round", "swaps.steps=4"},
                "every_step");
  check_refused(exact + settings_list{"training.same_start=false"},
                "training.same_start");
  check_refused({"protocol.compressor=random_k", "protocol.unbiased=true"},
                "residual = false");
  check_refused({"protocol.name=sync_sgd", "protocol.compressor=caps",
                 "protocol.unchange_rate=70"},
                "max_bound");
  check_refused({"protocol.name=sync_sgd", "protocol.compress_pulls=true"},
                "needs a compressor");
  check_refused({"protocol.compressor=top_q"}, "did you mean 'top_k'");
}

TEST_CASE("another compressor drops the options of the file's own",
          "[compressed_messages]") {
  auto known = built_in_components();
  constexpr auto text
    = "[protocol]\ncompressor = \"caps\"\nround_factor = 3\nmix = \"fresh\"\n";
  auto content
    = parse_scenario(text, "file", {"protocol.compressor=top_k"}, known)
        .content;
  auto resolved = to_toml(content);
  CHECK_THAT(resolved, contains("compressor = \"top_k\""));
  CHECK_THAT(resolved, contains("mix = \"fresh\""));
  CHECK_THROWS_WITH(
    parse_scenario(text, "file",
                   {"protocol.compressor=top_k", "protocol.block=3"}, known),
    contains("--set protocol.block=3"));
}
