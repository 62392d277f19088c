#include "runtime/storm/storm.hpp"

#include "runtime/process/jobs.hpp"
#include "runtime/run/settled_graph.hpp"
#include "runtime/scenario/writer.hpp"
#include "runtime/storm/fault_draw.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <mutex>
#include <sstream>

namespace caps {

namespace {

/// Takes the place of what the scenario trains: a net of 100 parameters.
constexpr auto problem = R"([data]
name = "synthetic"
train = {}
test = 10
height = 3
width = 3
[partition]
kind = "iid"
[model]
name = "logistic"
dtype = "float64"
[training]
epochs = {}
batch = {}
[clock]
kind = "virtual"
[evaluation]
every = {}
rounds = {}
)";

/// A node's samples, and how many it takes for an update and in all.
constexpr int64_t samples = 32, batch = 16, epochs = 30;

/// Nodes come together in the end, however noisy their gradients.
constexpr auto falling_rate = R"([schedule]
kind = "cosine"
length = {}
)";

/// A run hangs that takes so many times as long as without faults, and longer
/// than any deadline.
constexpr int64_t patience = 20;
constexpr std::chrono::seconds all_deadlines{60};

/// The scenario as text, with another problem.
std::string stormy_text(scenario& x, const used_settings& used) {
  auto all = toml::parse(to_toml(x));
  for (auto key : {"data", "partition", "model", "training", "clock", "fault",
                   "evaluation", "recording", "schedule"})
    all.erase(key);
  if (auto optimizer = all["optimizer"].as_table())
    optimizer->insert_or_assign("lr", 0.05);
  if (!used.optimizer)
    all.erase("optimizer");
  std::ostringstream text;
  text << all << "\n"
       << fmt::format(fmt::runtime(problem), samples * x.nodes, epochs, batch,
                      epochs, used.consensus ? 1 : 0)
       << (used.optimizer ? fmt::format(fmt::runtime(falling_rate), epochs)
                          : "");
  return text.str();
}

class storm_runner {
public:
  storm_runner(const storm_options& options, const components& known,
               const std::function<void(const storm_account&)>& tell)
    : options_(options), known_(known), tell_(tell) {
    auto loaded = load_scenario(options.scenario, options.settings, known);
    settle(loaded);
    auto& x = loaded.content;
    auto swaps = draw_settled(x, loaded.places).second;
    text_ = stormy_text(x, x.protocol.recipe()->uses(swaps));
    auto calm = plan_with({}, options.first_seed);
    ground_.nodes = x.nodes;
    for (size_t i = 0; i < calm.topology.out.size(); ++i)
      for (auto j : calm.topology.out[i])
        if (static_cast<int64_t>(i) < j && j < x.nodes)
          ground_.edges.emplace_back(static_cast<int64_t>(i), j);
    auto result = run_in_storm(calm, 1, {});
    if (!result.broken.empty() || result.gave_up)
      throw input_error(
        fmt::format("{}: without faults: {}", options.scenario.string(),
                    result.broken.empty() ? "it gives up" : result.broken));
    ground_.duration = result.duration;
    limits_ = {patience * result.duration + all_deadlines, result.farthest};
  }

  storm_account run() {
    run_jobs(static_cast<size_t>(options_.runs), options_.jobs,
             options_.interrupted,
             [this](size_t i) { run(options_.first_seed + i); });
    std::ranges::sort(account_.failures, {}, &storm_failure::seed);
    return account_;
  }

private:
  run_plan plan_with(const std::vector<std::string>& faults, uint64_t seed) {
    std::vector<std::string> all{fmt::format("seed={}", seed)};
    if (!faults.empty()) {
      all.push_back(fmt::format("fault=[{}]", fmt::join(faults, ", ")));
      all.emplace_back("membership.views=true");
    }
    return make_plan(
      parse_scenario(text_, options_.scenario.string(), all, known_));
  }

  /// The faults of these numbers, from 1.
  static std::vector<std::string> chosen(const std::vector<std::string>& all,
                                         const std::vector<int64_t>& numbers) {
    std::vector<std::string> result;
    for (auto i : numbers)
      if (i >= 1 && i <= std::ssize(all))
        result.push_back(all[static_cast<size_t>(i - 1)]);
    return result;
  }

  storm_result once(const std::vector<std::string>& faults, uint64_t seed) {
    auto plan = plan_with(faults, seed);
    auto result = run_in_storm(plan, 1, limits_);
    if (!result.broken.empty())
      return result;
    auto again = plan_with(faults, seed);
    if (run_in_storm(again, 2, limits_).digest != result.digest)
      result.broken = "not the same on 1 and 2 threads";
    return result;
  }

  /// Leaves out one fault after the other as long as a rule is broken.
  storm_failure shrunk(storm_failure x, const std::vector<std::string>& all) {
    for (size_t i = 0; i < x.faults.size() && x.faults.size() > 1;) {
      auto fewer = x.faults;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      auto result = once(chosen(all, fewer), x.seed);
      if (result.broken.empty()) {
        ++i;
        continue;
      }
      x.faults = std::move(fewer);
      x.broken = result.broken;
    }
    x.texts = chosen(all, x.faults);
    return x;
  }

  void run(uint64_t seed) {
    auto all = draw_faults(ground_, seed);
    auto numbers = options_.faults;
    if (numbers.empty())
      for (int64_t i = 1; i <= std::ssize(all); ++i)
        numbers.push_back(i);
    auto faults = chosen(all, numbers);
    auto result = once(faults, seed);
    std::optional<storm_failure> failure;
    if (!result.broken.empty())
      failure = shrunk({seed, result.broken, numbers, faults}, all);
    std::lock_guard lock{mutex_};
    ++account_.runs;
    account_.gave_up += result.gave_up ? 1 : 0;
    account_.views += result.views;
    account_.events += result.events;
    for (const auto& x : faults) {
      auto kind = x.substr(x.find('"') + 1);
      ++account_.faults[kind.substr(0, kind.find('"'))];
    }
    if (failure)
      account_.failures.push_back(std::move(*failure));
    tell_(account_);
  }

  const storm_options& options_;
  const components& known_;
  const std::function<void(const storm_account&)>& tell_;
  std::string text_;
  storm_ground ground_;
  storm_limits limits_;
  std::mutex mutex_;
  storm_account account_;
};

} // namespace

storm_account storm(const storm_options& options, const components& known,
                    const std::function<void(const storm_account&)>& tell) {
  return storm_runner{options, known, tell}.run();
}

} // namespace caps
