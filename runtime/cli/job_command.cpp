#include "runtime/cli/job_command.hpp"

#include "models/errors.hpp"
#include "runtime/cluster/scratch_folder.hpp"
#include "runtime/identity/identity.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace caps {

namespace {

constexpr size_t pods_max = 10'000;

void add_common_options(CLI::App& to, cli_options& result) {
  to.add_flag("--slurm", result.slurm,
              "in a job of Slurm: its first host is the head, the others are "
              "the run's hosts");
  to.add_option("--mpi", result.mpi,
                "the same with the hosts of this file, as mpirun takes it")
    ->type_name("PATH");
  to.add_option("--cluster", result.cluster_folder,
                "with these: the folder that `cluster init` made, which all "
                "hosts can read [cluster]")
    ->type_name("PATH");
  to.add_option("--port", result.head_port,
                "with these: where the head listens [7470; of Slurm, more by "
                "the job's number]")
    ->check(CLI::Range(1, 65535));
}

std::string own_name() {
  auto name = environment_variable("HOSTNAME");
  return name ? *name : name_of_this_host();
}

} // namespace

void add_job_options(CLI::App& to, cli_options& result) {
  add_common_options(to, result);
  to.add_option("--kubernetes", result.kubernetes,
                "the same with so many pods of a StatefulSet")
    ->type_name("PODS")
    ->check(CLI::Range(size_t{2}, pods_max));
}

void add_join_job_options(CLI::App& to, cli_options& result) {
  add_common_options(to, result);
  to.add_flag_callback("--kubernetes", [&result] { result.kubernetes = 1; },
                       "the same with the pods of a StatefulSet");
}

std::optional<job> job_of(const cli_options& options) {
  auto count = int{options.slurm} + int{!options.mpi.empty()}
               + int{options.kubernetes.has_value()};
  if (count == 0) {
    if (options.head_port != 0 || options.cluster_folder != "cluster")
      throw input_error("--cluster, --port: are for --slurm, --mpi and "
                        "--kubernetes");
    return std::nullopt;
  }
  if (count > 1 || !options.hosts.empty() || !options.head.empty())
    throw input_error("--slurm, --mpi, --kubernetes and other ways to say "
                      "where the hosts are: give one of them");
  auto result = options.slurm ? slurm_job(environment_variable)
                : options.kubernetes
                  ? kubernetes_job(full_name_of(own_name()),
                                   *options.kubernetes)
                  : mpi_job(options.mpi, environment_variable, own_name());
  if (options.head_port != 0)
    result.head.port = options.head_port;
  if (options.threads > 0)
    result.threads = options.threads;
  return result;
}

void join_job(const job& where, const cli_options& options,
              host_service_settings how) {
  scratch_folder scratch;
  how.head = where.head;
  how.identity = scratch.path() / "identity";
  make_host(options.cluster_folder, where.own, how.identity);
  how.threads = where.threads > 0 ? where.threads : options.thread_count();
  serve_runs(how);
}

} // namespace caps
