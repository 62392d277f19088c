#include "models/device.hpp"

#include "models/errors.hpp"

#include <ATen/Context.h>

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace caps {

namespace {

constexpr std::string_view cuda = "cuda";

/// N of "cuda:N", 0 of "cuda"; nothing for another name.
std::optional<int> gpu_number(std::string_view name) {
  if (!name.starts_with(cuda))
    return std::nullopt;
  name.remove_prefix(cuda.size());
  if (name.empty())
    return 0;
  if (name.front() != ':')
    return std::nullopt;
  name.remove_prefix(1);
  int result = 0;
  auto [end, problem]
    = std::from_chars(name.data(), name.data() + name.size(), result);
  if (problem != std::errc{} || end != name.data() + name.size() || result < 0)
    return std::nullopt;
  return result;
}

std::string what_there_is() {
  if (!at::hasCUDA())
    return "this build of LibTorch computes on the CPU alone, or finds no GPU";
  return fmt::format("this machine has {} GPU{}", count_gpus(),
                     count_gpus() == 1 ? "" : "s");
}

c10::Device gpu(int number) {
  // cuBLAS reads this when it starts; without it sums may change their order.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  auto& settings = at::globalContext();
  settings.setBenchmarkCuDNN(false);
  settings.setDeterministicCuDNN(true);
  settings.setDeterministicAlgorithms(true, true);
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(number)};
}

} // namespace

int count_gpus() {
  return at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
}

c10::Device find_device(const std::string& name) {
  if (name == "cpu" || (name == "auto" && count_gpus() == 0))
    return c10::kCPU;
  auto number = name == "auto" ? 0 : gpu_number(name);
  if (!number)
    throw input_error(fmt::format("there is no device \"{}\"; expected auto, "
                                  "cpu, cuda or cuda:N",
                                  name));
  if (*number >= count_gpus())
    throw input_error(fmt::format("there is no GPU {}: {}; \"auto\" takes a "
                                  "GPU where there is one",
                                  *number, what_there_is()));
  return gpu(*number);
}

} // namespace caps
