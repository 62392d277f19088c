#pragma once

#include "actors/protocols/partner.hpp"
#include "actors/protocols/serving_options.hpp"
#include "messages/compressed.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// What protocols with parameter servers have in common at the server: knows
/// of each worker whether it owes a gradient, since when, and whether it is
/// still there. Every worker that owes one longer than `swaps.timeout` is
/// lost: the run goes on without it as long as `min_workers` are left. A lost
/// worker that is heard again takes part again.
///
/// Parameters are lent, never written to once they were sent, so what a worker
/// pulls is one version of them, whole. With several servers that holds for
/// each part; parts may then be of different versions if updates are
/// asynchronous.
class parameter_server : public protocol {
public:
  caf::behavior behavior() override;
  std::vector<waiting> waits() const override;
  std::vector<metric_value> metrics() override;
  bool neighbours_changed(const edge_changes& x) override;

  /// Shows what all such servers remember. A derived class overrides it and
  /// calls it first.
  bool visit_state(state_visitor& visitor) override;

protected:
  struct client {
    explicit client(node_id worker) : from(worker) {}

    partner from;
    /// No answer in time, or gone for good.
    bool lost = false;
    /// Its last gradient was answered.
    bool done = false;
    /// Set while a gradient of this worker is under way.
    std::optional<node_context::duration> owes_since;
    /// The number of its newest gradient.
    int64_t newest_step = -1;
    at::Tensor buffers;
    /// Null if the worker is sent all parameters every time.
    std::unique_ptr<reducer> reduction{};
    /// The version it was sent last.
    std::optional<uint64_t> sent{};
  };

  parameter_server(node_context& context, const serving_options& options);

  node_context& context() noexcept { return context_; }
  std::vector<client>& clients() noexcept { return clients_; }
  const std::vector<client>& clients() const noexcept { return clients_; }

  /// Sends the newest parameters to a worker, which owes a gradient from then
  /// on unless it was its last one. All of them if the worker may not have
  /// received what it was sent before.
  void answer(client& to, bool all = false);

  /// The newest parameters as the worker knows them once it is answered: with
  /// `compress_pulls` parts of them are older. Nobody writes to them.
  at::Tensor as_known_to(const client& x);

  /// Makes a new version of the parameters with `gradient`, at `rate_factor`
  /// times the learning rate. Returns false if it was the last of the run and
  /// all workers have been told so.
  [[nodiscard]] bool update(const at::Tensor& gradient, double rate_factor = 1);

  /// Ends the run although updates are left, since no worker is.
  void finish();

  // -- what makes a protocol --------------------------------------------------

  /// Takes a new gradient of a worker.
  virtual void take(client& from, const gradient& x, at::Tensor values) = 0;

  /// The newest parameters are on their way to a worker.
  virtual void answered(client&) {}

  /// Goes on without a worker.
  virtual void go_on_without(client&) {}

private:
  void start();
  void count_workers();
  client* find(node_id worker);
  client* hear(const message_stamp& stamp);
  void receive(const pull& x);
  void receive(const gradient& x, const std::function<at::Tensor()>& values);
  at::Tensor decompressed(const compressed_payload& x);
  void look_for_the_lost();
  void lose(client& x, const std::string& why, error_code code);
  void tell_that_it_is_over();

  node_context& context_;
  bool all_must_stay_;
  int64_t min_workers_;
  bool over_ = false;
  std::vector<client> clients_;
  /// Of the last update, for its norm.
  at::Tensor last_gradient_;
};

} // namespace caps
