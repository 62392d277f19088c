#include "runtime/storm/fault_draw.hpp"

#include "models/random_stream.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>

namespace caps {

namespace {

/// Times are drawn within these shares of the run without faults.
constexpr double last_begin = 0.5, longest = 0.3;

constexpr uint64_t most_faults = 6;

class drawer {
public:
  drawer(const storm_ground& ground, uint64_t seed)
    : ground_(ground), stream_(seed, -1, "storm") {}

  std::vector<std::string> draw() {
    std::vector<std::string> result(1 + stream_.below(most_faults));
    for (auto& x : result)
      x = draw_one();
    return result;
  }

private:
  std::string draw_one() {
    constexpr std::array<std::string_view, 7> kinds{
      "restart", "pause", "partition", "link", "crash", "leave", "join"};
    auto kind = kinds[stream_.below(kinds.size())];
    auto at = time(last_begin);
    if (kind == "link" && !ground_.edges.empty()) {
      auto [a, b] = ground_.edges[stream_.below(ground_.edges.size())];
      return fmt::format(
        R"({{kind="partition", link=[{}, {}], at="{}", for="{}"}})", a, b, at,
        time(longest));
    }
    if (kind == "partition")
      return fmt::format(
        R"({{kind="partition", nodes=[{}], at="{}", for="{}"}})",
        fmt::join(some_nodes(), ", "), at, time(longest));
    auto for_good = kind == "crash" || kind == "leave" || kind == "join";
    if (for_good && ++gone_ <= ground_.nodes / 2)
      return fmt::format(R"({{kind="{}", node={}, at="{}"}})", kind, node(),
                         at);
    return fmt::format(R"({{kind="{}", node={}, at="{}", for="{}"}})",
                       kind == "pause" ? kind : "restart", node(), at,
                       time(longest));
  }

  uint64_t node() {
    return stream_.below(static_cast<uint64_t>(ground_.nodes));
  }

  /// At least one, and not all.
  std::vector<int64_t> some_nodes() {
    std::vector<int64_t> all(static_cast<size_t>(ground_.nodes));
    std::iota(all.begin(), all.end(), int64_t{0});
    stream_.shuffle(std::span{all});
    all.resize(ground_.nodes == 1 ? 1 : 1 + stream_.below(all.size() - 1));
    return all;
  }

  /// At least a microsecond.
  std::string time(double share) {
    auto most
      = share
        * std::chrono::duration<double, std::micro>{ground_.duration}.count();
    return fmt::format("{}us", 1 + std::llround(stream_.uniform() * most));
  }

  const storm_ground& ground_;
  random_stream stream_;
  /// Nodes that are not there all the time.
  int64_t gone_ = 0;
};

} // namespace

std::vector<std::string> draw_faults(const storm_ground& ground,
                                     uint64_t seed) {
  return drawer{ground, seed}.draw();
}

} // namespace caps
