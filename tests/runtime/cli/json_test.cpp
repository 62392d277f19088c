// What --json prints. Programs of others read it, so a key that is missing or
// of another type breaks them. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

using caps::test::process_result;
using caps::test::read_text;
using caps::test::workshop;
using caps::test::write_text;

namespace {

using ordered = nlohmann::ordered_json;

/// Types instead of values; of a list, that of its first entry.
std::string shape(const ordered& x) {
  switch (x.type()) {
    case ordered::value_t::object: {
      std::string result;
      for (const auto& [key, value] : x.items())
        result += (result.empty() ? "" : " ") + key + ":" + shape(value);
      return "{" + result + "}";
    }
    case ordered::value_t::array:
      return x.empty() ? "[]" : "[" + shape(x[0]) + "]";
    case ordered::value_t::number_integer:
    case ordered::value_t::number_unsigned:
      return "integer";
    case ordered::value_t::number_float:
      return "number";
    default:
      return x.type_name();
  }
}

/// What a command prints, which must be one object and nothing else.
ordered parsed(const process_result& got) {
  CHECK(got.err == "");
  CHECK(got.code == 0);
  return ordered::parse(got.out);
}

const std::string one_run = "{runs:integer mean:number deviation:null}";

} // namespace

TEST_CASE("list as JSON", "[json]") {
  workshop shop;
  auto got = parsed(shop.caps({"list", "models", "--json"}));
  CHECK(shape(got)
        == "{kind:string components:[{name:string meaning:string options:[] "
           "costs:[{sample:[integer] parameters:integer buffers:integer "
           "bytes:integer multiply_adds:integer}]}]}");
  CHECK(got["components"][0]["name"] == "logistic");
  CHECK(got["components"][0]["costs"][0]["parameters"] == 7850);
  auto protocols = parsed(shop.caps({"list", "protocols", "--json"}));
  CHECK_THAT(shape(protocols), contains("options:[{key:string type:string "
                                        "default:string meaning:string}]"));
  CHECK(shop.caps({"list", "rabbits", "--json"}).code == 2);
}

TEST_CASE("check as JSON", "[json]") {
  workshop shop;
  auto got = parsed(shop.caps({"check", "scenario.toml", "--json"}));
  CHECK(got["scenario"]["optimizer"]["lr"] == 0.01);
  CHECK(got["scenario"]["model"]["hidden"] == ordered{8});
  got.erase("scenario");
  CHECK(shape(got)
        == "{file:string nodes:integer servers:integer graph:{edges:integer "
           "directed:boolean degree_min:integer degree_max:integer "
           "doubly_stochastic:boolean spectral_gap:number} parameters:integer "
           "parameter_bytes:number buffers:integer multiply_adds:integer "
           "steps:integer steps_per_epoch:integer messages_a_round:number "
           "bytes_a_round:number steps_a_round:integer bytes_sent:number "
           "train_samples:integer validation_samples:integer "
           "test_samples:integer shards:[{samples:integer "
           "by_class:[integer]}] estimate:{memory_bytes:number "
           "recording_bytes:number wall_seconds:number}}");
  CHECK(got["steps"] == 10);
  CHECK(got["parameters"] == 386);
  CHECK(got["shards"].size() == 3);
  auto served = parsed(shop.caps(
    {"check", "scenario.toml", "--json", "--set", "protocol.name=sync_sgd"}));
  CHECK(served["servers"] == 1);
  CHECK(served["graph"].is_null());
}

TEST_CASE("check takes what a run takes", "[json]") {
  workshop shop;
  auto check = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"check", "scenario.toml", "--json"});
    return parsed(shop.caps(more))["scenario"];
  };
  CHECK(check({"--seed", "7"})["seed"] == 7);
  CHECK(check({"--clock", "real"})["clock"]["kind"] == "real");
  CHECK(check({"--record", "off"})["recording"]["level"] == "off");
  CHECK(check({"--processes", "3"})["clock"]["kind"] == "real");
  auto refused = shop.caps({"check", "scenario.toml", "--processes", "9"});
  CHECK(refused.code == 2);
  CHECK(refused.err
        == shop.train({"--processes", "9"}).err);
  CHECK(shop.caps({"check", "scenario.toml", "--processes", "2", "--clock",
                   "virtual"})
          .code
        == 2);
}

