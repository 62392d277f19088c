#include "runtime/replay/session.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"
#include "runtime/replay/commands/commands.hpp"
#include "runtime/replay/words.hpp"
#include "runtime/run_file/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

const replay_command& command_of(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& x : replay_commands()) {
    if (x.name == name)
      return x;
    names.emplace_back(x.name);
  }
  auto close = nearest(name, names);
  throw input_error(
    fmt::format("unknown command '{}'{}", name,
                close.empty() ? "; 'help' lists all commands"
                              : fmt::format(" (did you mean '{}'?)", close)));
}

} // namespace

answer session::execute(std::string_view line) {
  words in{line};
  if (in.done() || line[line.find_first_not_of(" \t")] == '#')
    return {};
  const auto& command = command_of(in.word("command"));
  file_.guard().limit(time_);
  auto before = cursor_.position();
  try {
    auto result = command.run(*this, in);
    in.finish();
    result.text = printable_lines(std::move(result.text));
    nlohmann::ordered_json json{{"command", command.name}};
    json.update(result.json);
    result.json = std::move(json);
    return result;
  } catch (const input_error& e) {
    cursor_.to_position(before);
    throw input_error(printable(
      fmt::format("{}: {}; usage: {}", command.name, e.what(), command.usage)));
  } catch (const error& e) {
    cursor_.to_position(before);
    throw error(printable(e.what()), e.code());
  }
}

void session::exact(bool yes) {
  if (!yes) {
    exact_.reset();
  } else if (!exact_) {
    if (!make_exact_)
      throw input_error("this recording cannot be run again here");
    exact_ = make_exact_();
  }
}

std::vector<std::string> session::completions(std::string_view line) const {
  auto begin = line.find_last_of(" \t");
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  auto word = line.substr(begin);
  std::vector<std::string> all;
  if (words before{line.substr(0, begin)}; before.done()) {
    for (const auto& x : replay_commands())
      all.emplace_back(x.name);
  } else {
    auto name = before.word("command");
    for (const auto& x : replay_commands())
      if (x.name == name && x.completions != nullptr)
        all = x.completions(*this);
  }
  std::erase_if(all,
                [&](const std::string& x) { return !x.starts_with(word); });
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

} // namespace caps
