#include "tests/models/support/reference.hpp"

#include "models/consensus/averaging.hpp"
#include "models/consensus/c_admm.hpp"
#include "models/consensus/gossip.hpp"
#include "models/consensus/isvr.hpp"
#include "models/consensus/pdmm_sgd.hpp"
#include "models/optim/adam.hpp"
#include "models/optim/lars.hpp"
#include "models/optim/sgd.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <stdexcept>

namespace caps::test {

namespace {

at::Tensor to_tensor(const vector& x) {
  auto result = at::empty({static_cast<int64_t>(x.size())}, at::kDouble);
  std::copy(x.begin(), x.end(), result.data_ptr<double>());
  return result;
}

vector to_vector(const at::Tensor& x) {
  return {x.data_ptr<double>(), x.data_ptr<double>() + x.numel()};
}

/// What travels from one node to another.
struct message {
  at::Tensor parameters;
  at::Tensor dual;

  message copy() const { return {parameters.clone(), dual.clone()}; }
};

struct node {
  at::Tensor weights;
  at::Tensor gradient;
  std::unique_ptr<optimizer> local;
  at::Tensor multiplier;
  std::vector<int64_t> neighbours;
  // One element per neighbour:
  std::vector<message> received;
  std::vector<message> prepared;
  std::vector<at::Tensor> averages;
  /// Whose turn it is in files with an interval.
  size_t turn = 0;

  size_t slot_of(int64_t neighbour) const {
    auto i = std::find(neighbours.begin(), neighbours.end(), neighbour);
    if (i == neighbours.end())
      throw std::runtime_error("a swap without an edge");
    return static_cast<size_t>(i - neighbours.begin());
  }

