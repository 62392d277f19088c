#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/exports.hpp"
#include "runtime/replay/gnuplot.hpp"
#include "runtime/replay/trace_export.hpp"
#include "tests/runtime/replay/made_recording.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace caps;
using namespace caps::test;
using json = nlohmann::json;

namespace {

struct fixture {
  fixture() {
    make_ring(made, 2);
    made.metric(21, 22'000'000, -1, 1, "a,\"b\"", std::nullopt);
    made.commit();
    file.emplace(made.file());
  }

  std::string read(const std::string& name) {
    return read_text(made / name);
  }

  made_recording made;
  std::optional<recording_file> file;
};

} // namespace

TEST_CASE_METHOD(fixture, "metrics are exported as CSV", "[exports]") {
  CHECK(export_metrics(*file, made / "m.csv") == 4);
  CHECK(read("m.csv")
        == "sequence,time,node,epoch,step,name,value\n"
           "21,22000000,0,1,2,test_loss,1\n"
           "21,22000000,1,1,2,test_loss,1\n"
           "21,22000000,2,1,2,test_loss,1\n"
           "21,22000000,-1,1,2,\"a,\"\"b\"\"\",\n");
}

TEST_CASE_METHOD(fixture, "events are exported as JSON Lines", "[exports]") {
  CHECK(export_events(*file, "", made / "all.jsonl") == 21);
  CHECK(export_events(*file, "staleness = 1", made / "some.jsonl") == 6);
  std::istringstream lines{read("some.jsonl")};
  std::vector<int64_t> sequences;
  for (std::string line; std::getline(lines, line);)
    sequences.push_back(json::parse(line).at("sequence"));
  CHECK(sequences == std::vector<int64_t>{16, 17, 18, 19, 20, 21});
  CHECK_THROWS_AS(export_events(*file, "stale", made / "x"), input_error);
  CHECK_FALSE(std::filesystem::exists(made / "x"));
}

TEST_CASE_METHOD(fixture, "a trace has bars, arrows and counters",
                 "[exports]") {
  CHECK(export_trace(*file, made / "trace.json") == 21);
  auto trace = json::parse(read("trace.json")).at("traceEvents");
  auto count = [&](const char* phase) {
    return std::ranges::count_if(
      trace, [&](const json& x) { return x.at("ph") == phase; });
  };
  CHECK(count("M") == 3 * 3);
  CHECK(count("s") == 12);
  CHECK(count("f") == 12);
  CHECK(count("C") == 3);
  CHECK(count("X") == 21 + 6);
  // Every arrow leaves and meets a bar that stands before it in the file.
  for (auto arrow = trace.begin(); arrow != trace.end(); ++arrow) {
    if (arrow->at("ph") != "s" && arrow->at("ph") != "f")
      continue;
    auto held = std::any_of(trace.begin(), arrow, [&](const json& bar) {
      return bar.at("ph") == "X" && bar.at("pid") == arrow->at("pid")
             && bar.at("tid") == arrow->at("tid")
             && bar.at("ts") <= arrow->at("ts")
             && bar.at("ts").get<double>() + bar.at("dur").get<double>()
                  > arrow->at("ts");
    });
    INFO(arrow->dump());
    CHECK(held);
  }
  // Bars of one thread do not overlap in part.
  for (const auto& a : trace)
    for (const auto& b : trace)
      if (a.at("ph") == "X" && b.at("ph") == "X" && a.at("pid") == b.at("pid")
          && a.at("tid") == b.at("tid") && a.at("ts") < b.at("ts")) {
        CHECK(a.at("ts").get<double>() + a.at("dur").get<double>()
              <= b.at("ts"));
      }
}

TEST_CASE_METHOD(fixture, "a file that cannot be written is named",
                 "[exports]") {
  CHECK_THROWS_WITH(export_metrics(*file, made / "none/m.csv"),
                    contains("none/m.csv"));
}

TEST_CASE("gnuplot gets lines, not orders", "[exports]") {
  std::vector<series> all{{0, {{0, 1}, {1, 0.5}}}, {-1, {{2, 3}}}};
  auto script = gnuplot_script(all, "it's `date`\nset output 'x'", "step",
                               "o'file.png", picture::png);
  CHECK_THAT(script, contains("set output 'o''file.png'\n"));
  CHECK_THAT(script, contains("set title 'it''s `date`?set output ''x'''\n"));
  CHECK_THAT(script, contains("$data0 << EOD\n0 1\n1 0.5\nEOD\n"));
  CHECK_THAT(script, contains("title 'node 0', $data1"));
  CHECK_THAT(script, contains("title 'all nodes'\n"));
}

TEST_CASE("gnuplot draws where it is installed", "[exports]") {
  made_recording made;
  std::vector<series> all{{0, {{0, 1}, {1, 0.5}}}};
  for (auto [format, begin] :
       {std::pair{picture::png, "\x89PNG"}, std::pair{picture::svg, "<?xml"}}) {
    auto file = made / "plot";
    try {
      run_gnuplot(gnuplot_script(all, "loss", "step", file, format));
    } catch (const input_error& e) {
      CHECK_THAT(e.what(), contains("gnuplot-nox"));
      return;
    }
    auto bytes = read_text(file);
    CHECK(bytes.starts_with(begin));
  }
}
