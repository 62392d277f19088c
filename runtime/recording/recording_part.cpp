#include "runtime/recording/recording_part.hpp"

#include "models/errors.hpp"
#include "runtime/recording/verify.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace caps {

std::string part_text(const std::string& run, size_t process, size_t processes,
                      const std::vector<node_id>& nodes) {
  return nlohmann::json{{"run", run},
                        {"process", process},
                        {"processes", processes},
                        {"nodes", nodes}}
    .dump();
}

recording_part::recording_part(const std::filesystem::path& path) : file(path) {
  auto text = file.meta("part");
  auto created_text = file.meta("created");
  if (!text || !created_text)
    throw input_error(fmt::format("{}: is no part of a recording; parts are "
                                  "what the processes of a run keep among "
                                  "its results",
                                  path.string()));
  ended = verify(file).ended;
  try {
    auto x = nlohmann::json::parse(*text);
    run = x.at("run");
    process = x.at("process");
    processes = x.at("processes");
    nodes = x.at("nodes").get<std::vector<node_id>>();
    created = std::stoll(*created_text);
  } catch (const std::exception&) {
    throw data_error(fmt::format("{}: damaged: it does not say which part of a "
                                 "recording it is",
                                 path.string()));
  }
}

std::string recording_part::name() const {
  return is_head() ? "the head of the run"
                   : fmt::format("process {} of {}", process, processes);
}

std::vector<std::unique_ptr<recording_part>>
open_parts(const std::vector<std::filesystem::path>& files) {
  std::vector<std::unique_ptr<recording_part>> result;
  for (const auto& x : files)
    result.push_back(std::make_unique<recording_part>(x));
  if (result.empty())
    throw input_error("there are no parts to merge");
  std::ranges::sort(result, {}, [](const auto& x) { return x->process; });
  for (size_t i = 1; i < result.size(); ++i) {
    const auto& first = *result[0];
    const auto& x = *result[i];
    if (x.run != first.run || x.processes != first.processes)
      throw input_error(fmt::format("{} and {} are of different runs",
                                    first.file.path().string(),
                                    x.file.path().string()));
    if (x.process == result[i - 1]->process)
      throw input_error(fmt::format("{} and {} are both of {}",
                                    result[i - 1]->file.path().string(),
                                    x.file.path().string(), x.name()));
  }
  return result;
}

} // namespace caps
