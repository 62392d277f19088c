#include "runtime/launch/run_links.hpp"

#include "messages/actors.hpp"
#include "models/checkpoint/checksums.hpp"
#include "models/file_text.hpp"
#include "runtime/process/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

namespace caps {

namespace {

/// Bytes of the largest payload of a run: no process accepts more.
size_t largest_payload(const run_plan& plan) {
  const auto& layout = plan.model->layout();
  auto numel = std::max(layout.numel(), layout.buffer_numel());
  auto result = static_cast<size_t>(numel) * sizeof(double);
  // States of nodes come in pieces, of which there are not many.
  constexpr size_t piece_min = size_t{64} << 10;
  return plan.membership != nullptr ? std::max(result, piece_min) : result;
}

/// Edges between one process and each other, by its number; in the direction
/// in which there are more. All nodes have one to the head.
std::vector<size_t> edges_of(const run_plan& plan, const placement& where,
                             size_t own) {
  auto head = where.processes();
  std::vector<size_t> there(head + 1);
  std::vector<size_t> back(head + 1);
  for (const auto& x : plan.nodes) {
    auto from = where.process_of(x.id);
    for (auto to : x.out_neighbours) {
      auto target = where.process_of(to);
      if (from == own)
        ++there[target];
      if (target == own)
        ++back[from];
    }
    if (from == own)
      ++there[head];
    if (own == head)
      ++back[from];
  }
  std::ranges::transform(there, back, there.begin(),
                         [](size_t x, size_t y) { return std::max(x, y); });
  return there;
}

/// Of a link for so many edges; the same at both ends.
wire_limits limits_for(size_t payload_bytes, size_t edges) {
  // Of an edge, messages may be written, on their way, waiting for their step
  // and kept, with up to two payloads each.
  constexpr size_t slots_an_edge = 8;
  constexpr size_t slots_min = 8;
  constexpr size_t slot_bytes_max = size_t{1} << 30;
  constexpr size_t waiting_bytes_min = size_t{64} << 20;
  wire_limits result;
  result.payload_bytes = payload_bytes;
  result.slots.bytes = payload_bytes;
  auto most = std::max(slots_min, slot_bytes_max / result.slots.stride());
  result.slots.count = static_cast<uint32_t>(
    std::clamp(slots_an_edge * edges, slots_min, most));
  result.waiting_bytes = std::max(waiting_bytes_min, 4 * payload_bytes);
  return result;
}

template <class T>
uint64_t digest_of(std::span<const T> values) {
  return checksum(std::as_bytes(values));
}

/// Of the size, all labels, and samples from all over the data.
void add_data(std::vector<uint64_t>& digests, const dataset* data) {
  constexpr int64_t samples_max = 64;
  if (data == nullptr)
    return;
  auto size = data->size();
  digests.push_back(static_cast<uint64_t>(size));
  digests.push_back(digest_of(data->labels()));
  std::vector<int64_t> indices;
  auto stride = std::max<int64_t>(1, size / samples_max);
  for (int64_t i = 0; i < size; i += stride)
    indices.push_back(i);
  if (indices.empty())
    return;
  auto input = data->gather(indices, at::kFloat).input.contiguous();
  digests.push_back(
    digest_of(std::span<const float>{input.data_ptr<float>(),
                                     static_cast<size_t>(input.numel())}));
}

uint64_t digest_of(const dataset_pair& data) {
  std::vector<uint64_t> digests;
  add_data(digests, data.train.get());
  add_data(digests, data.test.get());
  return digest_of(std::span<const uint64_t>{digests});
}

/// The name of a plug-in and a digest of its file.
std::string text_of_plugin(const std::filesystem::path& file) {
  auto content = text_of_file(file);
  return fmt::format("{} {:016x}", file.filename().string(),
                     checksum(std::as_bytes(std::span{content})));
}

} // namespace

bool can_return(const run_plan& plan) {
  return plan.membership != nullptr && plan.environment->servers.empty();
}

std::vector<wire_limits> limits_of(const run_plan& plan, const placement& where,
                                   size_t process) {
  std::vector<wire_limits> result;
  for (auto edges : edges_of(plan, where, process))
    result.push_back(limits_for(largest_payload(plan), edges));
  return result;
}

run_identity identity_of(const run_plan& plan) {
  run_identity result;
  result.version = version_text();
  result.layout = plan.model->layout().digest();
  result.data = digest_of(plan.data);
  for (const auto& file : plan.content.plugins)
    result.plugins.push_back(text_of_plugin(file));
  return result;
}

void configure_process(caf::actor_system_config& config, size_t threads,
                       const run_plan& plan) {
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.max-threads", threads);
  // Threads that steal work look for some 20,000 times a second.
  config.set("scheduler.policy", caf::atom("sharing"));
  payload_bytes_max(largest_payload(plan));
}

} // namespace caps
