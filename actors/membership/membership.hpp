#pragma once

#include "actors/membership/fault_schedule.hpp"
#include "actors/membership/view_graph.hpp"
#include "actors/observation/run_observer.hpp"
#include "messages/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// Who takes part in a run, and what befalls them.
struct membership_rules {
  full_graph graph;
  std::vector<fault> faults;
  /// Nodes that join later.
  std::set<node_id> absent;
  /// How long a node may be silent before it is taken for gone.
  std::chrono::nanoseconds deadline = std::chrono::seconds{1};
  /// Whether that is a default, in place of which whoever knows better decides.
  bool adapts = false;
  /// With fewer nodes that train the run ends.
  int64_t min_nodes = 1;
};

struct membership_config {
  std::shared_ptr<const membership_rules> rules;
  uint64_t seed = 0;
  /// All nodes, by id.
  std::vector<acquaintance> nodes;
  /// The parameter servers among them.
  std::set<node_id> servers;
  /// Whether nodes wait for each other, and so must agree on the update at
  /// which a view begins.
  bool waits = false;
  /// How long nodes may take to answer, if not as long as they may be silent:
  /// where others notice who is gone.
  std::optional<std::chrono::nanoseconds> patience{};
  /// Is told who is away when they cannot do so themselves.
  caf::actor evaluator{};
  /// Outlives the membership.
  run_observer* observer = nullptr;
};

/// How it stands with a node.
enum class standing : uint8_t {
  /// Takes part.
  member,
  /// Takes part in the last view, and waits for the state of its donor.
  beginning,
  /// Not there; may come back.
  away,
  /// Is there again and asks to take part.
  returning,
  /// Takes part until the next view begins.
  leaving,
  /// Has made its last step, or has left.
  finished,
  /// Is there no more.
  gone,
};

struct membership_state {
  static inline const char* name = "membership";

  explicit membership_state(membership_actor::pointer itself) : self(itself) {}

  using duration = std::chrono::nanoseconds;

  /// Nodes that cannot be reached from the others, or the ends of an edge.
  struct partition {
    std::vector<node_id> nodes;
    std::optional<std::pair<node_id, node_id>> edge;
    /// Whether it was noticed, so that views know of it.
    bool noticed = false;

    bool parts(node_id a, node_id b) const;
  };

  /// A node whose process is gone.
  struct unreachable_node {
    /// How that ended.
    std::string text;
    /// Whether the node wants to be back as soon as it can be reached.
    bool returns = false;
  };

  void begin(membership_config wanted);
  /// The coordinator has started the run.
  void start(caf::actor head);
  void tick();

  // -- faults -----------------------------------------------------------------

  void befall(const fault& x);
  void befall(const fault& x, node_id node);
  void part(const fault& x);
  void join_parts(int64_t number);
  /// Tells all nodes whom they can reach no more, or can again.
  void tell_of(const partition& x, bool parted);

  // -- who takes part ---------------------------------------------------------

  void lose(node_id id, standing to, const std::string& why);
  /// The same for all nodes of a process, which have lost everything.
  void lose(const process_gone& x);
  void let_return(const process_returned& x);
  void lose_silent(node_id id);
  void let_return(node_id id);
  void give_up_on_all();
  /// Ends nodes that cannot do so themselves.
  void bury(node_id id, const std::string& text);
  /// The run is to end.
  void stop();
  bool has_enough();
  void fail(node_id id, const std::string& text);
  std::set<node_id> living() const;

  // -- agreement --------------------------------------------------------------

  /// Something has changed: all are asked how far they may get without a view.
  void change(const std::string& cause);
  void propose();
  void take(const view_bound& x);
  void commit();
  bool parted(node_id a, node_id b) const;
  node_id donor_of(node_id id) const;
  void let_begin();
  bool begins(node_id id) const;
  node_view view_of(node_id id, const std::vector<node_id>& living,
                    const node_edges& before) const;

  /// Runs `f` once, `delay` after now.
  void later(duration delay, std::function<void()> f);
  void arm();
  duration now() const;
  const caf::actor& handle_of(node_id id) const;

  membership_actor::pointer self;
  membership_config config;
  caf::actor coordinator;
  std::optional<fault_schedule> faults;
  std::vector<standing> nodes;
  std::vector<node_edges> edges;
  /// Who is new in the view of this number, or was the last time.
  std::map<node_id, int64_t> began;
  /// Who sends its state to those who begin.
  std::map<node_id, node_id> donors;
  std::set<node_id> paused;
  /// Those taken for gone, who may not know.
  std::set<node_id> unaware;
  /// Those whose process is gone.
  std::map<node_id, unreachable_node> unreachable;
  std::map<int64_t, partition> partitions;
  int64_t next_partition = 0;

  /// The last view.
  int64_t number = 0;
  int64_t from_step = 0;
  /// What has changed since, and when the first of it happened.
  std::vector<std::string> causes;
  duration caused{0};
  /// Whether a proposal is under way, who has not answered it, and what the
  /// others said.
  bool proposing = false;
  int64_t attempt = 0;
  std::set<node_id> awaited;
  int64_t bound = 0;

  duration started{0};
  std::multimap<duration, std::function<void()>> agenda;
  std::optional<duration> armed;
  bool over = false;
};

/// Has faults befall the nodes of a run, notices who is gone or back, and
/// brings all who live from one view to the next:
///
///   something changes ──> proposal to all who live ──> each: "I begin no
///   update after b without you" ──> the view, from the step after the largest
///   b on: all enter it after the same number of updates
///
/// Where nobody waits for anybody, a view holds wherever a node is when it
/// hears of it.
membership_actor::behavior_type
membership(membership_actor::stateful_pointer<membership_state> self,
           membership_config config);

} // namespace caps
