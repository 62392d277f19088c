#include "runtime/replay/exports.hpp"

#include "models/options.hpp"
#include "runtime/replay/event_question.hpp"
#include "runtime/replay/recorded_event.hpp"

#include <fmt/format.h>

#include <span>

namespace caps {

namespace {

constexpr size_t portion_bytes = size_t{1} << 20;

/// A field of a CSV file, in quotes where it needs them.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos)
    return text;
  std::string result = "\"";
  for (auto c : text) {
    result += c;
    if (c == '"')
      result += c;
  }
  return result += '"';
}

} // namespace

void export_file::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= portion_bytes)
    flush();
}

void export_file::flush() {
  file_.write(std::as_bytes(std::span{buffer_}));
  buffer_.clear();
}

void export_file::commit() {
  flush();
  file_.commit();
}

int64_t export_metrics(recording_file& recording,
                       const std::filesystem::path& file) {
  export_file out{file};
  out.write("sequence,time,node,epoch,step,name,value\n");
  query q{recording, "SELECT sequence, time, node, epoch, step, name, value "
                     "FROM metric ORDER BY id"};
  auto integer = [&](int column) {
    auto x = q.integer(column);
    return x ? std::to_string(*x) : std::string{};
  };
  int64_t count = 0;
  for (; q.next(); ++count) {
    auto value = q.real(6);
    out.write(fmt::format("{},{},{},{},{},{},{}\n", integer(0), integer(1),
                          integer(2), integer(3), integer(4),
                          csv_text(q.text(5)),
                          value ? to_text(*value) : std::string{}));
  }
  out.commit();
  return count;
}

int64_t export_events(recording_file& recording, const std::string& condition,
                      const std::filesystem::path& file) {
  event_question what{recording, {condition, {}, {}}};
  auto q = what.ask(event_columns, "ORDER BY sequence");
  export_file out{file};
  int64_t count = 0;
  for (; q.next(); ++count)
    out.write(
      to_json(event_of(q))
        .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
      + "\n");
  out.commit();
  return count;
}

} // namespace caps
