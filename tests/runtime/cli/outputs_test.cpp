// What a run prints and writes. The program itself is run.

#include "tests/support/catch.hpp"

#include "models/checkpoint/safetensors.hpp"
#include "runtime/components/components.hpp"
#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <set>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

using caps::test::read_csv;
using caps::test::read_text;
using caps::test::workshop;

namespace {

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> result;
  for (const auto& x : std::filesystem::directory_iterator{folder})
    result.insert(x.path().filename().string());
  return result;
}

nlohmann::json read_json(const std::filesystem::path& file) {
  return nlohmann::json::parse(read_text(file));
}

/// A terminal for a program to write to.
class terminal {
public:
  terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    REQUIRE(master_ >= 0);
    REQUIRE(grantpt(master_) == 0);
    REQUIRE(unlockpt(master_) == 0);
    // Held open, so that reading works before and after the program.
    slave_ = open(path().c_str(), O_RDWR | O_NOCTTY);
  }

  ~terminal() {
    close(slave_);
    close(master_);
  }

  std::string path() const { return ptsname(master_); }

  /// What has been written since the last call.
  std::string text() const {
    std::string result;
    char buffer[4096];
    for (;;) {
      auto count = read(master_, buffer, sizeof buffer);
      if (count <= 0)
        return result;
      result.append(buffer, static_cast<size_t>(count));
    }
  }

private:
  int master_;
  int slave_ = -1;
};

} // namespace

TEST_CASE("a run writes its files", "[outputs]") {
  workshop shop;
  auto got = shop.train();
  CHECK(got.err == "");
  REQUIRE(got.code == 0);
  CHECK(files_in(shop / "out")
        == std::set<std::string>{"0.safetensors", "1.safetensors",
                                 "2.safetensors", "edges.csv", "files.txt",
                                 "log.txt",
                                 "metrics.csv", "run.caps", "scenario.toml",
                                 "summary.json"});
}

TEST_CASE("metrics.csv has a line per node and epoch", "[outputs]") {
  workshop shop;
  REQUIRE(shop.train({"--set", "data.validation=30"}).code == 0);
  auto table = read_csv(shop / "out" / "metrics.csv");
  CHECK(table.columns
        == std::vector<std::string>{
          "node", "epoch", "step", "virtual_time", "wall_time", "train_loss",
          "val_loss", "test_loss", "train_acc", "val_acc", "test_acc",
          "consensus_distance", "bytes_sent", "lr", "mean_model_test_acc"});
  REQUIRE(table.rows.size() == 6);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    auto& row = table.rows[i];
    auto epoch = i / 3 + 1;
    CHECK(row["node"] == std::to_string(i % 3));
    CHECK(row["epoch"] == std::to_string(epoch));
    // 300 - 30 samples on three nodes in batches of 20.
    CHECK(row["step"] == std::to_string(5 * epoch));
    CHECK(std::stod(row["virtual_time"]) == Approx(0.05 * double(epoch)));
    CHECK(std::stod(row["train_loss"]) > 0);
    CHECK(std::stod(row["val_loss"]) > 0);
    CHECK(std::stod(row["test_loss"]) > 0);
    for (auto column : {"train_acc", "val_acc", "test_acc"}) {
      CHECK(std::stod(row[column]) >= 0);
      CHECK(std::stod(row[column]) <= 1);
    }
    CHECK(std::stod(row["consensus_distance"]) > 0);
    CHECK(std::stoll(row["bytes_sent"]) > 0);
    CHECK(row["lr"] == "0.01");
    CHECK(std::stod(row["mean_model_test_acc"]) > 0);
  }
}

TEST_CASE("what does not exist is an empty field", "[outputs]") {
  workshop shop{"[data]\nname = \"least_squares\"\n[model]\n"
                "name = \"least_squares\"\n[optimizer]\nlr = 1e-4\n"};
  REQUIRE(shop.train().code == 0);
  for (auto& row : read_csv(shop / "out" / "metrics.csv").rows)
    for (auto column : {"val_loss", "train_acc", "val_acc", "test_acc"})
      CHECK(row[column] == "");
}

