#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/cluster/job.hpp"
#include "tests/support/files.hpp"

#include <map>

using namespace caps;
using namespace caps::test;

namespace {

using names = std::vector<std::string>;

environment_lookup looks_in(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const char* name) -> std::optional<std::string> {
    auto i = all.find(name);
    return i == all.end() ? std::nullopt : std::optional{i->second};
  };
}

job mpi_with(const std::string& hostfile,
             const std::map<std::string, std::string>& variables,
             const std::string& own) {
  temporary_folder folder;
  return mpi_job(folder.write_text("hostfile", hostfile), looks_in(variables),
                 own);
}

} // namespace

TEST_CASE("Slurm's short forms of host lists", "[job]") {
  CHECK(expand_node_list("n1") == names{"n1"});
  CHECK(expand_node_list("n1,n2") == names{"n1", "n2"});
  CHECK(expand_node_list("n[1-3]") == names{"n1", "n2", "n3"});
  CHECK(expand_node_list("n[08-10,3],head,g[1]-ib")
        == names{"n08", "n09", "n10", "n3", "head", "g1-ib"});
  CHECK(expand_node_list("r[1-2]n[0-1]")
        == names{"r1n0", "r1n1", "r2n0", "r2n1"});
  for (auto wrong : {"", "n[1-3", "n1-3]", "n[3-1]", "n[a]", "n[]", "n[1-]",
                     ",", "a,,b", "n[[1]]", "n[0-999999999]",
                     "n[1-9999][1-9999][1-9999]", "n[1-99999999999999999999]"}) {
    INFO(wrong);
    CHECK_THROWS_WITH(expand_node_list(wrong), contains("is no list of hosts"));
  }
}

TEST_CASE("a job of Slurm", "[job]") {
  std::map<std::string, std::string> all{{"SLURM_JOB_NODELIST", "n[1-3]"},
                                         {"SLURMD_NODENAME", "n2"},
                                         {"SLURM_JOB_ID", "1234567"},
                                         {"SLURM_LOCALID", "0"},
                                         {"SLURM_CPUS_ON_NODE", "64"}};
  auto got = slurm_job(looks_in(all));
  CHECK(got.hosts == names{"n1", "n2", "n3"});
  CHECK(got.own == "n2");
  CHECK_FALSE(got.is_head());
  CHECK(got.threads == 64);
  CHECK(got.head.host == "n1");
  // Another job has another port, on all hosts the same.
  CHECK(got.head.port == 7470 + 1234567 % 20000);
  all["SLURM_CPUS_PER_TASK"] = "8";
  all["SLURMD_NODENAME"] = "n1";
  got = slurm_job(looks_in(all));
  CHECK(got.threads == 8);
  CHECK(got.is_head());

  all["SLURM_LOCALID"] = "1";
  CHECK_THROWS_WITH(slurm_job(looks_in(all)),
                    contains("process 2 of its host")
                      && contains("--ntasks-per-node=1"));
  all["SLURM_LOCALID"] = "0";
  all["SLURMD_NODENAME"] = "n9";
  CHECK_THROWS_WITH(slurm_job(looks_in(all)), contains("n9, which is not in"));
  all.erase("SLURM_JOB_NODELIST");
  CHECK_THROWS_WITH(slurm_job(looks_in(all)),
                    contains("SLURM_JOB_NODELIST is not set"));
}

TEST_CASE("a job of MPI", "[job]") {
  auto file = "# our hosts\nn1 slots=4 max_slots=8\n\nn2.lab:2 # new\nn3\n"
              "n1 slots=2\n";
  auto got = mpi_with(file, {{"OMPI_COMM_WORLD_RANK", "1"}}, "login");
  CHECK(got.hosts == names{"n1", "n2.lab", "n3"});
  CHECK(got.own == "n2.lab");
  CHECK(got.threads == 2);
  CHECK(got.head.text() == "n1:7470");
  // What a host is called counts more than a rank.
  CHECK(mpi_with(file, {{"PMI_RANK", "1"}}, "n1.lab").own == "n1");
  CHECK(mpi_with(file, {}, "n1").threads == 6);
  CHECK(mpi_with(file, {{"PMI_RANK", "2"}}, "x").own == "n3");

  CHECK_THROWS_WITH(mpi_with(file, {}, "x"), contains("names no host x"));
  CHECK_THROWS_WITH(mpi_with(file, {{"PMI_RANK", "3"}}, "x"),
                    contains("no rank"));
  CHECK_THROWS_WITH(mpi_with(file, {{"OMPI_COMM_WORLD_SIZE", "4"}}, "n1"),
                    contains("4 processes were started")
                      && contains("names 3 hosts"));
  CHECK_THROWS_WITH(mpi_with(file, {{"OMPI_COMM_WORLD_LOCAL_RANK", "1"}}, "n1"),
                    contains("process 2 of its host"));
  CHECK_THROWS_WITH(mpi_with("n1\n", {}, "n1"),
                    contains("at least two hosts"));
}

TEST_CASE("pods of Kubernetes", "[job]") {
  auto got = kubernetes_job("my-job-2.jobs.lab.svc.cluster.local", 3);
  CHECK(got.hosts == names{"my-job-0", "my-job-1", "my-job-2"});
  CHECK(got.own == "my-job-2");
  CHECK(got.head.text() == "my-job-0.jobs.lab.svc.cluster.local:7470");
  CHECK(kubernetes_job("my-job-0", 2).is_head());
  for (auto wrong : {"trainer", "trainer-", "trainer-x", ""})
    CHECK_THROWS_WITH(kubernetes_job(wrong, 2),
                      contains("expected one of a StatefulSet"));
}

TEST_CASE("the hosts of a job", "[job]") {
  auto x = kubernetes_job("t-0.lab", 3);
  x.threads = 5;
  auto got = hosts_of(x, "id");
  CHECK(got.listen.text() == "t-0.lab:7470");
  CHECK(got.identity == "id");
  REQUIRE(got.hosts.size() == 2);
  CHECK(got.hosts[1].name == "t-2");
  CHECK(got.head->threads == 5);
  CHECK(place_nodes(got.all(), 6).processes() == 3);
  CHECK_THROWS_WITH(hosts_of(kubernetes_job("t-0", 1), "id"),
                    contains("the only host of this job"));
  x.hosts[1] = "a b";
  CHECK_THROWS_WITH(hosts_of(x, "id"), contains("name of a host"));
}
