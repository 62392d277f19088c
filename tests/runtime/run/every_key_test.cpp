// Every documented key of a scenario changes the run, or is refused, or warned
// about: none is accepted in silence.

#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/scenario/writer.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

using namespace caps;

namespace {

using words = std::vector<std::string>;

/// A run in which chance, lateness and losses have a say.
constexpr auto restless_scenario = R"(
seed = 3
nodes.count = 4
topology.kind = "chain"
swaps.timeout = "25ms"
data = {name = "synthetic", train = 96, test = 24, height = 8, width = 8}
model.name = "logistic"
training.batch = 8
training.epochs = 2
optimizer.lr = 0.05
compute.step_time = "10ms"
compute.step_time_std = "2ms"
compute.delay = "1ms"
compute.delay_std = "1ms"
link.latency = "3ms"
link.jitter = "2ms"
link.drop = 0.1
)";

/// Keys that are not meant to change what a run computes.
const std::set<std::string> neutral{
  "name",             // what the run is called
  "plugins.load",     // brings components, which other keys choose
  "model.device",     // where it is computed
  "data.path",        // where the files are
  "link.trace",       // a file
  "edge[0].trace",    // a file
};

/// Values that no rule finds.
const std::map<std::string, words> other_values{
  {"model.hidden", {"[5]", "[]"}},
  {"partition.min_samples", {"30", "50"}},
  {"partition.shift", {"1", "3"}},
  {"protocol.servers", {"2"}},
  {"protocol.share", {"0.9", "0.5"}},
  {"protocol.unchange_rate", {"0", "90"}},
  // Rounds of one step are what every_step does.
  {"swaps.kind", {"\"rotation\"", "\"random_matching\""}},
  {"swaps.positions", {"[0, 1, 1, 1, 2, 1, 2, 3, 1, 3, 0, 1]"}},
  {"topology.edges", {"[0, 1, 1, 2, 2, 3]"}},
};

/// What must be so that a key can make a difference.
const std::map<std::string, words> needs{
  {"optimizer.dampening", {"optimizer.momentum=0.9"}},
  {"optimizer.nesterov", {"optimizer.momentum=0.9"}},
  {"optimizer.decay_weights_only", {"optimizer.weight_decay=0.5"}},
  {"link.reorder", {"link.reorder_delay=15ms"}},
  {"link.reorder_delay", {"link.reorder=0.5"}},
  {"protocol.compress_pulls", {"protocol.compressor=half"}},
  {"protocol.unchange_rate", {"protocol.lower_bound=0",
                              "protocol.max_bound=100"}},
  {"protocol.use_gcoef", {"swaps.kind=round", "swaps.steps=3"}},
  {"schedule.length", {"schedule.unit=step", "schedule.length=4"}},
  {"schedule.end", {"schedule.unit=step", "schedule.length=4"}},
  {"schedule.power", {"schedule.unit=step", "schedule.length=4"}},
  {"schedule.warmup", {"schedule.unit=step", "schedule.warmup=3"}},
  {"schedule.warmup_start", {"schedule.unit=step", "schedule.warmup=3"}},
  {"schedule.warmup_multiplier", {"schedule.unit=step", "schedule.warmup=3"}},
  {"swaps.max_missed", {"link.drop=0.5"}},
  {"training.buffers", {"model.name=mlp", "model.batch_norm=true"}},
};

/// Other values for each option, as TOML.
class option_changer final : public option_visitor {
public:
  explicit option_changer(std::string prefix) : prefix_(std::move(prefix)) {}

  void boolean(std::string_view name, bool& value, std::string_view) override {
    add(name, {value ? "false" : "true"});
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>& range, std::string_view) override {
    words all;
    for (auto x : {value + 1, value - 1, value * 2, range.min})
      if (x != value && range.contains(x) && x >= 0)
        all.push_back(std::to_string(x));
    add(name, std::move(all));
  }

  void real(std::string_view name, double& value, const interval<double>& range,
            std::string_view) override {
    words all;
    for (auto x : {value / 2, (value + 1) / 2, value + 0.5, value * 2 + 1})
      if (x != value && range.contains(x))
        all.push_back(fmt::format("{:.6f}", x));
    add(name, std::move(all));
  }

