#include "runtime/replay/snapshot_states.hpp"

#include "models/errors.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <span>

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

std::optional<size_t> element_bytes(const std::string& encoding) {
  if (encoding == "float32")
    return 4;
  if (encoding == "float64")
    return 8;
  return std::nullopt;
}

/// One row of the table `snapshot`.
struct snapshot_row {
  int64_t id = 0;
  int64_t sequence = 0;
  int64_t step = 0;
  int64_t epoch = 0;
  std::string encoding;
  std::string bytes;
  int64_t checksum = 0;
};

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
  query q{file_, "SELECT id, sequence, step, epoch, encoding, bytes, checksum "
                 "FROM snapshot WHERE node = ? AND kind = ? AND sequence <= ? "
                 "ORDER BY sequence DESC, id DESC LIMIT 1"};
  q.bind(node).bind(name).bind(position);
  if (!q.next())
    return std::nullopt;
  snapshot_row row{q.integer(0).value_or(0),
                   q.integer(1).value_or(0),
                   q.integer(2).value_or(0),
                   q.integer(3).value_or(0),
                   q.text(4),
                   q.bytes(5),
                   q.integer(6).value_or(0)};
  auto refuse = [&](const std::string& what) {
    return data_error(fmt::format("{}: damaged: snapshot {}, of node {} at "
                                  "event {}, {}",
                                  file_.path().string(), row.id, node,
                                  row.sequence, what));
  };
  query before{file_, "SELECT checksum FROM snapshot WHERE id = ?"};
  before.bind(row.id - 1);
  auto chain = before.next() ? before.integer(0).value_or(0) : 0;
  row_digest digest{static_cast<uint64_t>(chain)};
  digest.add(row.sequence).add(node).add(row.step).add(row.epoch);
  digest.add(std::string_view{name}).add(std::string_view{row.encoding});
  digest.add(std::as_bytes(std::span{row.bytes}));
  if (digest.result() != static_cast<uint64_t>(row.checksum))
    throw refuse("does not match its checksum");
  auto width = element_bytes(row.encoding);
  if (!width || row.bytes.size() % *width != 0)
    throw refuse(
      fmt::format("has {} bytes of '{}'", row.bytes.size(), row.encoding));
  auto values
    = *width == 4 ? widened<float>(row.bytes) : widened<double>(row.bytes);
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
    query q{file_, "SELECT encoding, length(bytes) FROM snapshot WHERE node = "
                   "? AND kind = 'parameters' ORDER BY id LIMIT 1"};
    q.bind(x.id);
    if (!q.next())
      continue;
    auto width = element_bytes(q.text(0)).value_or(1);
    result += q.integer(1).value_or(0) / static_cast<int64_t>(width);
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
