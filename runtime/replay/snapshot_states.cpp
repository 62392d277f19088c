#include "runtime/replay/snapshot_states.hpp"

#include "models/errors.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace caps {

namespace {

template <class T>
std::vector<double> widened(const std::string& bytes) {
  std::vector<double> result;
  result.reserve(bytes.size() / sizeof(T));
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T x;
    std::memcpy(&x, bytes.data() + i, sizeof x);
    result.push_back(static_cast<double>(x));
  }
  return result;
}

/// Throws `data_error` unless this is a vector.
std::vector<double> widened(const recording_file& file,
                            const stored_snapshot& x) {
  if (x.content == "float32" && x.bytes.size() % sizeof(float) == 0)
    return widened<float>(x.bytes);
  if (x.content == "float64" && x.bytes.size() % sizeof(double) == 0)
    return widened<double>(x.bytes);
  throw data_error(fmt::format("{}: damaged: the snapshot of node {} at event "
                               "{} has {} bytes of '{}'",
                               file.path().string(), x.node, x.sequence,
                               x.bytes.size(), x.content));
}

} // namespace

snapshot_states::snapshot_states(recording_file& file) : file_(file) {
  read_layout();
}

void snapshot_states::read_layout() {
  auto refuse = [&] {
    return data_error(fmt::format("{}: damaged: its layout of the parameters "
                                  "cannot be read",
                                  file_.path().string()));
  };
  auto json = nlohmann::json::parse(file_.meta("layout").value_or("[]"),
                                    nullptr, false);
  if (!json.is_array())
    throw refuse();
  try {
    for (const auto& x : json) {
      entry e{x.at("name").get<std::string>(),
              x.at("shape").get<std::vector<int64_t>>(),
              x.at("offset").get<int64_t>(), x.at("numel").get<int64_t>()};
      auto& part = x.at("kind") == "buffer" ? buffers_ : parameters_;
      // Without gaps, so that nothing can lie outside.
      auto end = part.empty() ? 0 : part.back().offset + part.back().numel;
      if (e.offset != end || e.numel < 0 || e.numel > INT64_MAX / 16 - end)
        throw refuse();
      part.push_back(std::move(e));
    }
  } catch (const nlohmann::json::exception&) {
    throw refuse();
  }
}

std::optional<node_state> snapshot_states::find(state_kind kind, int64_t node,
                                                int64_t position) {
  if (kind != state_kind::weights && kind != state_kind::buffers)
    throw input_error(
      fmt::format("snapshots hold weights and buffers, no {}; after 'exact "
                  "on' it is known",
                  to_text(kind)));
  auto name = kind == state_kind::weights ? "parameters" : "buffers";
  query q{file_, "SELECT id FROM snapshot WHERE node = ? AND kind = ? AND "
                 "sequence <= ? ORDER BY sequence DESC, id DESC LIMIT 1"};
  q.bind(node).bind(name).bind(position);
  if (!q.next())
    return std::nullopt;
  auto row = read_snapshot(file_, q.integer(0).value_or(0));
  auto values = widened(file_, row);
  node_state result;
  result.node = node;
  result.sequence = row.sequence;
  result.step = row.step;
  auto write = last_write(node, position);
  result.exact = !write || *write <= row.sequence;
  auto weights = kind == state_kind::weights;
  cut(values, weights ? parameters_ : buffers_,
      weights ? first_element(node) : 0, result);
  return result;
}

/// The last event that replaced the parameters of a node.
std::optional<int64_t> snapshot_states::last_write(int64_t node,
                                                   int64_t position) {
  query q{file_, "SELECT sequence FROM event WHERE sequence <= ? AND "
                 "destination = ? AND state IS NOT NULL ORDER BY sequence DESC "
                 "LIMIT 1"};
  q.bind(position).bind(node);
  return q.next() ? q.integer(0) : std::nullopt;
}

/// Parameter servers share the vector: each has the part after those of the
/// servers with lower numbers.
int64_t snapshot_states::first_element(int64_t node) {
  if (file_.node(node).role != "parameter_server")
    return 0;
  int64_t result = 0;
  for (const auto& x : file_.nodes()) {
    if (x.id >= node || x.role != "parameter_server")
      continue;
    query q{file_, "SELECT id FROM snapshot WHERE node = ? AND kind = "
                   "'parameters' ORDER BY id LIMIT 1"};
    q.bind(x.id);
    if (!q.next())
      continue;
    auto part = read_snapshot(file_, q.integer(0).value_or(0));
    result += static_cast<int64_t>(widened(file_, part).size());
  }
  return result;
}

/// Names the elements of a vector that begins at element `first` of the
/// layout. What the layout does not know has no name.
void snapshot_states::cut(const std::vector<double>& values,
                          const std::vector<entry>& layout, int64_t first,
                          node_state& to) const {
  auto end = first + static_cast<int64_t>(values.size());
  int64_t done = first;
  auto take = [&](std::string name, std::vector<int64_t> shape, int64_t from,
                  int64_t until) {
    auto begin = values.begin() + (from - first);
    to.parts.push_back({std::move(name), std::move(shape),
                        std::vector<double>(begin, begin + (until - from))});
    done = until;
  };
  for (const auto& x : layout) {
    auto from = std::max(x.offset, first);
    auto until = std::min(x.offset + x.numel, end);
    if (from >= until)
      continue;
    auto whole = until - from == x.numel;
    take(x.name, whole ? x.shape : std::vector{until - from}, from, until);
  }
  if (done < end)
    take("(rest)", {end - done}, done, end);
}

} // namespace caps
