#include "runtime/run/observation_log.hpp"

#include "actors/node/sent_state.hpp"
#include "actors/observation/row_state.hpp"
#include "models/state_values.hpp"

#include <array>
#include <concepts>

namespace caps {

namespace {

template <class T>
concept row = std::same_as<T, metrics_row> || std::same_as<
  T, edge_row> || std::same_as<T, round_row>;

/// An alternative of a variant by its number; throws `input_error` for a number
/// that it has not.
template <class... Ts>
void set_alternative(std::variant<Ts...>& x, size_t number) {
  if (number >= sizeof...(Ts))
    throw input_error("the state 'kind' is out of its range: "
                      + std::to_string(number));
  using maker = std::variant<Ts...> (*)();
  static constexpr std::array<maker, sizeof...(Ts)> make{
    [] { return std::variant<Ts...>{Ts{}}; }...};
  x = make[number]();
}

} // namespace

void observation_log::visit_state(state_visitor& visitor,
                                  caf::actor_system& system) {
  visit_list(visitor, "observations", kept_, metrics_row{},
             [&](const std::string& name, observation& x) {
               visitor.enter(name);
               auto kind = x.index();
               visit_value(visitor, "kind", kind);
               if (kind != x.index())
                 set_alternative(x, kind);
               std::visit(
                 [&]<class T>(T& content) {
                   if constexpr (row<T>)
                     visit_value(visitor, "content", content);
                   else if constexpr (std::same_as<T, loss>)
                     visit_as_sent(system, visitor, "content", content.what);
                   else
                     visit_as_sent(system, visitor, "content", content);
                 },
                 x);
               visitor.leave();
             });
}

void observation_log::report() const {
  struct reporter {
    run_observer& to;
    void operator()(const metrics_row& x) { to.on_row(x); }
    void operator()(const edge_row& x) { to.on_edge(x); }
    void operator()(const round_row& x) { to.on_round(x); }
    void operator()(const node_event& x) { to.on_event(x); }
    void operator()(const node_metrics& x) { to.on_metrics(x); }
    void operator()(const node_snapshot& x) { to.on_snapshot(x); }
    void operator()(const loss& x) { to.on_lost(x.what); }
  };
  for (const auto& x : kept_)
    std::visit(reporter{next_}, x);
}

void observation_log::on_row(const metrics_row& x) {
  keep(x);
  next_.on_row(x);
}

void observation_log::on_edge(const edge_row& x) {
  keep(x);
  next_.on_edge(x);
}

void observation_log::on_round(const round_row& x) {
  keep(x);
  next_.on_round(x);
}

void observation_log::on_event(const node_event& x) {
  keep(x);
  next_.on_event(x);
}

void observation_log::on_lost(const node_event& x) {
  keep(loss{x});
  next_.on_lost(x);
}

void observation_log::on_metrics(const node_metrics& x) {
  keep(x);
  next_.on_metrics(x);
}

void observation_log::on_snapshot(const node_snapshot& x) {
  // Others are looked at as they come, and not again.
  if (x.final)
    keep(x);
  next_.on_snapshot(x);
}

} // namespace caps