  void text(std::string_view name, std::string&, std::string_view) override {
    add(name, {"\"x\""});
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>& choices,
              std::string_view) override {
    words all;
    for (auto x : choices)
      if (x != value)
        all.push_back(toml_string(x));
    add(name, std::move(all));
  }

  void time(std::string_view name, duration& value, std::string_view) override {
    add(name, {toml_string(to_text(value / 2 + std::chrono::milliseconds{1})),
               toml_string(to_text(value + std::chrono::milliseconds{7}))});
  }

  void integers(std::string_view name, std::vector<int64_t>&,
                const interval<int64_t>&, std::string_view) override {
    add(name, {});
  }

  void reals(std::string_view name, std::vector<double>&,
             const interval<double>&, std::string_view) override {
    add(name, {});
  }

  void texts(std::string_view name, std::vector<std::string>&,
             std::string_view) override {
    add(name, {});
  }

  std::vector<std::pair<std::string, words>> found;

private:
  void add(std::string_view name, words values) {
    auto key = prefix_ + std::string{name};
    if (auto known = other_values.find(key); known != other_values.end())
      values = known->second;
    found.emplace_back(key, std::move(values));
  }

  std::string prefix_;
};

/// The keys of a scenario with other values for each. Those of the first entry
/// of an array are called "edge[0].drop".
class scenario_changer final : public scenario_visitor {
public:
  void table(std::string_view name, std::string_view,
             const body& options) override {
    visit(name.empty() ? "" : std::string{name} + ".", options);
  }

  void tables(std::string_view name, std::string_view, size_t size,
              const std::function<void(size_t)>&,
              const std::function<void(size_t, option_visitor&)>& entry)
    override {
    if (size > 0)
      visit(std::string{name} + "[0].",
            [&](option_visitor& v) { entry(0, v); });
  }

  std::vector<std::pair<std::string, words>> found;

private:
  void visit(const std::string& prefix, const body& options) {
    option_changer changer{prefix};
    options(changer);
    found.insert(found.end(), changer.found.begin(), changer.found.end());
  }
};

/// Settings, and the tables whose keys are tried with them.
struct key_context {
  words settings;
  std::set<std::string> tables;
  /// The first entries of arrays of tables.
  std::map<std::string, std::string> entries{};
  /// Keys that another context tries.
  std::set<std::string> without{};
};

std::string table_of(const std::string& key) {
  auto end = key.find_first_of(".[");
  return end == std::string::npos ? "" : key.substr(0, end);
}

/// All that a run computes, sends and measures.
std::string fingerprint(run_plan& plan) {
  test::temporary_folder folder;
  auto run = test::record(folder / "run.caps", plan, 1);
  auto result = run.end.text + "\n";
  for (const auto& [node, bytes] : run.weights)
    result += fmt::format("{} {}\n", node, std::hash<std::string>{}(bytes));
  if (plan.content.recording == "off")
    return result;
  SQLite::Database file{run.file.string()};
  for (auto query :
       {"SELECT sequence, time, kind, source, destination, bytes, digest, "
        "node_step, loss FROM event",
        "SELECT time, node, step, name, value FROM metric",
        "SELECT time, node, kind, text FROM note",
        "SELECT sequence, node, step, kind, checksum FROM snapshot",
        "SELECT sequence, checksum FROM payload"}) {
    SQLite::Statement rows{file, query};
    while (rows.executeStep())
      for (int i = 0; i < rows.getColumnCount(); ++i)
        result += rows.getColumn(i).getString() + "|";
  }
  return result;
}

struct outcome {
  /// Of a run; empty where the scenario was refused.
  std::string run;
  words warnings;
  std::string refusal;
};

outcome outcome_of(const words& settings) {
  outcome result;
  try {
    auto plan = make_plan(parse_scenario(restless_scenario, "base.toml",
                                         settings, built_in_components()));
    result.warnings = plan.warnings;
    result.run = fingerprint(plan);
  } catch (const input_error& e) {
    result.refusal = e.what();
  }
  return result;
}

