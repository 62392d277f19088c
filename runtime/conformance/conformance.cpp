#include "runtime/conformance/conformance.hpp"

#include "runtime/conformance/isolated_run.hpp"
#include "runtime/conformance/least_squares_problem.hpp"
#include "runtime/conformance/option_checks.hpp"
#include "runtime/conformance/run_results.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/run/settled_graph.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace caps {

namespace {

/// A minimum is found when nodes are as near to it and to each other as this
/// share of its own length.
constexpr double near_enough = 0.1;

using settings = std::vector<std::string>;

/// Something is always on its way, and nobody knows what comes next.
const settings restless{"link.latency=\"4ms\"", "link.jitter=\"3ms\"",
                        "compute.step_time_std=\"3ms\""};

/// How often nodes swap, in the order in which they are tried: options of some
/// protocols are made for more than one step between two messages.
const std::vector<settings> rounds{
  {},
  {"swaps.kind=\"round\"", "swaps.steps=2"},
  {"swaps.kind=\"round\"", "swaps.steps=8"},
};

/// How one run ended, and what it left behind.
struct checked_outcome {
  std::filesystem::path scenario;
  std::filesystem::path folder;
  std::string command;
  isolated_end end;

  bool succeeded() const {
    return end.by_itself && end.code == exit_code::success;
  }

  nlohmann::json summary() const {
    std::ifstream in{folder / "summary.json"};
    return nlohmann::json::parse(in);
  }
};

class checker {
public:
  checker(const conformance_options& options, const components& known,
          const std::function<void(conformance_check)>& tell)
    : options_(options), known_(known), tell_(tell) {}

  void run() {
    // What fits no run of the protocol is wrong before the first.
    choose_round();
    auto plan = make_plan(scenario_with({}));
    nodes_ = plan.nodes.size();
    used_ = plan.content.protocol.recipe()->uses(plan.environment->swaps);
    check_options();
    ends("ideal links", "ideal", {});
    ends("late links", "late",
         {"link.latency=\"35ms\"", "link.jitter=\"15ms\""});
    ends("lossy links", "lossy", {"link.drop=0.2", "link.latency=\"2ms\""},
         true);
    ends("duplicating links", "duplicating",
         {"link.duplicate=0.5", "link.latency=\"2ms\"", "link.jitter=\"1ms\""});
    ends("reordering links", "reordering",
         {"link.reorder=0.3", "link.reorder_delay=\"25ms\"",
          "link.latency=\"2ms\""});
    check_each_node("crash of any one node", "crash", "kind=\"crash\"", {});
    const settings soon{"membership.views=true",
                        "membership.deadline=\"25ms\""};
    check_each_node("any one node lost", "lost", "kind=\"crash\"", soon);
    check_each_node("any one lost, then back", "back",
                    "kind=\"restart\", for=\"40ms\"", soon);
    check_each_node("any one paused", "paused", "kind=\"pause\", for=\"60ms\"",
                    soon);
    check_each_node("any one cut off, then healed", "cut",
                    "kind=\"partition\", for=\"60ms\"", soon);
    check_determinism();
    check_convergence();
    check_sizes();
    check_processes();
    check_resume();
  }

private:
  loaded_scenario scenario_with(const settings& more) const {
    settings all{fmt::format("protocol.name=\"{}\"", options_.protocol)};
    all.insert(all.end(), round_.begin(), round_.end());
    all.insert(all.end(), options_.settings.begin(), options_.settings.end());
    all.insert(all.end(), more.begin(), more.end());
    return parse_scenario(least_squares_scenario, "the scenario of all checks",
                          all, known_);
  }

  /// Takes the first of the rounds that the protocol admits. If it admits
  /// none, what it says of the plainest is told.
  void choose_round() {
    for (const auto& x : rounds) {
      round_ = x;
      try {
        make_plan(scenario_with({}));
        return;
      } catch (const input_error&) {
      }
    }
    round_.clear();
  }

