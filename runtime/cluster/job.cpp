#include "runtime/cluster/job.hpp"

#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/scenario/toml_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <sstream>

namespace caps {

namespace {

/// No job has more hosts; a short form may stand for any number.
constexpr size_t hosts_max = 100'000;

std::optional<size_t> number_in(std::string_view text) {
  size_t result = 0;
  auto end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, result);
  return problem == std::errc{} && stop == end && !text.empty()
           ? std::optional{result}
           : std::nullopt;
}

/// The first of these variables that is a number.
std::optional<size_t> number_of(const environment_lookup& look,
                                std::initializer_list<const char*> names) {
  for (auto name : names)
    if (auto text = look(name))
      if (auto result = number_in(*text))
        return result;
  return std::nullopt;
}

void refuse_second_process(std::optional<size_t> local_rank,
                           const char* option, const char* remedy) {
  if (local_rank.value_or(0) > 0)
    throw input_error(fmt::format("{}: this is process {} of its host; start "
                                  "one a host: {}",
                                  option, *local_rank + 1, remedy));
}

// -- Slurm's node lists -------------------------------------------------------

[[noreturn]] void fail_at_list(std::string_view text) {
  throw input_error(fmt::format("SLURM_JOB_NODELIST: '{}' is no list of hosts, "
                                "such as n[1-3,7],head",
                                text));
}

/// "1", "01-12": with leading zeros where the first has some.
void expand_range(std::string_view range, std::string_view text,
                  std::vector<std::string>& result) {
  auto dash = range.find('-');
  auto first_text = range.substr(0, dash);
  auto last_text = dash == range.npos ? first_text : range.substr(dash + 1);
  auto first = number_in(first_text);
  auto last = number_in(last_text);
  if (!first || !last || *last < *first || *last - *first >= hosts_max)
    fail_at_list(text);
  for (auto i = *first; i <= *last; ++i)
    result.push_back(fmt::format("{:0{}}", i, first_text.size()));
}

/// One name, in which each pair of brackets stands for several.
std::vector<std::string> expand_name(std::string_view name,
                                     std::string_view text) {
  auto open = name.find('[');
  if (open == name.npos)
    return {std::string{name}};
  auto close = name.find(']', open);
  if (close == name.npos)
    fail_at_list(text);
  std::vector<std::string> middles;
  for (auto rest = name.substr(open + 1, close - open - 1);;) {
    auto comma = rest.find(',');
    expand_range(rest.substr(0, comma), text, middles);
    if (comma == rest.npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  std::vector<std::string> result;
  auto tails = expand_name(name.substr(close + 1), text);
  if (middles.size() * tails.size() > hosts_max)
    fail_at_list(text);
  for (const auto& middle : middles)
    for (const auto& tail : tails)
      result.push_back(std::string{name.substr(0, open)} + middle + tail);
  return result;
}

// -- files of MPI -------------------------------------------------------------

struct mpi_host {
  std::string name;
  size_t slots = 0;
};

/// Lines of the same host count together.
std::vector<mpi_host> read_hostfile(const std::filesystem::path& file) {
  std::vector<mpi_host> result;
  std::istringstream lines{
    text_of_named_file(file, "hosts", "a hosts file of MPI")};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line.substr(0, line.find('#'))};
    mpi_host x;
    if (!(words >> x.name))
      continue;
    if (auto colon = x.name.find(':'); colon != x.name.npos) {
      x.slots = number_in(std::string_view{x.name}.substr(colon + 1))
                  .value_or(0);
      x.name.resize(colon);
    }
    constexpr std::string_view slots = "slots=";
    for (std::string word; words >> word;)
      if (word.starts_with(slots))
        x.slots = number_in(std::string_view{word}.substr(slots.size()))
                    .value_or(0);
    auto known = std::ranges::find(result, x.name, &mpi_host::name);
    if (known != result.end())
      known->slots += x.slots;
    else
      result.push_back(std::move(x));
  }
  if (result.size() < 2)
    throw input_error(fmt::format("{}: expected the names of at least two "
                                  "hosts, one a line",
                                  file.string()));
  return result;
}

/// "n1.lab" and "n1" are the same host.
bool same_host(std::string_view x, std::string_view y) {
  return x == y || x.substr(0, x.find('.')) == y
         || x == y.substr(0, y.find('.'));
}

} // namespace

std::optional<std::string> environment_variable(const char* name) {
  auto x = std::getenv(name);
  return x != nullptr && *x != '\0' ? std::optional<std::string>{x}
                                    : std::nullopt;
}

