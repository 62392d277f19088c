#pragma once

#include "runtime/run_file/node_states.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <map>
#include <optional>

namespace caps {

/// The states of nodes as the snapshots of a recording have them: parameters
/// and buffers, every now and then. Each snapshot is checked against its
/// checksum before it is shown.
class snapshot_states final : public node_states {
public:
  explicit snapshot_states(recording_file& file);

  std::optional<node_state> find(state_kind kind, int64_t node,
                                 int64_t position) override;

private:
  struct entry {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset = 0;
    int64_t numel = 0;
  };

  void read_layout();
  std::optional<int64_t> last_write(int64_t node, int64_t position);
  int64_t first_element(int64_t node);
  void cut(const std::vector<double>& values, const std::vector<entry>& layout,
           int64_t first, node_state& to) const;

  recording_file& file_;
  std::vector<entry> parameters_;
  std::vector<entry> buffers_;
};

} // namespace caps