  std::vector<at::Tensor> received_parameters() const {
    std::vector<at::Tensor> result;
    for (const auto& x : received)
      result.push_back(x.parameters);
    return result;
  }
};

bool is_optimizer(const reference& x) {
  return x.runs("lars") || x.runs("adam") || x.runs("sgd");
}

std::unique_ptr<optimizer> make_optimizer(const reference& x) {
  const auto& h = x.hyper;
  if (x.runs("lars"))
    return std::make_unique<lars>(lars_options{.learning_rate = h.learning_rate,
                                               .momentum = h.momentum,
                                               .weight_decay = h.weight_decay,
                                               .trust = h.trust},
                                  x.layout);
  if (x.runs("adam"))
    return std::make_unique<adam>(
      adam_options{.learning_rate = h.learning_rate,
                   .beta1 = h.beta1,
                   .beta2 = h.beta2,
                   .eps = h.eps,
                   .weight_decay = h.weight_decay,
                   .amsgrad = h.amsgrad,
                   .decoupled_decay = x.runs("adamw")},
      *x.layout);
  return std::make_unique<sgd>(sgd_options{.learning_rate = h.learning_rate,
                                           .momentum = h.momentum,
                                           .dampening = h.dampening,
                                           .weight_decay = h.weight_decay,
                                           .nesterov = h.nesterov},
                               *x.layout);
}

node make_node(const reference& x, size_t i) {
  node result;
  result.weights = to_tensor(x.start[i]);
  result.gradient = at::zeros_like(result.weights);
  result.multiplier = at::zeros_like(result.weights);
  result.local = make_optimizer(x);
  result.neighbours = x.neighbours[i];
  message initial{result.weights, at::zeros_like(result.weights)};
  for (size_t j = 0; j < result.neighbours.size(); ++j) {
    result.received.push_back(initial.copy());
    result.prepared.push_back(initial.copy());
    result.averages.push_back(result.weights.clone());
  }
  return result;
}

void compute_gradient(const least_squares& loss, const at::Tensor& weights,
                      at::Tensor& gradient) {
  gradient.zero_();
  auto w = weights.data_ptr<double>();
  auto g = gradient.data_ptr<double>();
  for (size_t r = 0; r < loss.a.size(); ++r) {
    auto residual = -loss.b[r];
    for (size_t i = 0; i < loss.a[r].size(); ++i)
      residual += loss.a[r][i] * w[i];
    for (size_t i = 0; i < loss.a[r].size(); ++i)
      g[i] += residual * loss.a[r][i];
  }
}

/// Steps with one of the four rules that have a dual per edge.
template <class Sign, class Rule>
void dual_step_of(node& self, int64_t id, Sign sign, Rule rule) {
  std::vector<dual_edge> edges;
  for (size_t j = 0; j < self.neighbours.size(); ++j)
    edges.push_back({.sign = sign(id, self.neighbours[j]),
                     .received = self.received[j].dual,
                     .average = self.averages[j],
                     .parameters = self.received[j].parameters,
                     .prepared = self.prepared[j].dual});
  rule(edges);
  for (auto& x : self.prepared)
    x.parameters = self.weights.clone();
}

void local_step(const reference& x, node& self, int64_t id) {
  auto& w = self.weights;
  const auto& g = self.gradient;
  const auto& h = x.hyper;
  auto received = self.received_parameters();
  auto pdmm = pdmm_sgd_options{.mu = h.mu, .eta = h.eta, .rho = h.rho};
  auto isvr = isvr_options{
    .piw = h.piw, .steps_per_round = x.round, .use_gcoef = h.use_gcoef};
  if (is_optimizer(x)) {
    self.local->step(w, g, w);
  } else if (x.runs("dsgd")) {
    self.local->step(w, g, w);
    average_uniformly(w, received, w);
    for (auto& y : self.prepared)
      y.parameters = w.clone();
  } else if (x.runs("gossip_sgd")) {
    self.local->step(w, g, w);
    std::vector<at::Tensor> sent;
    for (auto& y : self.prepared)
      sent.push_back(y.parameters);
    gossip(w, received, sent, w);
  } else if (x.runs("c_admm")) {
    c_admm({.rho = h.rho, .mu = h.mu}, w, g, received, self.multiplier, w);
    for (auto& y : self.prepared)
      y.parameters = w.clone();
  } else if (x.runs("pdmm_sgd")) {
    dual_step_of(self, id, pdmm_sgd_sign, [&](const auto& edges) {
      pdmm_sgd(pdmm, 1 / h.mu, *x.layout, w, g, edges, w);
    });
  } else if (x.runs("admm_sgd")) {
    dual_step_of(self, id, pdmm_sgd_sign, [&](const auto& edges) {
      admm_sgd(pdmm, 1 / h.mu, *x.layout, w, g, edges, w);
    });
  } else if (x.runs("pdmm_isvr")) {
    dual_step_of(self, id, isvr_sign, [&](const auto& edges) {
      pdmm_isvr(isvr, h.learning_rate, w, g, edges, w);
    });
  } else if (x.runs("admm_isvr")) {
    dual_step_of(self, id, isvr_sign, [&](const auto& edges) {
      admm_isvr(isvr, h.learning_rate, w, g, edges, w);
    });
  } else {
    throw std::runtime_error(x.name + ": unknown protocol " + x.protocol);
  }
}

void swap_messages(std::vector<node>& nodes, int64_t i, int64_t j) {
  auto& a = nodes.at(static_cast<size_t>(i));
  auto& b = nodes.at(static_cast<size_t>(j));
  auto at_a = a.slot_of(j);
  auto at_b = b.slot_of(i);
  a.received[at_a] = b.prepared[at_b].copy();
  b.received[at_b] = a.prepared[at_a].copy();
}

void swap_all(const reference& x, std::vector<node>& nodes, int64_t step) {
  for (auto [i, j, c] : x.initiates)
    if (step % x.round == c)
      swap_messages(nodes, i, j);
  if (x.interval == 0 || (step + 1) % x.interval != 0)
    return;
  for (size_t i = 0; i < nodes.size(); ++i) {
    auto& self = nodes[i];
    swap_messages(nodes, static_cast<int64_t>(i), self.neighbours[self.turn]);
    self.turn = (self.turn + 1) % self.neighbours.size();
  }
}

std::vector<vector> all_weights(const std::vector<node>& nodes) {
  std::vector<vector> result;
  for (const auto& x : nodes)
    result.push_back(to_vector(x.weights));
  return result;
}

} // namespace

void simulate(
  const reference& x, int64_t steps,
  const std::function<void(int64_t, const std::vector<vector>&)>& after_step) {
  std::vector<node> nodes;
  for (size_t i = 0; i < x.nodes; ++i)
    nodes.push_back(make_node(x, i));
  after_step(0, all_weights(nodes));
  for (int64_t step = 0; step < steps; ++step) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      compute_gradient(x.losses[i], nodes[i].weights, nodes[i].gradient);
      local_step(x, nodes[i], static_cast<int64_t>(i));
    }
    swap_all(x, nodes, step);
    after_step(step + 1, all_weights(nodes));
  }
}

} // namespace caps::test
