#include "models/consensus/averaging.hpp"

#include "models/consensus/linear_sum.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>
#include <vector>

namespace caps {

void average(const at::Tensor& weights, double self_weight,
             std::span<const at::Tensor> received,
             std::span<const double> neighbour_weights,
             const at::Tensor& next) {
  if (received.size() != neighbour_weights.size())
    throw error(fmt::format("averaging got {} vectors but {} weights",
                            received.size(), neighbour_weights.size()));
  flat_view target{next};
  std::vector<linear_term> terms{{self_weight, weights}};
  for (size_t j = 0; j < received.size(); ++j)
    terms.push_back({neighbour_weights[j], received[j]});
  for_each_block(
    target, [&](element_range block) { linear_sum(block, target, terms); });
}

void average_uniformly(const at::Tensor& weights,
                       std::span<const at::Tensor> received,
                       const at::Tensor& next) {
  auto share = 1.0 / static_cast<double>(received.size() + 1);
  std::vector<double> shares(received.size(), share);
  average(weights, share, received, shares, next);
}

void average_fresh(const at::Tensor& weights,
                   std::span<const at::Tensor> received,
                   const std::vector<bool>& fresh,
                   std::span<const double> neighbour_weights,
                   const at::Tensor& next) {
  auto shares = fresh_of(neighbour_weights, fresh);
  auto given = std::accumulate(shares.begin(), shares.end(), 0.);
  average(weights, 1 - given, fresh_of(received, fresh), shares, next);
}

void average_masses(const at::Tensor& weights, double mass,
                    std::span<const at::Tensor> received,
                    const std::vector<bool>& fresh,
                    std::span<const double> masses, const at::Tensor& next) {
  auto heard = fresh_of(masses, fresh);
  auto all = std::accumulate(heard.begin(), heard.end(), mass);
  std::vector<double> shares;
  for (auto x : masses)
    shares.push_back(x / all);
  average_fresh(weights, received, fresh, shares, next);
}

void average_known(std::vector<at::Tensor> vectors, flat_buffer& mean) {
  std::erase_if(vectors, [](const at::Tensor& x) { return !x.defined(); });
  if (vectors.empty())
    return;
  auto next = mean.target();
  average_uniformly(vectors.front(), std::span{vectors}.subspan(1), next);
  mean.commit(std::move(next));
}

} // namespace caps