TEST_CASE("summary.json tells how the run ended", "[outputs]") {
  workshop shop;
  auto got = shop.train({"--json", "--threads", "1"});
  REQUIRE(got.code == 0);
  CHECK(got.out == read_text(shop / "out" / "summary.json"));
  auto x = read_json(shop / "out" / "summary.json");
  CHECK(x["scenario"] == "tiny");
  CHECK(x["seed"] == 1);
  CHECK(x["exit_code"] == 0);
  CHECK(x["error"].is_null());
  CHECK(x["protocol"] == "dsgd");
  CHECK(x["model"] == "mlp");
  // 36 pixels, 8 hidden, 10 classes.
  CHECK(x["parameters"] == 37 * 8 + 9 * 10);
  CHECK(x["clock"] == "virtual");
  CHECK(x["threads"] == 1);
  CHECK(x["processes"] == 1);
  CHECK(x["steps"] == 30);
  CHECK(x["virtual_seconds"] == 0.1);
  CHECK(x["wall_seconds"] > 0);
  CHECK(x["startup_seconds"] > 0);
  CHECK(x["startup_seconds"] < 60);
  CHECK(x["steps_per_second"] > 0);
  CHECK(x["peak_memory_bytes"] > 10'000'000);
  // The last step of a run sends nothing.
  CHECK(x["messages_sent"] == 3 * 2 * 9);
  REQUIRE(x["nodes"].size() == 3);
  auto table = read_csv(shop / "out" / "metrics.csv");
  double sum = 0;
  double worst = 1;
  for (size_t i = 0; i < 3; ++i) {
    auto& row = table.rows[3 + i];
    CHECK(x["nodes"][i]["node"] == i);
    CHECK(x["nodes"][i]["test_loss"] == std::stod(row["test_loss"]));
    CHECK(x["nodes"][i]["val_loss"].is_null());
    CHECK(x["nodes"][i]["bytes_sent"] == std::stoll(row["bytes_sent"]));
    sum += std::stod(row["test_acc"]);
    worst = std::min(worst, std::stod(row["test_acc"]));
  }
  CHECK(x["mean_test_acc"].get<double>() == Approx(sum / 3));
  CHECK(x["worst_test_acc"] == worst);
}

TEST_CASE("weights are written under the names of the net", "[outputs]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  for (auto node : {"0", "1", "2"}) {
    auto x = caps::read_safetensors(shop / "out"
                                    / (std::string{node} + ".safetensors"));
    CHECK(x.metadata.at("scenario") == "tiny");
    CHECK(x.metadata.at("node") == node);
    CHECK(x.metadata.at("step") == "10");
    int64_t numel = 0;
    for (const auto& tensor : x.tensors)
      numel += tensor.value.numel();
    CHECK(numel == 37 * 8 + 9 * 10);
  }
}

TEST_CASE("the resolved scenario runs to the same results", "[outputs]") {
  workshop shop;
  REQUIRE(shop.train({"--set", "optimizer.lr=0.05", "--seed", "7"}).code == 0);
  REQUIRE(shop.caps({"--scenario", "out/scenario.toml", "--out", "again"}).code
          == 0);
  CHECK(read_text(shop / "again" / "scenario.toml")
        == read_text(shop / "out" / "scenario.toml"));
  CHECK(read_text(shop / "again" / "1.safetensors")
        == read_text(shop / "out" / "1.safetensors"));
}

TEST_CASE("without a terminal a run prints plain lines", "[outputs]") {
  workshop shop;
  auto got = shop.train({"--threads", "1"});
  CHECK_THAT(got.out,
             starts_with("tiny: 3 nodes (ring), dsgd, mlp (386 parameters) on "
                         "synthetic, virtual clock, 1 thread\n"
                         "results in out\n"
                         "epoch 1/2  "));
  CHECK_THAT(got.out, contains("\nepoch 2/2  "));
  CHECK_THAT(got.out, contains("\n  node    step  train loss  test loss test "
                               "acc %         sent   messages\n"
                               "     0      10 "));
  CHECK(got.out.find_first_of("\r\x1b") == std::string::npos);
}

TEST_CASE("on a terminal a run draws a bar", "[outputs]") {
  workshop shop;
  terminal screen;
  caps::test::process_options options;
  options.output = screen.path();
  CHECK(shop.train({}, options).code == 0);
  auto text = screen.text();
  CHECK_THAT(text, contains("\r\x1b[K[.............................."
                            "]   0 %  0 steps/s  ? left"));
  CHECK_THAT(text, contains("\r\x1b[Kepoch 1/2  "));
  CHECK_THAT(text, contains("test acc %"));
}