  /// Makes a scenario with these settings, and runs it.
  checked_outcome run(const std::string& name, const settings& more,
                      size_t threads = 1, size_t processes = 1) const {
    auto loaded = scenario_with(more);
    settle(loaded);
    auto& scenario = loaded.content;
    scenario.name = name;
    auto file = options_.folder / (name + ".toml");
    auto out = threads > 1 ? fmt::format("{}-{}-threads", name, threads) : name;
    options_.claim({name + ".toml", name + ".stderr", out});
    write_file(file, to_toml(scenario));
    checked_run run{file, options_.folder / out, threads, processes};
    auto command = fmt::format("caps_runtime --scenario {} --out {} --force "
                               "--threads {}",
                               file.string(), run.out.string(), threads);
    if (processes > 1)
      command += fmt::format(" --processes {}", processes);
    auto end
      = run_isolated([&] { return options_.run(run); },
                     options_.folder / (name + ".stderr"), options_.limit);
    return {file, run.out, command, end};
  }

  void pass(const std::string& name, const std::string& finding) const {
    tell_({name, verdict::passed, finding, ""});
  }

  void fail(const std::string& name, const std::string& finding,
            const std::string& command) const {
    tell_({name, verdict::failed, finding, command});
  }

  /// Tells of a run that did not succeed; returns whether it did.
  bool succeeded(const std::string& check, const checked_outcome& x) const {
    if (!x.succeeded())
      fail(check, x.end.text, x.command);
    return x.succeeded();
  }

  /// Ended with an error that says who waited for whom.
  static bool gave_up(const checked_outcome& x) {
    return x.end.by_itself && x.end.code == exit_code::lost
           && !x.end.text.starts_with("the run stands still");
  }

  void ends(const std::string& check, const std::string& name,
            const settings& more, bool may_give_up = false) const {
    auto x = run(name, more);
    if (may_give_up && gave_up(x)) {
      pass(check, "gives up and says why: " + x.end.text);
      return;
    }
    if (!succeeded(check, x))
      return;
    auto summary = x.summary();
    pass(check, fmt::format("{} steps, {:.2f} s on the run's clock",
                            summary.at("steps").get<int64_t>(),
                            summary.at("virtual_seconds").get<double>()));
  }

  void check_options() const {
    auto recipe = known_.protocols->at(options_.protocol).recipe();
    auto problem = problem_of_options(*recipe);
    if (problem.text.empty()) {
      pass("options",
           fmt::format("{} documented and with bounds", problem.options));
      return;
    }
    fail("options", problem.text,
         "caps_runtime list protocols" + plugin_option());
  }

  /// For the commands that show what failed.
  std::string plugin_option() const {
    return known_.plugins.empty() ? "" : " --plugin " + known_.plugins.back();
  }

  /// Whatever befalls one node, whichever it is, those that are left must
  /// finish, or say why they cannot.
  ///
  /// @param fault all of it but the node
  void check_each_node(const std::string& check, const std::string& name,
                       const std::string& fault, const settings& more) const {
    size_t finished = 0;
    for (size_t node = 0; node < nodes_; ++node) {
      settings all{
        fmt::format("fault=[{{node={}, at=\"105ms\", {}}}]", node, fault)};
      all.insert(all.end(), more.begin(), more.end());
      auto x = run(fmt::format("{}{}", name, node), all);
      if (x.end.text.find("protocol::neighbours_changed")
          != std::string::npos) {
        tell_({check, verdict::not_checked,
               "it does not say how it goes on with other neighbours "
               "(protocol::neighbours_changed)",
               ""});
        return;
      }
      if (!x.succeeded() && !gave_up(x)) {
        fail(check, fmt::format("node {}: {}", node, x.end.text), x.command);
        return;
      }
      finished += x.succeeded() ? 1 : 0;
    }
    pass(check, fmt::format("in {} runs the others finish, in {} they give up "
                            "and say why",
                            finished, nodes_ - finished));
  }

  void check_determinism() const {
    const std::string check = "same bytes on 1 and 2 threads";
    auto one = run("same", restless, 1);
    if (!succeeded(check, one))
      return;
    auto two = run("same", restless, 2);
    if (!succeeded(check, two))
      return;
    if (fingerprint(one.folder) == fingerprint(two.folder)) {
      pass(check, "parameters and measurements are equal");
      return;
    }
    fail(check, "parameters or measurements differ",
         fmt::format("{} && {} && diff -rq {} {}", one.command, two.command,
                     one.folder.string(), two.folder.string()));
  }

