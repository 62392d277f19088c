#pragma once

#include "actors/observation/run_observer.hpp"
#include "models/parameter_layout.hpp"

#include <filesystem>
#include <memory>

namespace caps {

/// Writes the last parameters and buffers of each node to
/// "<node>.safetensors", under the names of the net's layout.
class weights_files final : public run_observer {
public:
  weights_files(std::filesystem::path folder,
                std::shared_ptr<const parameter_layout> layout,
                std::string scenario_name)
    : folder_(std::move(folder)),
      layout_(std::move(layout)),
      scenario_name_(std::move(scenario_name)) {
  }

  void on_snapshot(const node_snapshot& x) override;

private:
  std::filesystem::path folder_;
  std::shared_ptr<const parameter_layout> layout_;
  std::string scenario_name_;
};

} // namespace caps
