#pragma once

#include <string>
#include <vector>

namespace caps::test {

/// A network of this test's own: namespaces on a bridge, with the addresses
/// 10.77.0.1, 10.77.0.2 and so on. Gone when the object is.
class network {
public:
  /// Whether this system lets a test make one.
  static bool allowed();

  explicit network(size_t hosts);
  ~network();

  network(const network&) = delete;
  network& operator=(const network&) = delete;

  static std::string address(size_t host);

  /// What comes before a command to run it on a host.
  std::vector<std::string> on(size_t host) const;

  /// Lets a host send no faster than this (of `tc`: "100mbit").
  void limit(size_t host, const std::string& rate) const;

  /// Cuts the cable of a host, and mends it: what is sent is lost, which nobody
  /// is told.
  void cut(size_t host) const;
  void mend(size_t host) const;

private:
  std::string name(const std::string& what) const;

  size_t hosts_;
};

} // namespace caps::test