TEST_CASE("on a terminal Ctrl-C is answered at once", "[outputs]") {
  workshop shop;
  terminal screen;
  caps::test::process_options options;
  options.output = screen.path();
  options.errors = screen.path();
  auto more = GENERATE(as<std::string>{}, "--threads=1", "--processes=3");
  auto run = shop.start({"--set", "training.epochs=1000000", more}, options);
  std::string text;
  auto shows = [&](const std::string& expected) {
    return caps::test::wait_until([&] {
      text += screen.text();
      return text.find(expected) != std::string::npos;
    });
  };
  REQUIRE(shows("epoch 1/1000000"));
  run->send_signal(SIGINT);
  std::string answer = "interrupted: ends with what it has; Ctrl-C again ends "
                       "it at once\r\n";
  CHECK(shows("\r\x1b[K" + answer));
  CHECK(run->wait().code == 130);
  text += screen.text();
  CHECK(text.find(answer) == text.rfind(answer));
  CHECK_THAT(text, contains("error: interrupted\r\n"));
}

TEST_CASE("on a terminal a long set-up shows what it is at", "[outputs]") {
  // It reads its scenario from a pipe into which nobody writes.
  workshop shop{"include = \"pipe\"\n"};
  REQUIRE(mkfifo((shop / "pipe").c_str(), 0600) == 0);
  terminal screen;
  caps::test::process_options options;
  options.errors = screen.path();
  auto run = shop.start({}, options);
  std::string text;
  CHECK(caps::test::wait_until([&] {
    text += screen.text();
    return text.find("\r\x1b[Kreading the scenario: 2 s") != std::string::npos;
  }));
  run->send_signal(SIGINT);
  CHECK(run->wait().code == 130);
  text += screen.text();
  auto place = text.find("error: interrupted\r\n");
  REQUIRE(place != std::string::npos);
  CHECK(text.substr(0, place).ends_with("\r\x1b[K"));
}

TEST_CASE("--quiet prints nothing", "[outputs]") {
  workshop shop;
  auto got = shop.train({"--quiet"});
  CHECK(got.code == 0);
  CHECK(got.out == "");
  CHECK(got.err == "");
}

TEST_CASE("the log is as detailed as asked for", "[outputs]") {
  workshop shop;
  auto log = [&](const std::string& level) {
    CHECK(shop.train({"--force", "--quiet", "--log-level", level}).code == 0);
    return read_text(shop / "out" / "log.txt");
  };
  auto info = log("info");
  CHECK_THAT(info, contains("runs scenario scenario.toml"));
  CHECK_THAT(info, contains("all nodes start"));
  CHECK_THAT(info, contains("node 2 ends epoch 2 at step 10, 0.100 s"));
  CHECK_THAT(info, contains("the run ends"));
  CHECK_THAT(info, !contains("has made"));
  CHECK_THAT(log("debug"), contains("[debug] node 1 has made 10 steps"));
  CHECK(log("error") == "");
  CHECK(log("off") == "");
  CHECK(shop.train({"--force", "--log-level", "loud"}).code == 2);
}

TEST_CASE("results go to runs/ unless said otherwise", "[outputs]") {
  workshop shop;
  for (int i = 0; i < 2; ++i)
    REQUIRE(shop.caps({"--scenario", "scenario.toml", "--quiet"}).code == 0);
  auto made = files_in(shop / "runs");
  CHECK(made.size() == 2);
  for (const auto& name : made) {
    CHECK_THAT(name, starts_with("tiny-"));
    CHECK(std::filesystem::exists(shop / "runs" / name / "summary.json"));
  }
}