  void check_convergence() const {
    const std::string check = "convergence";
    settings longer{"training.epochs=300", "training.batch=0",
                    "evaluation.every=300"};
    if (used_.optimizer)
      longer.emplace_back("optimizer.lr=0.001");
    auto x = run("convergence", longer);
    if (!succeeded(check, x))
      return;
    auto plan = make_plan(scenario_with(longer));
    auto goal = minimizer(plan);
    auto length = goal.norm().item<double>();
    auto weights = last_weights(plan, x.folder);
    double apart = x.summary().at("consensus_distance").get<double>() / length;
    double away = 0;
    for (const auto& w : weights)
      away = std::max(away, w.sub(goal).norm().item<double>() / length);
    auto finding = fmt::format("consensus distance {:.2g}, distance to the "
                               "minimizer {:.2g} (of its length)",
                               apart, away);
    if (!weights.empty() && apart <= near_enough && away <= near_enough)
      pass(check, finding);
    else
      fail(check, fmt::format("{}, expected {} at most", finding, near_enough),
           x.command);
  }

  /// What was sent against what the recipe says of a round.
  void check_sizes() const {
    const std::string check = "message sizes";
    auto x = run(
      "sizes", {"training.batch=0", "training.epochs=50", "data.features=512"});
    if (!succeeded(check, x))
      return;
    auto plan = make_plan(scenario_with({"data.features=512"}));
    double messages = 0, vectors = 0;
    for (const auto& node : plan.nodes) {
      auto cost
        = plan.content.protocol.recipe()->cost(setting_of(plan, node, 0));
      messages += cost.messages * 50 / static_cast<double>(cost.steps);
      vectors += cost.vectors * 50 / static_cast<double>(cost.steps);
    }
    auto summary = x.summary();
    auto sent = summary.at("messages_sent").get<double>();
    auto bytes = summary.at("bytes_sent").get<double>();
    auto promised = vectors * 512 * sizeof(double);
    auto finding = fmt::format("{:.0f} messages of {:.0f} bytes; its cost says "
                               "{:.0f} of {:.0f}",
                               sent, sent > 0 ? bytes / sent : 0, messages,
                               messages > 0 ? promised / messages : 0);
    // A round may be left out at the ends, and a message has a head.
    constexpr double tolerance = 0.05, head = 512;
    if (std::abs(sent - messages) <= tolerance * messages
        && bytes <= (1 + tolerance) * promised + head * messages)
      pass(check, finding);
    else
      fail(check, finding,
           "caps_runtime check " + x.scenario.string() + " && " + x.command);
  }

  void check_processes() const {
    const std::string check = "across processes";
    auto x = run("processes", {"training.epochs=1"}, 1, 2);
    if (succeeded(check, x))
      pass(check, "2 processes understand each other");
  }

  /// Does a run again and puts new nodes in the place of all nodes, early, in
  /// the middle and late.
  void check_resume() const {
    const std::string check = "resume from a snapshot";
    auto x = run("resume", restless);
    if (!succeeded(check, x))
      return;
    auto path = x.folder / "run.caps";
    auto events = recording_file{path}.last();
    options_.claim({"resume-check.stderr"});
    for (auto at : {events / 4, events / 2, 3 * events / 4}) {
      auto end = run_isolated([&] { return resume(path, at); },
                              options_.folder / "resume-check.stderr",
                              options_.limit);
      if (end.by_itself && end.code == exit_code::bad_input) {
        tell_({check, verdict::not_checked, end.text, ""});
        return;
      }
      if (!end.by_itself || end.code != exit_code::success) {
        fail(check, end.text,
             fmt::format("{} && caps_runtime replay {} --verify --resume-at "
                         "{}{}",
                         x.command, path.string(), at, plugin_option()));
        return;
      }
    }
    pass(check, fmt::format("{} events; new nodes after a quarter, half and "
                            "three quarters do as the old ones",
                            events));
  }

  exit_code resume(const std::filesystem::path& path, int64_t at) const {
    recording_file file{path};
    auto plan = plan_of(file, known_);
    auto report = check_resumed_replay(file, plan, {.threads = 1}, at);
    if (!report.first)
      return exit_code::success;
    throw error(fmt::format("after a snapshot at event {}: {}", at,
                            report.first->text()));
  }

  const conformance_options& options_;
  const components& known_;
  const std::function<void(conformance_check)>& tell_;
  size_t nodes_ = 0;
  /// How often nodes swap in all scenarios, unless the user says otherwise.
  settings round_;
  used_settings used_;
};

} // namespace

void check_conformance(const conformance_options& options,
                       const components& known,
                       const std::function<void(conformance_check)>& tell) {
  checker{options, known, tell}.run();
}

} // namespace caps
