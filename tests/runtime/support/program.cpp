#include "tests/runtime/support/program.hpp"

#include <sstream>

namespace caps::test {

namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> result{""};
  for (auto c : line) {
    if (c == ',')
      result.emplace_back();
    else
      result.back() += c;
  }
  return result;
}

} // namespace

std::string program_path() {
  return CAPS_RUNTIME_PROGRAM;
}

workshop::workshop(const std::string& text) {
  write_text(path() / "scenario.toml", text);
}

process_result workshop::caps(const std::vector<std::string>& arguments,
                              process_options options) const {
  std::vector<std::string> all{program_path()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  options.folder = path();
  return run(all, options);
}

std::vector<std::string>
workshop::training(const std::vector<std::string>& more) const {
  std::vector<std::string> result{"--scenario", "scenario.toml", "--out",
                                  "out"};
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

process_result workshop::train(const std::vector<std::string>& more,
                               const process_options& options) const {
  return caps(training(more), options);
}

std::unique_ptr<process> workshop::start(const std::vector<std::string>& more,
                                         process_options options) const {
  auto arguments = training(more);
  arguments.insert(arguments.begin(), program_path());
  options.folder = path();
  return std::make_unique<process>(arguments, options);
}

bool log_says(const std::filesystem::path& folder, const std::string& text,
              int times) {
  return wait_until([&] {
    auto log = read_text(folder / "log.txt");
    int count = 0;
    for (auto i = log.find(text); i != log.npos;
         i = log.find(text, i + text.size()))
      ++count;
    return count >= times;
  });
}

csv_table read_csv(const std::filesystem::path& file) {
  std::istringstream in{read_text(file)};
  csv_table result;
  std::string line;
  std::getline(in, line);
  result.columns = split(line);
  while (std::getline(in, line)) {
    auto fields = split(line);
    auto& row = result.rows.emplace_back();
    for (size_t i = 0; i < result.columns.size(); ++i)
      row[result.columns[i]] = fields.at(i);
  }
  return result;
}

std::string csv_without(const std::filesystem::path& file,
                        const std::string& column) {
  auto table = read_csv(file);
  std::string result;
  for (const auto& name : table.columns)
    if (name != column)
      result += name + ",";
  for (const auto& row : table.rows) {
    result += "\n";
    for (const auto& name : table.columns)
      if (name != column)
        result += row.at(name) + ",";
  }
  return result;
}

} // namespace caps::test