TEST_CASE("check says what a scenario will cost", "[outputs]") {
  workshop shop;
  auto got = shop.caps({"check", "scenario.toml"});
  CHECK(got.code == 0);
  CHECK(got.err == "");
  for (auto part :
       {"# scenario.toml is a valid scenario\n",
        "# nodes: 3, ring: 3 edges, degree 2 to 2, connected\n",
        "# mixing: metropolis_hastings, doubly stochastic, spectral gap 1\n",
        "# model: mlp, 386 parameters (1.5 kB), 0 buffers, 368 multiply-adds a "
        "sample\n",
        "# steps: 10 a node (2 epochs of 5), batch 20\n",
        "# traffic: 6 messages and 9.3 kB a round of 1 step, 92.6 kB in all\n",
        "# samples: 300 to train, 0 held out, 50 to test\n",
        "# node 0: 100 samples, by class: "})
    CHECK_THAT(got.out, contains(part));
  // The rest is the resolved scenario.
  auto resolved = got.out.substr(got.out.find("\n\n") + 2);
  REQUIRE(shop.train().code == 0);
  CHECK(resolved == read_text(shop / "out" / "scenario.toml"));
  CHECK(files_in(shop.path()).count("runs") == 0);
}

TEST_CASE("list shows every component of a kind", "[outputs]") {
  workshop shop;
  auto known = caps::built_in_components();
  auto check = [&](const std::string& kind, const auto& components) {
    auto got = shop.caps({"list", kind});
    CHECK(got.code == 0);
    for (const auto& x : components.entries())
      CHECK_THAT("\n" + got.out,
                 contains("\n" + x.name + "\n    " + x.doc + "\n"));
  };
  check("protocols", *known.protocols);
  check("models", *known.models);
  check("datasets", *known.datasets);
  check("topologies", *known.topologies);
  auto models = shop.caps({"list", "models"}).out;
  for (auto part :
       {"    on 1x28x28: 61706 parameters, 0 buffers, 246824 bytes, ",
        "    on 3x32x32: 11173962 parameters, 9600 buffers, 44734248 bytes, ",
        "    on 16: 16 parameters, 0 buffers, 64 bytes, 16 multiply-adds"})
    CHECK_THAT(models, contains(part));
  CHECK(shop.caps({"list", "rabbits"}).code == 2);
}

TEST_CASE("--version and --help answer", "[outputs]") {
  workshop shop;
  auto version = shop.caps({"--version"});
  CHECK(version.code == 0);
  CHECK_THAT(version.out, starts_with("caps_runtime "));
  CHECK_THAT(version.out, contains("CAF 0.17"));
  auto help = shop.caps({"--help"});
  CHECK(help.code == 0);
  for (auto option : {"--scenario", "--out", "--seed", "--clock", "--set",
                      "--processes", "--threads", "--quiet", "--json",
                      "--log-level", "--version", "check", "list"})
    CHECK_THAT(help.out, contains(option));
}

TEST_CASE("closed and full outputs do no harm", "[outputs]") {
  workshop shop;
  auto shell = [&](const std::string& command) {
    caps::test::process_options options;
    options.folder = shop.path();
    return caps::test::run({"/bin/sh", "-c", command}, options);
  };
  auto program = caps::test::program_path() + " ";
  auto train = program + "--scenario scenario.toml --force --out out ";
  SECTION("standard output closed") {
    CHECK(shell(train + ">&-").code == 0);
    // The first file of the run must not be taken for standard output.
    for (const auto& name : files_in(shop / "out"))
      CHECK_THAT(read_text(shop / "out" / name), !contains("results in"));
  }
  SECTION("standard error closed") {
    CHECK(shell(program + "--scenario none 2>&-").code == 2);
  }
  SECTION("a reader that goes away") {
    // Like "| head -1", but knowing the code of the first program.
    auto got = shell("(" + train
                     + "--set training.epochs=50; echo $? > code) "
                       "| head -n 1 > first");
    CHECK_THAT(read_text(shop / "first"), starts_with("tiny: 3 nodes"));
    CHECK(read_text(shop / "code") == "0\n");
    CHECK(read_json(shop / "out" / "summary.json")["steps"] == 3 * 50 * 5);
  }
  SECTION("a full device") {
    CHECK(shell(train + "> /dev/full").code == 0);
    auto message = std::string{"error: cannot write to standard output: No "
                               "space left on device\n"};
    for (auto command : {train + "--json", program + "check scenario.toml",
                         program + "list models", program + "document"}) {
      auto got = shell(command + " > /dev/full");
      CHECK(got.code == 1);
      CHECK(got.err == message);
    }
  }
}
