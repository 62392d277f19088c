#include <ATen/core/ivalue.h>
#include <torch/torch.h>

#include "tests/bench/torch_ring.hpp"

#include "models/threads.hpp"

#include <barrier>
#include <thread>
#include <vector>

namespace caps::bench {

namespace {

constexpr int64_t samples = 10'000;
constexpr int64_t batch = 32;
constexpr size_t nodes = 3;

struct lenet5_module : torch::nn::Module {
  lenet5_module()
    : conv1(register_module(
      "conv1",
      torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 6, 5).padding(2)))),
      conv2(register_module("conv2", torch::nn::Conv2d(6, 16, 5))),
      fc1(register_module("fc1", torch::nn::Linear(400, 120))),
      fc2(register_module("fc2", torch::nn::Linear(120, 84))),
      fc3(register_module("fc3", torch::nn::Linear(84, 10))) {}

  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(conv1(x)), 2);
    x = torch::max_pool2d(torch::relu(conv2(x)), 2);
    x = torch::relu(fc1(x.flatten(1)));
    return fc3(torch::relu(fc2(x)));
  }

  torch::nn::Conv2d conv1, conv2;
  torch::nn::Linear fc1, fc2, fc3;
};

struct ring_node {
  ring_node()
    : net(std::make_shared<lenet5_module>()),
      optimizer(net->parameters(),
                torch::optim::SGDOptions(0.01).momentum(0.9)),
      order(torch::randperm(samples)) {}

  std::shared_ptr<lenet5_module> net;
  torch::optim::SGD optimizer;
  torch::Tensor order;
};

class ring {
public:
  explicit ring(int threads)
    : pictures_(torch::randn({samples, 1, 28, 28})),
      labels_(torch::randint(10, {samples}, torch::kLong)), nodes_(nodes),
      threads_(threads) {}

  void run(int64_t batches) {
    std::barrier all{threads_, [this]() noexcept { average(); }};
    auto work = [&](size_t thread) {
      pin_math_to_one_thread();
      for (int64_t k = 0; k < batches; ++k) {
        for (auto i = thread; i < nodes; i += static_cast<size_t>(threads_))
          step(nodes_[i], k);
        all.arrive_and_wait();
      }
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < threads_; ++i)
      others.emplace_back(work, static_cast<size_t>(i));
    work(0);
  }

private:
  void step(ring_node& node, int64_t k) {
    auto first = k * batch % (samples - batch);
    auto indices = node.order.narrow(0, first, batch);
    node.optimizer.zero_grad();
    auto scores = node.net->forward(pictures_.index_select(0, indices));
    auto loss
      = torch::cross_entropy_loss(scores, labels_.index_select(0, indices));
    loss.backward();
    node.optimizer.step();
    loss_ = loss.item<float>();
  }

  void average() noexcept {
    torch::NoGradGuard guard;
    std::vector<std::vector<torch::Tensor>> all;
    for (auto& node : nodes_)
      all.push_back(node.net->parameters());
    for (size_t p = 0; p < all[0].size(); ++p) {
      auto mean = (all[0][p] + all[1][p] + all[2][p]) / 3;
      for (auto& parameters : all)
        parameters[p].copy_(mean);
    }
  }

  torch::Tensor pictures_, labels_;
  std::vector<ring_node> nodes_;
  int threads_;
  std::atomic<float> loss_ = 0;
};

} // namespace

std::function<void()> torch_ring(int64_t batches, int threads) {
  auto all = std::make_shared<ring>(threads);
  return [all, batches] { all->run(batches); };
}

} // namespace caps::bench
