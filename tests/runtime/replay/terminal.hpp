#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace caps::test {

/// A process of its own at a terminal of its own, which a test types on.
class terminal {
public:
  /// Runs `program` there, in a copy of this process; its result is the exit
  /// code.
  explicit terminal(const std::function<int()>& program);
  ~terminal();

  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  void type(std::string_view keys);

  /// Reads until `text` is on the screen; false if it does not come within
  /// ten seconds. What was read before is not looked at again.
  bool shows(std::string_view text);

  /// All that was ever on the screen.
  const std::string& screen() const noexcept { return screen_; }

  /// Waits for the end, pressing `key` every now and then; the exit code, or -1
  /// for a process that did not end by itself.
  int leave(std::string_view key);

private:
  bool read_some();

  pid_t process_ = -1;
  int screen_descriptor_ = -1;
  std::string screen_;
  size_t looked_at_ = 0;
};

} // namespace caps::test
