#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace caps::test {

using bytes = std::vector<uint8_t>;

/// A folder that is gone when the test ends.
class temporary_folder {
public:
  temporary_folder() {
    auto pattern
      = (std::filesystem::temp_directory_path() / "caps_test_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }

  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  std::string path() const { return path_.string(); }

  std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

  /// Writes a file, making its folders, and returns its path.
  std::string write(const std::string& name, const bytes& content) const {
    auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out{path, std::ios::binary};
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
    return path.string();
  }

  std::string write_text(const std::string& name,
                         const std::string& text) const {
    return write(name, bytes{text.begin(), text.end()});
  }

private:
  std::filesystem::path path_;
};

/// Sets an environment variable (or takes it away) until the test ends.
class environment {
public:
  environment(std::string name, const std::optional<std::string>& value)
    : name_(std::move(name)) {
    if (auto before = std::getenv(name_.c_str()))
      before_ = before;
    set(value);
  }

  ~environment() { set(before_); }

  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

private:
  void set(const std::optional<std::string>& value) {
    if (value)
      setenv(name_.c_str(), value->c_str(), 1);
    else
      unsetenv(name_.c_str());
  }

  std::string name_;
  std::optional<std::string> before_;
};

/// The whole of a file; empty if it cannot be read.
inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Writes a whole file.
inline void write_text(const std::filesystem::path& path,
                       const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

} // namespace caps::test
