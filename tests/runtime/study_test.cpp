#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/report/sample.hpp"
#include "runtime/study/study.hpp"
#include "tests/support/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

using namespace caps;
using namespace caps::test;

namespace {

constexpr auto base_text = R"(
nodes.count = 2
data.name = "synthetic"
data.train = 40
data.test = 20
model.name = "logistic"
training.batch = 10
protocol.name = "async_sgd"
)";

constexpr auto study_text = R"(
base = "base.toml"
seeds = [3, 4]
value = "steps"
scale = 2
digits = 1
tolerance = 3
[[table]]
title = "Number of steps"
set = ["optimizer.lr=0.1"]
[[table.column]]
name = "1 epoch"
set = ["training.epochs=1"]
[[table.column]]
name = "2 epochs"
set = ["training.epochs=2"]
[[table.row]]
name = "small"
set = ["training.batch=10"]
published = [10.5, "NC"]
[[table.row]]
name = "large, broken"
set = ["training.batch=20", "optimizer.lr=1e300"]
published = ["NC", ""]
)";

struct study_fixture {
  temporary_folder folder;
  cli_options options;

  study_fixture() {
    folder.write_text("base.toml", base_text);
    options.what = command::study;
    options.scenario = folder.write_text("steps.study.toml", study_text);
    options.out = folder / "out";
    options.seeds = 0;
  }

  exit_code run() { return study_command(options, built_in_components()); }

  std::filesystem::path summary(const std::string& run) const {
    return folder / "out" / "number-of-steps" / run / "summary.json";
  }
};

/// Replaces a word of the study; loading it says what is wrong.
void check_refused(const std::string& from, const std::string& to,
                   const std::string& expected) {
  temporary_folder folder;
  std::string text = study_text;
  text.replace(text.find(from), from.size(), to);
  auto file = folder.write_text("x.toml", text);
  INFO(to);
  CHECK_THROWS_WITH(load_study(file),
                    contains(expected) && contains(file));
}

} // namespace

TEST_CASE_METHOD(study_fixture, "a study has a cell for each row and column",
                 "[study]") {
  auto x = load_study(options.scenario);
  CHECK(x.name == "steps");
  CHECK(x.seeds == std::vector<int64_t>{3, 4});
  REQUIRE(x.tables.size() == 1);
  const auto& table = x.tables[0];
  REQUIRE(table.cells.size() == 4);
  const auto& cell = table.cell(0, 1);
  CHECK(cell.name == "number-of-steps/small/2-epochs");
  CHECK(cell.settings
        == std::vector<std::string>{"optimizer.lr=0.1", "training.batch=10",
                                    "training.epochs=2"});
  CHECK(cell.published == "NC");
  CHECK(table.cell(0, 0).published == "10.5");
  CHECK(table.cell(1, 0).name == "number-of-steps/large-broken/1-epoch");
}

TEST_CASE("wrong studies are refused", "[study]") {
  check_refused("value =", "valu =", "did you mean 'value'?");
  check_refused("base = \"base.toml\"", "", "base is missing");
  check_refused("[3, 4]", "[]", "one at least");
  check_refused("[3, 4]", "[3, \"4\"]", "seeds: expected integer");
  check_refused("[10.5, \"NC\"]", "[10.5]", "an array of 2 values");
  check_refused("\"2 epochs\"", "\"1 epoch\"", "two cells of the name");
  check_refused("digits = 1", "digits = 10", "from 0 to 9");
  check_refused("[[table.row]]", "[[table.rows]]", "rows");
  check_refused("scale = 2", "scale = ", "x.toml:5:");
}

TEST_CASE_METHOD(study_fixture, "a study shows its runs beside what is known",
                 "[study]") {
  CHECK(run() == exit_code::success);
  auto text = read_text(folder / "out/study.md");
  // Two workers' steps of 20 samples each; twice that is shown.
  CHECK_THAT(text, contains("|  | 1 epoch | 2 epochs |"));
  CHECK_THAT(text,
             contains("| small | 8.0 ± 0.0 (10.5) | 16.0 ± 0.0 (NC) * |"));
  CHECK_THAT(text, contains("| large, broken | 4.0 ± 0.0 (NC) * | NC |"));
  CHECK_THAT(text, contains("seeds 3, 4 (published)"));
  CHECK_THAT(text, contains("8 runs of"));
}

TEST_CASE_METHOD(study_fixture, "a study goes on where it was", "[study]") {
  options.only = {"small"};
  options.seeds = 1;
  CHECK(run() == exit_code::success);
  CHECK(std::filesystem::exists(summary("small/1-epoch/seed-3")));
  CHECK_FALSE(std::filesystem::exists(summary("small/1-epoch/seed-4")));
  CHECK_FALSE(std::filesystem::exists(summary("large-broken/1-epoch/seed-3")));
  CHECK_THAT(read_text(folder / "out/study.md"),
             contains("| small | 8.0 (10.5) | 16.0 (NC) * |\n"
                      "| large, broken | - (NC) | - |"));
  // What is there is not made again...
  auto file = summary("small/1-epoch/seed-3");
  auto changed = nlohmann::json::parse(read_text(file));
  changed["steps"] = 7;
  std::ofstream{file} << changed;
  // ...unless it was cut off, or is of another scenario.
  std::ofstream{summary("small/2-epochs/seed-3")} << "{\"exit_code\": 0, ";
  CHECK(run() == exit_code::success);
  CHECK_THAT(read_text(folder / "out/study.md"),
             contains("| small | 14.0 (10.5) * | 16.0 (NC) * |"));
  options.settings = {"training.epochs=3"};
  CHECK(run() == exit_code::success);
  CHECK_THAT(read_text(folder / "out/study.md"),
             contains("| small | 24.0 (10.5) * | 24.0 (NC) * |"));
}

TEST_CASE_METHOD(study_fixture, "runs of a study may run side by side",
                 "[study]") {
  options.only = {"small"};
  CHECK(run() == exit_code::success);
  auto weights = [&] {
    std::string result;
    for (auto run : {"small/1-epoch/seed-3", "small/2-epochs/seed-4"})
      result += read_text(summary(run).parent_path() / "2.safetensors");
    return result;
  };
  auto one_by_one = weights();
  CHECK(one_by_one.size() > 60'000);
  options.out = folder / "other";
  options.jobs = 3;
  CHECK(run() == exit_code::success);
  CHECK(read_text(folder / "other/study.md").find("16.0 ± 0.0")
        != std::string::npos);
  std::filesystem::remove_all(folder / "out");
  std::filesystem::rename(folder / "other", folder / "out");
  CHECK((weights() == one_by_one));
}

TEST_CASE_METHOD(study_fixture, "a study says which runs failed", "[study]") {
  options.settings = {"nodes.count=3", "partition.kind=labels"};
  options.only = {"small/1-epoch"};
  CHECK(run() == exit_code::bad_input);
  CHECK_THAT(read_text(folder / "out/study.md"),
             contains("| small | -, 2 failed (10.5) |"));
  options.only = {"medium"};
  CHECK_THROWS_WITH(run(), contains("--only medium"));
}

TEST_CASE("samples show mean and deviation", "[study]") {
  sample x;
  CHECK(x.text(1, 2) == "-");
  x.add(0.5);
  CHECK(x.text(100, 1) == "50.0");
  x.add(0.7);
  CHECK(x.text(100, 1) == "60.0 ± 14.1");
}
