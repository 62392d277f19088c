// Which kernels a run is computed with: told, chosen again, and the same on
// every machine if that is asked for. The program itself is run.

#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/process/arithmetic.hpp"
#include "tests/runtime/support/program.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <nlohmann/json.hpp>

using namespace caps;
using caps::test::process_options;
using caps::test::read_text;
using caps::test::tiny_scenario;
using caps::test::workshop;
using caps::test::write_text;
using Catch::Contains;

namespace {

/// Environments in which the libraries choose other kernels, which every
/// processor with AVX2 can execute.
process_options with_kernels(const std::string& openblas,
                             const std::string& libtorch) {
  process_options result;
  result.environment = {"OPENBLAS_CORETYPE=" + openblas,
                        "ATEN_CPU_CAPABILITY=" + libtorch};
  return result;
}

const auto fast = with_kernels("Haswell", "avx2");
const auto slow = with_kernels("Sandybridge", "default");

nlohmann::json arithmetic_in(const workshop& shop) {
  return nlohmann::json::parse(read_text(shop / "out/summary.json"))
    .at("arithmetic");
}

bool has_avx2() {
  return can_execute(portable_arithmetic());
}

} // namespace

TEST_CASE("arithmetic is written and read", "[arithmetic]") {
  const arithmetic x{"SkylakeX", "avx512", "avx512_core_bf16"};
  CHECK(parse_arithmetic(x.json()) == x);
  CHECK(x.text()
        == "SkylakeX (OpenBLAS), avx512 (LibTorch), avx512_core_bf16 (oneDNN)");
  CHECK(parse_arithmetic(this_arithmetic().json()) == this_arithmetic());
  CHECK(arithmetic{"", "avx2", ""}.text() == "avx2 (LibTorch)");
  for (auto wrong :
       {"", "7", "{}", R"({"openblas": 1, "libtorch": "", "onednn": ""})",
        R"({"openblas": "a\u001b[m", "libtorch": "avx2", "onednn": ""})"})
    CHECK_THROWS_AS(parse_arithmetic(wrong), data_error);
}

TEST_CASE("a process computes with what it can", "[arithmetic]") {
  CHECK(can_execute(this_arithmetic()));
  CHECK(select_arithmetic(this_arithmetic()));
  CHECK(can_execute({"Prescott", "default", "sse41"}));
  CHECK_FALSE(can_execute({"SapphireRapids", "avx2", "avx999_amx"}));
}

TEST_CASE("a recording is run again with its own kernels", "[arithmetic]") {
  if (!has_avx2())
    return;
  workshop shop;
  REQUIRE(shop.train({"--record", "events"}, fast).code == 0);
  CHECK(arithmetic_in(shop)["openblas"] == "Haswell");
  CHECK(arithmetic_in(shop)["libtorch"] == "avx2");
  auto weights = read_text(shop / "out/0.safetensors");
  // This would show nothing if the kernels computed the same.
  workshop other;
  REQUIRE(other.train({"--record", "events"}, slow).code == 0);
  CHECK(read_text(other / "out/0.safetensors") != weights);
  auto got = shop.caps({"replay", "--verify", "out/run.caps"}, slow);
  CHECK(got.err == "");
  CHECK_THAT(got.out, Contains("all as recorded"));
  CHECK(other.caps({"replay", "--verify", "out/run.caps"}, fast).code == 0);
  auto fork = shop.caps({"fork", "out/run.caps", "--at", "1", "--quiet",
                         "--out", "fork"},
                        slow);
  CHECK(fork.err == "");
  CHECK(read_text(shop / "fork/0.safetensors") == weights);
  auto exact = shop.caps({"replay", "out/run.caps", "--command", "exact on",
                          "--command", "goto end", "--command", "show 0 grad"},
                         slow);
  CHECK(exact.err == "");
  auto diff = shop.caps({"diff", "out/run.caps",
                         (other / "out/run.caps").string()});
  CHECK_THAT(diff.out, Contains("the first was computed with Haswell "
                                "(OpenBLAS)")
                         && Contains("the second with Sandybridge"));
}

TEST_CASE("what cannot be computed again is said", "[arithmetic]") {
  workshop shop;
  auto plan = test::small_plan({"recording.level=events"});
  auto recorded = test::record(
    shop / "run.caps", plan, 1,
    {{"arithmetic", R"({"openblas": "Pentium9", "libtorch": "avx999_amx",)"
                    R"( "onednn": ""})"}});
  REQUIRE(recorded.failures.empty());
  auto fork = shop.caps({"fork", "run.caps", "--at", "1", "--out", "fork"});
  CHECK_THAT(fork.err,
             Contains("warning: run.caps: computed with Pentium9 (OpenBLAS), "
                      "avx999_amx (LibTorch), but this machine can only do so "
                      "with "
                      + this_arithmetic().text()));
  // It is as recorded nevertheless: the run was computed here.
  CHECK_THAT(shop.caps({"replay", "--verify", "run.caps"}).out,
             Contains("all as recorded"));
}

TEST_CASE("portable arithmetic gives the same bits", "[arithmetic]") {
  if (!has_avx2())
    return;
  workshop shop{"arithmetic = \"portable\"\n" + tiny_scenario};
  std::vector<std::string> results;
  for (const auto& environment : {fast, slow, process_options{}}) {
    auto got = shop.train({"--force"}, environment);
    CHECK(got.err == "");
    REQUIRE(got.code == 0);
    CHECK(arithmetic_in(shop)
          == nlohmann::json::parse(portable_arithmetic().json()));
    results.push_back(read_text(shop / "out/0.safetensors"));
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
  CHECK(shop.train({"--force", "--processes", "2"}, slow).code == 0);
  CHECK(shop.caps({"check", "scenario.toml"}, slow).code == 0);
  // One program computes in one way.
  write_text(shop / "native.toml", tiny_scenario);
  auto mixed = shop.caps({"compare", "scenario.toml", "native.toml"});
  CHECK(mixed.code == 2);
  CHECK_THAT(mixed.err, Contains("arithmetic is \"native\" here and "
                                 "\"portable\" in the scenarios before"));
}
