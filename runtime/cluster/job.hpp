#pragma once

#include "runtime/cluster/hosts_file.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Where a scheduler has started this process: the hosts of its job and which
/// of them this one is, as its environment says. There is one process a host,
/// and the first host is the head.
struct job {
  /// By rank; of Kubernetes only as many as were asked for.
  std::vector<std::string> hosts;
  /// The name of this one.
  std::string own;
  /// Where the head listens.
  endpoint head;
  /// Compute threads of this host; 0 if nobody says.
  size_t threads = 0;

  bool is_head() const { return own == hosts.front(); }
};

/// Looks a variable of the environment up.
using environment_lookup
  = std::function<std::optional<std::string>(const char* name)>;

/// A variable of this process; none if it is empty.
std::optional<std::string> environment_variable(const char* name);

/// A job of Slurm, within `sbatch`, `salloc` or `srun`. Jobs that share a host
/// have different ports. Throws `input_error` outside of one, or for more than
/// one process a host.
job slurm_job(const environment_lookup& look);

/// A job of MPI, of Open MPI, MPICH or Intel's: `hostfile` has a line for each
/// host, "name slots=N" or "name:N". Which host this is, its name says, or else
/// the rank that `mpirun` gave. Throws `input_error`.
job mpi_job(const std::filesystem::path& hostfile,
            const environment_lookup& look, const std::string& own_name);

/// A pod of a StatefulSet of Kubernetes, or of an indexed Job: "trainer-2" is
/// rank 2 of "trainer-0" and so on. Throws `input_error` for another name.
///
/// @param full_name of this pod, "trainer-2.trainers.lab.svc.cluster.local"
/// @param count of pods
job kubernetes_job(const std::string& full_name, size_t count);

/// The names that Slurm's short form stands for: "n[1-3,07],head" are n1, n2,
/// n3, n07 and head. Throws `input_error` for what cannot be read.
std::vector<std::string> expand_node_list(std::string_view text);

/// The hosts of a run of a whole job.
///
/// @param cluster the folder that `cluster init` made
hosts_file hosts_of(const job& x, const std::filesystem::path& cluster);

} // namespace caps