TEST_CASE("compare as JSON", "[json]") {
  workshop shop;
  auto got = parsed(
    shop.caps({"compare", "scenario.toml", "--out", "out", "--json"}));
  CHECK(shape(got)
        == "{folder:string exit_code:integer wall_seconds:number "
           "scenarios:[{name:string scenario:string mean_test_acc:"
             + one_run + " worst_test_acc:" + one_run + " test_loss:" + one_run
             + " consensus_distance:" + one_run + " bytes_sent:" + one_run
             + " virtual_seconds:" + one_run + " wall_seconds:" + one_run
             + " error:null}]}");
  auto summary
    = ordered::parse(read_text(shop / "out" / "tiny-seed1" / "summary.json"));
  const auto& line = got["scenarios"][0];
  CHECK(line["mean_test_acc"]["mean"] == summary["mean_test_acc"]);
  CHECK(line["consensus_distance"]["mean"] == summary["consensus_distance"]);
}

TEST_CASE("a comparison with a run that fails as JSON", "[json]") {
  workshop shop;
  auto got = shop.caps({"compare", "scenario.toml", "--json", "--set",
                        "optimizer.lr=1e30"});
  CHECK(got.code == 4);
  auto x = ordered::parse(got.out);
  CHECK(x["exit_code"] == 4);
  CHECK(x["scenarios"][0]["mean_test_acc"]
        == ordered{{"runs", 0}, {"mean", nullptr}, {"deviation", nullptr}});
  CHECK(x["scenarios"][0]["error"].is_string());
}

TEST_CASE("study as JSON", "[json]") {
  workshop shop;
  write_text(shop / "rates.study.toml", R"(base = "scenario.toml"
seeds = [1, 2]
[[table]]
title = "Rates"
[[table.column]]
name = "slow"
[[table.row]]
name = "all"
published = [50]
)");
  auto study = [&] {
    return parsed(shop.caps({"study", "rates.study.toml", "--json"}));
  };
  auto got = study();
  const std::string two_runs
    = "{runs:integer mean:number deviation:number}";
  CHECK(shape(got)
        == "{study:string folder:string exit_code:integer value:string "
           "scale:number seeds:[integer] tolerance:number runs_made:integer "
           "runs_before:integer tables:[{title:string columns:[string] "
           "rows:[{name:string cells:[{name:string value:"
             + two_runs
             + " diverged:integer failed:integer published:string "
               "differs:boolean}]}]}] wall_seconds:"
             + two_runs + "}");
  CHECK(got["runs_made"] == 2);
  auto again = study();
  CHECK(again["runs_before"] == 2);
  CHECK(again["tables"] == got["tables"]);
}

TEST_CASE("conform as JSON", "[json]") {
  workshop shop;
  auto got = parsed(
    shop.caps({"conform", "--protocol", "dsgd", "--out", "out", "--json"}));
  CHECK(shape(got)
        == "{protocol:string folder:string checks:[{name:string result:string "
           "found:string command:null}] failed:integer wall_seconds:number}");
  CHECK(got["failed"] == 0);
  for (const auto& x : got["checks"])
    CHECK(x["result"] == "passed");
}

TEST_CASE("verify and diff as JSON", "[json]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  auto got = parsed(shop.caps({"verify", "out/run.caps", "--json"}));
  CHECK(shape(got)
        == "{recording:string events:integer metrics:integer notes:integer "
           "snapshots:integer payloads:integer transactions:integer "
           "ended:boolean}");
  CHECK(got["ended"] == true);
  REQUIRE(shop.caps({"--scenario", "scenario.toml", "--seed", "2", "--out",
                     "other", "--quiet"})
            .code
          == 0);
  auto two = parsed(
    shop.caps({"diff", "out/run.caps", "other/run.caps", "--json"}));
  const std::string event
    = "{sequence:integer time:integer kind:string source:integer "
      "destination:integer step:integer}";
  for (auto part : {"{equal_events:integer first:" + event + " second:" + event
                      + " differences:[string] arithmetic:null metrics:{",
                    std::string{"test_acc:[{epoch:integer first:number "
                                "second:number}]"}})
    CHECK_THAT(shape(two), contains(part));
}