/// Whether a warning is about a key.
bool warns(const outcome& x, const std::string& key) {
  return std::ranges::any_of(x.warnings, [&](const std::string& line) {
    return line.find(": " + key + ": ") != std::string::npos;
  });
}

words with_entries(words settings,
                   const std::map<std::string, std::string>& entries) {
  for (const auto& [table, entry] : entries)
    settings.push_back(fmt::format("{}=[{{{}}}]", table, entry));
  return settings;
}

/// Settings in which `key` of `context` has this value.
words with_value(const key_context& context, words settings,
                 const std::string& key, const std::string& value) {
  auto bracket = key.find("[0].");
  if (bracket == std::string::npos) {
    settings = with_entries(std::move(settings), context.entries);
    settings.push_back(key + "=" + value);
    return settings;
  }
  // An entry is given as a whole, without what the key had before.
  auto entries = context.entries;
  auto name = key.substr(bracket + 4);
  auto& entry = entries.at(key.substr(0, bracket));
  auto known = entry.find(name + " = ");
  if (known == std::string::npos) {
    entry += fmt::format(", {} = {}", name, value);
  } else {
    auto end = std::min(entry.find(',', known), entry.size());
    entry.replace(known, end - known, fmt::format("{} = {}", name, value));
  }
  return with_entries(std::move(settings), entries);
}

/// Whether a key that `context` shows is accepted in silence and changes
/// nothing; the value with which it is, else empty.
std::string silent_value(const key_context& context, const std::string& key,
                         const words& values,
                         std::map<words, outcome>& known) {
  auto settings = context.settings;
  if (auto more = needs.find(key); more != needs.end())
    settings.insert(settings.end(), more->second.begin(), more->second.end());
  auto plain = with_entries(settings, context.entries);
  if (!known.contains(plain))
    known[plain] = outcome_of(plain);
  const auto& before = known[plain];
  std::string silent;
  for (const auto& value : values) {
    auto now = outcome_of(with_value(context, settings, key, value));
    if (!now.refusal.empty() || warns(now, key))
      continue;
    if (now.run != before.run)
      return "";
    silent = value;
  }
  return silent;
}

void check_keys(const key_context& context) {
  auto settings = with_entries(context.settings, context.entries);
  INFO(fmt::format("{}", fmt::join(settings, "  ")));
  auto loaded = parse_scenario(restless_scenario, "base.toml", settings,
                               built_in_components());
  REQUIRE_NOTHROW(make_plan(loaded));
  scenario_changer changer;
  loaded.content.visit(changer);
  std::map<words, outcome> known;
  words silent;
  for (const auto& [key, values] : changer.found) {
    if (!context.tables.contains(table_of(key)) || neutral.contains(key)
        || context.without.contains(key))
      continue;
    if (auto value = silent_value(context, key, values, known); !value.empty())
      silent.push_back(fmt::format("{} = {}", key, value));
  }
  INFO(fmt::format("accepted in silence: {}", fmt::join(silent, ", ")));
  CHECK(silent.empty());
}

const std::set<std::string> own_tables{"protocol", "topology", "swaps",
                                       "optimizer", "schedule", "training"};

} // namespace

TEST_CASE("the same run is known again", "[every_key]") {
  auto plain = outcome_of({});
  REQUIRE(plain.refusal.empty());
  REQUIRE(plain.run.size() > 1000);
  auto is_same = [&](const words& settings) {
    return outcome_of(settings).run == plain.run;
  };
  CHECK(is_same({}));
  CHECK(is_same({"name=x"}));
  CHECK(is_same({"recording.budget=1073741825"}));
  CHECK_FALSE(is_same({"link.drop=0.2"}));
}

TEST_CASE("every key of a run between peers counts", "[every_key]") {
  check_keys({{},
              {"", "nodes", "topology", "swaps", "data", "partition", "model",
               "training", "optimizer", "schedule", "protocol", "compute",
               "node", "link", "edge", "fault", "evaluation", "recording"},
              {{"node", "id = 1, factor = 2"},
               {"edge", "from = 0, to = 1, drop = 0.5"},
               {"fault", "node = 3, at = \"35ms\""}}});
  check_keys({{"recording.level=payloads"}, {"recording"}});
  check_keys({{"swaps.step=async_step"}, {"swaps"}});
}

