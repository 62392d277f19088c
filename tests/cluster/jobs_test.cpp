// Runs that a scheduler has started, with the variables that it sets. Hosts are
// processes of this machine; the first one is reached as localhost.

#include "tests/support/catch.hpp"

#include "runtime/identity/identity.hpp"
#include "tests/cluster/support/hosts.hpp"

#include <csignal>

using namespace caps::test;
using namespace std::chrono_literals;

namespace {

/// A folder that all hosts of a job can read, and the programs of a job.
class job_hosts {
public:
  job_hosts() { caps::make_cluster(shop / "cluster", "head"); }

  std::unique_ptr<process> start(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& variables,
                                 const std::filesystem::path& errors = {}) {
    process_options how;
    how.errors = errors;
    how.folder = shop.path();
    how.environment = variables;
    auto all = arguments;
    all.insert(all.begin(), program_path());
    return std::make_unique<process>(all, how);
  }

  workshop shop;
  std::string port = std::to_string(host_cluster::free_port());
};

std::vector<std::string> slurm(const std::string& host) {
  return {"SLURM_JOB_NODELIST=localhost,b,c", "SLURM_JOB_ID=7",
          "SLURM_LOCALID=0", "SLURM_CPUS_PER_TASK=1",
          "SLURMD_NODENAME=" + host};
}

std::vector<std::string> run_with(std::vector<std::string> more) {
  more.insert(more.begin(), {"--scenario", "scenario.toml", "--out", "out",
                             "--force", "--quiet"});
  return more;
}

void check_results(const job_hosts& got) {
  workshop alone;
  REQUIRE(alone.train().code == 0);
  for (auto node : {"0.safetensors", "1.safetensors", "2.safetensors"}) {
    CHECK(read_text(got.shop / "out" / node)
          == read_text(alone / "out" / node));
    CHECK_FALSE(read_text(got.shop / "out" / node).empty());
  }
}

} // namespace

TEST_CASE("srun starts the same command on all hosts", "[jobs]") {
  job_hosts all;
  auto words = run_with({"--slurm", "--port", all.port});
  auto b = all.start(words, slurm("b"));
  auto head = all.start(words, slurm("localhost"));
  auto c = all.start(words, slurm("c"));
  auto got = head->wait();
  INFO(got.err);
  CHECK(got.code == 0);
  for (auto x : {b.get(), c.get()}) {
    auto end = x->wait();
    INFO(end.err);
    CHECK(end.code == 0);
    CHECK_THAT(end.err, contains("takes part in 'tiny'"));
  }
  check_results(all);
}

TEST_CASE("join --slurm leaves the head to whoever starts a run", "[jobs]") {
  job_hosts all;
  std::vector<std::string> join{"join", "--slurm", "--port", all.port};
  auto b = all.start(join, slurm("b"));
  auto c = all.start(join, slurm("c"));
  auto first = all.start(join, slurm("localhost"))->wait();
  CHECK(first.code == 0);
  CHECK_THAT(first.err, contains("localhost is the head of this job"));
  for (int i = 0; i < 2; ++i) {
    auto got = all.start(run_with({"--slurm", "--port", all.port}),
                         slurm("localhost"))
                 ->wait();
    INFO(got.err);
    REQUIRE(got.code == 0);
    check_results(all);
  }
  b->send_signal(SIGTERM);
  CHECK(b->wait().code == 130);
}

TEST_CASE("mpirun with a file of hosts", "[jobs]") {
  job_hosts all;
  write_text(all.shop / "hostfile", "localhost slots=1\nb slots=1\nc slots=1\n");
  auto words = run_with({"--mpi", "hostfile", "--port", all.port});
  auto mpi = [](const std::string& rank) {
    return std::vector<std::string>{
      "HOSTNAME=elsewhere", "OMPI_COMM_WORLD_SIZE=3",
      "OMPI_COMM_WORLD_LOCAL_RANK=0", "OMPI_COMM_WORLD_RANK=" + rank};
  };
  auto b = all.start(words, mpi("1"));
  auto c = all.start(words, mpi("2"));
  auto got = all.start(words, mpi("0"))->wait();
  INFO(got.err);
  CHECK(got.code == 0);
  CHECK(b->wait().code == 0);
  CHECK(c->wait().code == 0);
  check_results(all);
}

