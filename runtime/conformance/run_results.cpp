#include "runtime/conformance/run_results.hpp"

#include "models/checkpoint/weights.hpp"
#include "models/file_text.hpp"

#include <ATen/ops/zeros.h>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace caps {

namespace {

/// A line of metrics.csv without the time of the machine.
std::string without_wall_time(const std::string& line) {
  constexpr size_t wall_time = 4;
  std::string result;
  size_t column = 0;
  for (auto c : line) {
    column += c == ',' ? 1 : 0;
    if (column != wall_time)
      result += c;
  }
  return result;
}

} // namespace

std::string fingerprint(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::string result;
  for (const auto& file : files) {
    auto name = file.filename().string();
    if (name == "metrics.csv") {
      std::ifstream in{file};
      for (std::string line; std::getline(in, line);)
        result += without_wall_time(line) + "\n";
    } else if (file.extension() == ".csv" || file.extension() == ".safetensors")
      result += name + "\n" + text_of_file(file);
  }
  return result;
}

std::vector<at::Tensor> last_weights(const run_plan& plan,
                                     const std::filesystem::path& folder) {
  const auto& layout = plan.model->layout();
  std::vector<at::Tensor> result;
  for (const auto& node : plan.nodes) {
    auto file = folder / fmt::format("{}.safetensors", node.id);
    if (!std::filesystem::exists(file))
      continue; // a worker, or a server but the first
    result.push_back(at::zeros({layout.numel()}, at::kDouble));
    import_weights(layout, read_safetensors(file), file.string(), result.back(),
                   at::zeros({0}, at::kDouble));
  }
  return result;
}

} // namespace caps