TEST_CASE("every key of a run with servers counts", "[every_key]") {
  for (auto name : {"sync_sgd", "async_sgd"})
    check_keys({{fmt::format("protocol.name={}", name),
                 "protocol.min_workers=1", "topology.kind=ring", "link.drop=0"},
                {"", "nodes", "topology", "swaps", "data", "training",
                 "optimizer", "schedule", "protocol", "link", "edge",
                 "evaluation", "recording"},
                {{"edge", "from = 0, to = 4, drop = 0.5"}}});
}

TEST_CASE("every key counts with every protocol", "[every_key]") {
  const std::map<std::string, words> more{
    {"c_admm", {"protocol.mu=500", "optimizer.lr=0.01"}},
    {"d_squared", {"topology.lazy=true"}},
    {"admm_isvr", {"protocol.piw=1"}}};
  for (const auto& name : built_in_components().protocols->names()) {
    if (name == "dsgd" || name == "sync_sgd" || name == "async_sgd")
      continue;
    words settings{fmt::format("protocol.name={}", name), "link.drop=0"};
    if (auto x = more.find(name); x != more.end())
      settings.insert(settings.end(), x->second.begin(), x->second.end());
    check_keys(
      {settings, own_tables, {{"edge", "from = 0, to = 1, drop = 0.1"}}});
  }
}

TEST_CASE("every key of every component counts", "[every_key]") {
  auto known = built_in_components();
  for (const auto& name : known.optimizers->names())
    check_keys({{"optimizer={name=\"" + name + "\"}"}, {"optimizer"}});
  for (const auto& name : known.schedules->names()) {
    words more{"schedule.kind=" + name};
    if (name == "step")
      more.insert(more.end(), {"schedule.unit=step", "schedule.every=2"});
    check_keys({more, {"schedule"}});
  }
  for (const auto& name : known.swap_schedules->names()) {
    words more{"swaps.kind=" + name};
    if (name == "one_peer_exponential")
      more.push_back("topology.kind=exponential");
    check_keys({more, {"swaps"}});
  }
  for (const auto& name : known.topologies->names()) {
    words more{"topology.kind=" + name, "nodes.count=6",
               "partition.kind=iid"};
    if (name == "edges")
      more.push_back("topology.edges=[0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0]");
    // In regular graphs all mixings are the same.
    check_keys({more, {"topology"}, {}, {"topology.mixing"}});
  }
  for (const auto& name : known.partitions->names())
    check_keys({{"partition.kind=" + name, "nodes.count=5", "data.train=400",
                 "training.batch=20", "training.epochs=1"},
                {"partition"}});
  check_keys({{"data={name=\"least_squares\", groups=4}",
               "model.name=least_squares", "partition.kind=contiguous"},
              {"data"}});
  for (auto model : {"mlp", "alexnet", "vgg11", "resnet10_gn"})
    check_keys({{fmt::format("model.name={}", model), "data.height=32",
                 "data.width=32", "training.epochs=1", "training.batch=4",
                 "data.train=16", "data.test=4", "nodes.count=2"},
                {"model"}});
}

TEST_CASE("every key of every compressor counts", "[every_key]") {
  for (std::string name :
       {"none", "top_k", "random_k", "half", "quantize8", "caps"})
    for (auto protocol : {"dsgd", "sync_sgd"}) {
      words more{fmt::format("protocol.name={}", protocol),
                 "protocol.compressor=" + name, "topology.kind=ring",
                 "link.drop=0"};
      // A threshold that moves often, to both of its bounds.
      if (name == "caps")
        more.insert(more.end(),
                    {"protocol.round_factor=2", "protocol.adjust_rate=4",
                     "protocol.lower_bound=8", "protocol.max_bound=12",
                     "protocol.scheduling_freq=2", "protocol.history_length=2",
                     "training.epochs=6"});
      check_keys({more, {"protocol"}, {}, {"protocol.min_workers"}});
    }
}
