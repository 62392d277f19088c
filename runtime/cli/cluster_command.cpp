#include "runtime/cli/cluster_command.hpp"

#include "models/errors.hpp"
#include "runtime/cli/job_command.hpp"
#include "runtime/cluster/host_service.hpp"
#include "runtime/cluster/hosts_file.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/monitor/status_board.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/wire/dial.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>


namespace caps {

namespace fs = std::filesystem;

namespace {

std::string system_name() {
  auto result = name_of_this_host();
  return result.empty() ? "head" : result;
}

/// Where the identity of a host is if nobody says otherwise.
fs::path default_identity() {
  if (auto x = std::getenv("XDG_CONFIG_HOME"); x != nullptr && *x != '\0')
    return fs::path{x} / "caps" / "identity";
  if (auto x = std::getenv("HOME"); x != nullptr && *x != '\0')
    return fs::path{x} / ".config" / "caps" / "identity";
  throw input_error("--identity: expected the folder for the identity of this "
                    "host; there is no home folder to put it in");
}

fs::path identity_of(const cli_options& options) {
  return options.identity.empty() ? default_identity() : options.identity;
}

exit_code init_cluster(const cli_options& options) {
  auto name = options.host_name.empty() ? system_name() : options.host_name;
  make_cluster(options.subject, name);
  print_text(fmt::format("{}: the identity of a cluster with head {}; keep it "
                         "to yourself\n",
                         options.subject, name));
  flush_standard_output();
  return exit_code::success;
}

exit_code add_host(const cli_options& options) {
  auto token = invite(identity_of(options), options.subject);
  print_text(fmt::format("On {}, while a run waits for it, within ten "
                         "minutes:\n\n"
                         "    caps_runtime join HEAD:{} --token {}\n",
                         options.subject, head_port, token.text()));
  flush_standard_output();
  return exit_code::success;
}

/// The host of the head is there for whoever starts runs on it.
void serve_job(const job& where, const cli_options& options,
               const host_service_settings& settings) {
  if (!where.is_head()) {
    join_job(where, options, settings);
    return;
  }
  std::fputs(fmt::format("host {} is the head of this job: start a run here\n",
                         where.own)
               .c_str(),
             stderr);
  // A pod that ends is started again.
  while (options.kubernetes && !*settings.interrupted)
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
}

} // namespace

void add_hosts_options(CLI::App& to, cli_options& result) {
  to.add_option("--hosts", result.hosts,
                "the hosts to run on (TOML); needs the real clock")
    ->type_name("PATH");
  to.add_flag("--head-only", result.head_only,
              "with --hosts: no node lives on this host");
}

void add_cluster_commands(CLI::App& app, cli_options& result) {
  auto cluster = app.add_subcommand(
    "cluster", "init DIR makes a cluster and the identity of its head, add "
               "HOST a token with which a host becomes a part of it");
  cluster->add_option("action", result.action, "what to do")
    ->required()
    ->check(CLI::IsMember({"init", "add"}));
  cluster->add_option("subject", result.subject, "a new folder, or a host")
    ->required()
    ->type_name("PATH");
  cluster
    ->add_option("--identity", result.identity,
                 "for add: the folder that init has made "
                 "[~/.config/caps/identity]")
    ->type_name("PATH");
  cluster->add_option("--name", result.host_name,
                      "for init: the name of this host [that of the system]");

  auto join = app.add_subcommand(
    "join", "waits for runs of a head and takes part in them");
  join->add_option("head", result.head, "where it listens: HOST[:PORT]");
  join->add_option("--token", result.token,
                   "what `cluster add` printed, for a host that is new");
  join
    ->add_option("--identity", result.identity,
                 "the folder with the identity of this host "
                 "[~/.config/caps/identity]")
    ->type_name("PATH");
  join->add_option("--listen", result.listen,
                   "where the other hosts reach this one: ADDRESS:PORT, with "
                   "port 0 for any [all addresses, any port]");
  join->add_flag("--once", result.once, "end after one run");
  join
    ->add_option("--threads", result.threads,
                 "compute threads of a run [one per core]")
    ->check(CLI::Range(1, 1024));
  add_join_job_options(*join, result);

  auto status = app.add_subcommand(
    "status", "prints what a run on hosts is at: who is there, steps, who is "
              "behind");
  status->add_option("head", result.head, "where its head listens: HOST[:PORT]")
    ->required();
  status
    ->add_option("--identity", result.identity,
                 "the folder with the identity of this host "
                 "[~/.config/caps/identity]")
    ->type_name("PATH");
  status->add_flag("--json", result.json, "print one JSON object");
}

exit_code status_command(const cli_options& options) {
  constexpr auto patience = std::chrono::seconds{10};
  outlive_readers();
  tls_context tls{load_identity(identity_of(options))};
  auto place = dial(endpoint_from(options.head, "head", head_port), tls,
                    {"", cluster_role::head}, {{"status", true}},
                    std::chrono::steady_clock::now() + patience);
  print_text(options.json ? place.reply.dump() + "\n"
                          : status_text(place.reply));
  flush_standard_output();
  return exit_code::success;
}

exit_code cluster_command(const cli_options& options) {
  auto is_init = options.action == "init";
  if (is_init && !options.identity.empty())
    throw input_error("--identity: is for `cluster add`; `cluster init` takes "
                      "its folder as an argument");
  if (!is_init && !options.host_name.empty())
    throw input_error("--name: is for `cluster init`");
  return is_init ? init_cluster(options) : add_host(options);
}

exit_code join_command(const cli_options& options) {
  host_service_settings settings;
  if (!options.listen.empty())
    settings.listen = endpoint_from(options.listen, "--listen");
  settings.once = options.once;
  settings.interrupted = &watch_interrupts(false);
  outlive_readers();
  if (auto where = job_of(options)) {
    if (!options.token.empty() || !options.identity.empty())
      throw input_error("--token, --identity: hosts of a scheduler's job make "
                        "their identity themselves, from --cluster");
    serve_job(*where, options, settings);
  } else {
    if (options.head.empty())
      throw input_error("join: expected HEAD:PORT, --slurm, --mpi or "
                        "--kubernetes");
    settings.head = endpoint_from(options.head, "head", head_port);
    settings.identity = identity_of(options);
    settings.token = options.token;
    settings.threads = options.thread_count();
    serve_runs(settings);
  }
  return *settings.interrupted ? exit_code::interrupted : exit_code::success;
}

} // namespace caps
