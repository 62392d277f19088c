#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace caps {

/// What the user asks for.
enum class command : uint8_t {
  run,
  check,
  list,
  document,
  compare,
  study,
  verify,
  merge,
  fork,
  diff,
  replay,
  conform,
  storm,
  cluster,
  join,
  status,
};

/// The command line, parsed but not looked at.
struct cli_options {
  command what = command::run;
  std::filesystem::path scenario;
  std::filesystem::path out;
  bool force = false;
  std::optional<int64_t> seed;
  std::string clock;
  std::string record;
  std::vector<std::string> settings;
  /// Plug-ins, besides those of the scenario.
  std::vector<std::filesystem::path> plugins;
  /// Load whatever plug-ins a recording names.
  bool trust = false;
  size_t processes = 1;
  /// The hosts to run on; empty for this one alone.
  std::filesystem::path hosts;
  /// The scheduler whose job says which hosts there are: Slurm, MPI with the
  /// file of its hosts, or Kubernetes with so many pods.
  bool slurm = false;
  std::filesystem::path mpi;
  std::optional<size_t> kubernetes;
  /// With a scheduler: the folder of the cluster, and the head's port, 0 for
  /// the usual one.
  std::filesystem::path cluster_folder = "cluster";
  uint16_t head_port = 0;
  /// No node lives on the host that the run is started on.
  bool head_only = false;
  /// 0: as many as the machine has cores.
  size_t threads = 0;
  /// Where Prometheus may ask, on this machine.
  std::optional<uint16_t> metrics_port;
  bool quiet = false;
  bool json = false;
  std::string log_level = "info";
  /// For `list`.
  std::string kind;
  /// For `document`.
  std::string document = "scenario";
  /// For `conform`.
  std::string protocol;
  int64_t limit = 20;
  /// For `compare`.
  std::vector<std::filesystem::path> scenarios;
  /// For `compare`, and for `study`, where 0 stands for all it has.
  int64_t seeds = 1;
  /// For `study`: parts of the names of the cells to run; empty for all.
  std::vector<std::string> only;
  /// For `study` and `storm`: runs at a time.
  size_t jobs = 1;
  /// For `storm`: how many runs, the seed of the first, and which of the faults
  /// of a seed befall, from 1; empty for all.
  int64_t runs = 1000;
  int64_t first_seed = 1;
  std::vector<int64_t> faults;
  /// For what reads a recording.
  std::filesystem::path recording;
  /// For `diff`.
  std::filesystem::path other_recording;
  /// For `merge`.
  std::vector<std::filesystem::path> parts;
  /// For `fork`: do the way to the event again from the first event on.
  bool from_start = false;
  /// For `fork`: the event after which settings hold.
  int64_t at = 0;
  /// For `replay`: run it again and compare.
  bool verify = false;
  /// 0 if there is none.
  int64_t resume_at = 0;
  /// For `replay`: commands of the prompt, and the longest time for one.
  std::vector<std::string> commands;
  std::string time_limit;

  /// For `cluster`: init or add, and a folder or a host.
  std::string action;
  std::string subject;
  /// For `cluster` and `join`: the folder with this host's identity.
  std::filesystem::path identity;
  /// For `cluster init`: the name of this host; empty for the system's.
  std::string host_name;
  /// For `join`: where the head listens, the token of a host that is new, where
  /// its own processes listen, and whether one run is enough.
  std::string head;
  std::string token;
  std::string listen;
  bool once = false;

  /// Set in the processes that another one starts: an open file with their
  /// order.
  int join_file = -1;

  /// Whether the run is one on several hosts.
  bool on_hosts() const {
    return !hosts.empty() || slurm || !mpi.empty() || kubernetes;
  }

  /// The settings of the command line, --seed, --clock and --record
  /// among them.
  std::vector<std::string> all_settings() const;

  /// --threads, or a thread per core.
  size_t thread_count() const;
};

/// Either options to go on with, or the exit code of a program that has
/// already answered (--help, --version, a usage error).
struct parsed_command_line {
  std::optional<cli_options> options;
  int code = 0;
};

parsed_command_line parse_command_line(int argc, char** argv);

/// Adds all commands and options to `app`, which writes what it parses to
/// `result`.
void describe_command_line(CLI::App& app, cli_options& result);

} // namespace caps
