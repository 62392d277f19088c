#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace caps {

namespace {

/// A TOML float always shows that it is one.
std::string real_text(double x) {
  if (std::isinf(x))
    return x > 0 ? "inf" : "-inf";
  auto text = to_text(x);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

class table_writer final : public option_visitor {
public:
  explicit table_writer(std::string& out) : out_(out) {}

  void boolean(std::string_view name, bool& value, std::string_view) override {
    line(name, value ? "true" : "false");
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>&, std::string_view) override {
    line(name, std::to_string(value));
  }

  void real(std::string_view name, double& value, const interval<double>&,
            std::string_view) override {
    line(name, real_text(value));
  }

  void text(std::string_view name, std::string& value,
            std::string_view) override {
    line(name, toml_string(value));
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>&, std::string_view) override {
    line(name, toml_string(value));
  }

  void time(std::string_view name, duration& value, std::string_view) override {
    line(name, toml_string(to_text(value)));
  }

  void integers(std::string_view name, std::vector<int64_t>& value,
                const interval<int64_t>&, std::string_view) override {
    line(name, fmt::format("[{}]", fmt::join(value, ", ")));
  }

  void reals(std::string_view name, std::vector<double>& value,
             const interval<double>&, std::string_view) override {
    std::vector<std::string> words;
    for (auto x : value)
      words.push_back(real_text(x));
    line(name, fmt::format("[{}]", fmt::join(words, ", ")));
  }

  void texts(std::string_view name, std::vector<std::string>& value,
             std::string_view) override {
    std::vector<std::string> words;
    for (const auto& x : value)
      words.push_back(toml_string(x));
    line(name, fmt::format("[{}]", fmt::join(words, ", ")));
  }

private:
  void line(std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out_), "{} = {}\n", name, value);
  }

  std::string& out_;
};

class scenario_writer final : public scenario_visitor {
public:
  void table(std::string_view name, std::string_view,
             const body& options) override {
    if (!name.empty())
      fmt::format_to(std::back_inserter(out), "\n[{}]\n", name);
    table_writer writer{out};
    options(writer);
  }

  void tables(std::string_view name, std::string_view, size_t size,
              const std::function<void(size_t)>&,
              const std::function<void(size_t, option_visitor&)>& entry)
    override {
    table_writer writer{out};
    for (size_t i = 0; i < size; ++i) {
      fmt::format_to(std::back_inserter(out), "\n[[{}]]\n", name);
      entry(i, writer);
    }
  }

  std::string out;
};

} // namespace

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + "\"";
}

std::string to_toml(scenario& x) {
  scenario_writer writer;
  x.visit(writer);
  return std::move(writer.out);
}

} // namespace caps
