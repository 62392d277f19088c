#include "models/evaluation.hpp"

#include "models/errors.hpp"
#include "models/parameter_vector.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/sum.h>

#include <algorithm>

namespace caps {

std::vector<std::span<const int64_t>>
evaluation_chunks(std::span<const int64_t> indices, int64_t size) {
  std::vector<std::span<const int64_t>> result;
  auto step = static_cast<size_t>(size);
  for (size_t first = 0; first < indices.size(); first += step)
    result.push_back(
      indices.subspan(first, std::min(step, indices.size() - first)));
  return result;
}

evaluation_sum evaluate_chunk(const net& model, const at::Tensor& weights,
                              const at::Tensor& buffers, const dataset& data,
                              std::span<const int64_t> indices) {
  evaluation_sum result;
  if (indices.empty())
    return result;
  at::NoGradGuard no_grad;
  auto samples = data.gather(indices, weights.scalar_type());
  auto target = samples.target.to(weights.device());
  auto parameters = parameter_views(model.layout(), weights);
  auto statistics = buffer_views(model.layout(), buffers);
  auto output = model.forward({parameters, statistics, false, {}},
                              samples.input.to(weights.device()));
  result.count = static_cast<int64_t>(indices.size());
  result.loss = model.loss(output, target).item().toDouble();
  if (!model.sums_loss())
    result.loss *= static_cast<double>(result.count);
  if (!data.labels().empty())
    result.correct = at::eq(output.argmax(1), target).sum().item().toLong();
  return result;
}

evaluation_sum combine(std::span<const evaluation_sum> sums) {
  evaluation_sum result;
  for (const auto& sum : sums) {
    result.loss += sum.loss;
    result.correct += sum.correct;
    result.count += sum.count;
  }
  return result;
}

evaluation to_evaluation(const evaluation_sum& sum, const data_shape& shape) {
  if (sum.count == 0)
    throw input_error("an evaluation over no samples has no result");
  auto count = static_cast<double>(sum.count);
  evaluation result;
  result.loss = sum.loss / count;
  if (shape.classes > 0)
    result.accuracy = static_cast<double>(sum.correct) / count;
  return result;
}

evaluation evaluate(const net& model, const at::Tensor& weights,
                    const at::Tensor& buffers, const dataset& data,
                    std::span<const int64_t> indices, int64_t chunk_size) {
  std::vector<evaluation_sum> sums;
  for (auto chunk : evaluation_chunks(indices, chunk_size))
    sums.push_back(evaluate_chunk(model, weights, buffers, data, chunk));
  return to_evaluation(combine(sums), data.shape());
}

} // namespace caps