std::vector<std::string> expand_node_list(std::string_view text) {
  std::vector<std::string> result;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      depth += (text[i] == '[') - (text[i] == ']');
      if (depth < 0 || depth > 1)
        fail_at_list(text);
      if (text[i] != ',' || depth > 0)
        continue;
    }
    for (auto& name : expand_name(text.substr(begin, i - begin), text)) {
      if (name.empty() || result.size() >= hosts_max)
        fail_at_list(text);
      result.push_back(std::move(name));
    }
    begin = i + 1;
  }
  return result;
}

job slurm_job(const environment_lookup& look) {
  auto list = look("SLURM_JOB_NODELIST");
  auto own = look("SLURMD_NODENAME");
  if (!list || !own)
    throw input_error(fmt::format("--slurm: this is no job of Slurm: {} is not "
                                  "set; sbatch, salloc and srun set it",
                                  !list ? "SLURM_JOB_NODELIST"
                                        : "SLURMD_NODENAME"));
  refuse_second_process(number_of(look, {"SLURM_LOCALID"}), "--slurm",
                        "srun --ntasks-per-node=1");
  job result;
  result.hosts = expand_node_list(*list);
  result.own = *own;
  if (std::ranges::find(result.hosts, *own) == result.hosts.end())
    throw input_error(fmt::format("--slurm: SLURMD_NODENAME is {}, which is "
                                  "not in SLURM_JOB_NODELIST ({})",
                                  *own, *list));
  constexpr size_t ports = 20'000;
  auto id = number_of(look, {"SLURM_JOB_ID"}).value_or(0);
  result.head = {result.hosts.front(),
                 static_cast<uint16_t>(head_port + id % ports)};
  result.threads
    = number_of(look, {"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"})
        .value_or(0);
  return result;
}

job mpi_job(const std::filesystem::path& hostfile,
            const environment_lookup& look, const std::string& own_name) {
  auto all = read_hostfile(hostfile);
  refuse_second_process(
    number_of(look, {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID",
                     "MV2_COMM_WORLD_LOCAL_RANK"}),
    "--mpi", "mpirun --map-by ppr:1:node");
  auto size = number_of(look, {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"});
  if (size && *size != all.size())
    throw input_error(fmt::format("--mpi: {} processes were started, {} names "
                                  "{} hosts; start one a host: mpirun --map-by "
                                  "ppr:1:node",
                                  *size, hostfile.string(), all.size()));
  auto own = std::ranges::find_if(all, [&](const mpi_host& x) {
    return same_host(x.name, own_name);
  });
  if (own == all.end()) {
    auto rank = number_of(look, {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",
                                 "PMI_RANK", "MV2_COMM_WORLD_RANK"});
    if (!rank || *rank >= all.size())
      throw input_error(fmt::format("--mpi: {} names no host {}, and mpirun "
                                    "gave this process no rank",
                                    hostfile.string(), own_name));
    own = all.begin() + static_cast<ptrdiff_t>(*rank);
  }
  job result;
  for (const auto& x : all)
    result.hosts.push_back(x.name);
  result.own = own->name;
  result.threads = own->slots;
  result.head = {all.front().name, head_port};
  return result;
}

job kubernetes_job(const std::string& full_name, size_t count) {
  auto name = full_name.substr(0, full_name.find('.'));
  auto domain = full_name.substr(name.size());
  auto dash = name.rfind('-');
  auto rank = dash == name.npos
                ? std::nullopt
                : number_in(std::string_view{name}.substr(dash + 1));
  if (!rank)
    throw input_error(fmt::format("--kubernetes: this pod is called '{}', "
                                  "expected one of a StatefulSet, such as "
                                  "trainer-0",
                                  name));
  job result;
  auto prefix = name.substr(0, dash + 1);
  for (size_t i = 0; i < count; ++i)
    result.hosts.push_back(prefix + std::to_string(i));
  result.own = name;
  result.head = {result.hosts.front() + domain, head_port};
  return result;
}

hosts_file hosts_of(const job& x, const std::filesystem::path& cluster) {
  hosts_file result;
  result.listen = x.head;
  result.identity = cluster;
  result.head->threads = x.threads;
  result.head->place = "the head";
  for (size_t i = 1; i < x.hosts.size(); ++i) {
    check_host_name(x.hosts[i]);
    auto& host = result.hosts.emplace_back();
    host.name = x.hosts[i];
    host.place = "host " + host.name;
  }
  if (result.hosts.empty())
    throw input_error(fmt::format("{} is the only host of this job; leave the "
                                  "scheduler's option out to run on it alone",
                                  x.own));
  return result;
}

} // namespace caps