TEST_CASE("pods of a StatefulSet wait for runs", "[jobs]") {
  // Names as a headless service gives them, for these processes alone.
  job_hosts all;
  write_text(all.shop / "hosts", "127.0.0.1 localhost\n"
                                 "127.0.0.1 t-0.ts.lab t-0\n"
                                 "127.0.0.1 t-1.ts.lab t-1\n"
                                 "127.0.0.1 t-2.ts.lab t-2\n");
  const std::vector<std::string> in_pod{
    "/usr/bin/unshare", "--mount", "sh", "-c",
    "mount --bind hosts /etc/hosts && exec \"$@\"", "sh"};
  process_options here;
  here.folder = all.shop.path();
  auto trial = in_pod;
  trial.push_back("true");
  if (process{trial, here}.wait().code != 0) {
    WARN("skipped: this user may not make a mount namespace");
    return;
  }
  auto start = [&](const std::string& pod, std::vector<std::string> words) {
    auto how = here;
    how.environment = {"HOSTNAME=" + pod};
    auto command = in_pod;
    command.push_back(program_path());
    command.insert(command.end(), words.begin(), words.end());
    return std::make_unique<process>(command, how);
  };
  std::vector<std::string> join{"join",   "--kubernetes", "--threads", "1",
                                "--port", all.port};
  auto head = start("t-0", join);
  auto one = start("t-1", join);
  auto two = start("t-2", join);
  for (int i = 0; i < 2; ++i) {
    auto got = start("t-0", run_with({"--kubernetes", "3", "--threads", "1",
                                      "--port", all.port}))
                 ->wait();
    INFO(got.err);
    REQUIRE(got.code == 0);
    CHECK_THAT(got.err, contains("the head listens at t-0.ts.lab:" + all.port));
    check_results(all);
  }
  CHECK(head->running());
  for (auto x : {head.get(), one.get(), two.get()}) {
    x->send_signal(SIGTERM);
    CHECK(x->wait().code == 130);
  }
}

TEST_CASE("a host of a job waits for its head", "[jobs]") {
  job_hosts all;
  auto said = all.shop / "said";
  write_text(said, "");
  auto b = all.start(run_with({"--slurm", "--port", all.port}), slurm("b"),
                     said);
  CHECK(wait_until([&] {
    return read_text(said).find("host b waits for a head at localhost:")
           != std::string::npos;
  }));
  CHECK(b->running());
  b->send_signal(SIGINT);
  CHECK(b->wait(20s).code == 130);
}

TEST_CASE("what is wrong with a job is said", "[jobs]") {
  job_hosts all;
  auto fails = [&](const std::vector<std::string>& words,
                   const std::vector<std::string>& variables,
                   const std::string& what) {
    auto got = all.start(words, variables)->wait();
    CHECK(got.code == 2);
    CHECK_THAT(got.err, contains(what));
  };
  fails(run_with({"--slurm"}), {}, "SLURM_JOB_NODELIST is not set");
  fails(run_with({"--slurm", "--hosts", "x.toml"}), slurm("b"),
        "give one of them");
  fails(run_with({"--port", "7470"}), {}, "are for --slurm");
  fails(run_with({"--slurm", "--cluster", "none"}), slurm("b"),
        "none/authority.key");
  fails(run_with({"--slurm", "--cluster", "none"}), slurm("localhost"),
        "none/host.key");
  fails(run_with({"--mpi", "/dev/zero"}), {}, "is longer than 64 MiB");
  fails(run_with({"--mpi", "none"}), {}, "none: cannot read the hosts");
  fails({"join"}, {}, "expected HEAD:PORT, --slurm");
  fails({"join", "--slurm", "--token", "x"}, slurm("b"), "--token");
  fails({"join", "localhost", "--slurm"}, slurm("b"), "give one of them");
  fails(run_with({"--kubernetes", "3"}), {"HOSTNAME=laptop"},
        "expected one of a StatefulSet");
}
