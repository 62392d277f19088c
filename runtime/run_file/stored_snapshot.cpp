#include "runtime/run_file/stored_snapshot.hpp"

#include "models/errors.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/schema.hpp"

#include <fmt/format.h>

#include <charconv>
#include <span>

namespace caps {

namespace {

constexpr std::string_view packed_mark = "/zstd";

/// What SQLite takes as a blob at most.
constexpr size_t bytes_max = 1'000'000'000;

std::span<const std::byte> bytes_in(const std::string& x) {
  return std::as_bytes(std::span{x});
}

/// Reads rows one by one, and those they are packed from.
class snapshot_reader {
public:
  explicit snapshot_reader(recording_file& file) : file_(file) {}

  stored_snapshot read(int64_t id, int depth) {
    query row{file_, "SELECT sequence, node, step, epoch, kind, encoding, "
                     "bytes, checksum FROM snapshot WHERE id = ?"};
    row.bind(id);
    if (!row.next())
      throw data_error(fmt::format("{}: damaged: snapshot {} is missing",
                                   file_.path().string(), id));
    auto number = [&](int column) { return row.integer(column).value_or(0); };
    stored_snapshot result{number(0), number(1),   number(2),   number(3),
                           row.text(4), row.text(5), row.bytes(6)};
    auto refuse = [&](const std::string& what) {
      return data_error(fmt::format("{}: damaged: snapshot {}, of node {} at "
                                    "event {}, {}",
                                    file_.path().string(), id, result.node,
                                    result.sequence, what));
    };
    if (checksum_of(id, result) != static_cast<uint64_t>(number(7)))
      throw refuse("does not match its checksum");
    try {
      auto how = parse_snapshot_encoding(result.content);
      if (how.packed)
        unpack_row(id, how, depth, result);
      result.content = how.content;
    } catch (const data_error& e) {
      throw refuse(fmt::format("cannot be read: {}", e.what()));
    }
    return result;
  }

private:
  uint64_t checksum_of(int64_t id, const stored_snapshot& x) {
    query before{file_, "SELECT checksum FROM snapshot WHERE id = ?"};
    before.bind(id - 1);
    auto chain = before.next() ? before.integer(0).value_or(0) : 0;
    row_digest digest{static_cast<uint64_t>(chain)};
    digest.add(x.sequence).add(x.node).add(x.step).add(x.epoch);
    digest.add(std::string_view{x.kind}).add(std::string_view{x.content});
    return digest.add(bytes_in(x.bytes)).result();
  }

  void unpack_row(int64_t id, const snapshot_encoding& how, int depth,
                  stored_snapshot& x) {
    std::string base;
    if (how.base != 0) {
      if (how.base >= id)
        throw data_error(
          fmt::format("it is packed from a later one, {}", how.base));
      if (depth == snapshot_depth_max)
        throw data_error(fmt::format("it is packed from others more than {} "
                                     "deep",
                                     snapshot_depth_max));
      base = read(how.base, depth + 1).bytes;
    }
    x.bytes = unpack(bytes_in(x.bytes), bytes_in(base), how.word(), bytes_max);
  }

  recording_file& file_;
};

} // namespace

std::string snapshot_encoding::text() const {
  if (!packed)
    return content;
  auto result = content + std::string{packed_mark};
  return base == 0 ? result : fmt::format("{}/{}", result, base);
}

snapshot_encoding parse_snapshot_encoding(std::string_view text) {
  snapshot_encoding result;
  auto mark = text.find(packed_mark);
  result.content = text.substr(0, mark);
  if (mark == std::string_view::npos)
    return result;
  result.packed = true;
  auto rest = text.substr(mark + packed_mark.size());
  if (rest.empty())
    return result;
  auto end = rest.data() + rest.size();
  auto [stop, problem] = std::from_chars(rest.data() + 1, end, result.base);
  if (rest.front() != '/' || problem != std::errc{} || stop != end
      || result.base < 1)
    throw data_error(fmt::format("there is no encoding '{}'", text));
  return result;
}

stored_snapshot read_snapshot(recording_file& file, int64_t id) {
  return snapshot_reader{file}.read(id, 0);
}

} // namespace caps
