#pragma once

#include "models/errors.hpp"
#include "models/rule_values.hpp"
#include "models/vector_loop.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>

/// Update rules are bound by memory traffic, not by arithmetic: a chain of
/// tensor operations reads and writes each vector once per operation, a fused
/// pass once in all. A rule is written once, as a generic function of single
/// elements; float and double in host memory run it in one vectorized loop,
/// and anything else (another device, half precision) runs the same rule with
/// whole tensors in place of elements.
namespace caps {

/// A flat tensor made ready for passes. Borrows the tensor, which must
/// outlive it.
class flat_view {
public:
  /// Throws `error` unless `x` is 1-D and contiguous.
  // NOLINTNEXTLINE(google-explicit-constructor): stands for the tensor.
  flat_view(const at::Tensor& x);

  int64_t numel() const noexcept { return numel_; }
  const at::Tensor& tensor() const noexcept { return *tensor_; }

  /// Whether both have the same length and dtype and lie on the same device.
  bool alike(const flat_view& other) const noexcept {
    return numel_ == other.numel_ && dtype_ == other.dtype_
           && device_ == other.device_;
  }

  /// Whether rules run element by element: float or double in host memory.
  bool element_wise() const noexcept {
    return elements<float>() != nullptr || elements<double>() != nullptr;
  }

  /// The elements if they are of type `T` and in host memory, else nullptr.
  /// Whoever writes to them says so (`fused::mark_written`).
  template <class T>
  T* elements() const noexcept {
    return dtype_ == c10::CppTypeToScalarType<T>::value
             ? static_cast<T*>(elements_)
             : nullptr;
  }

private:
  const at::Tensor* tensor_;
  int64_t numel_;
  at::ScalarType dtype_;
  at::Device device_;
  void* elements_;
};

/// The vectors a pass writes.
template <class... Tensors>
std::array<flat_view, sizeof...(Tensors)> into(const Tensors&... xs) {
  return {flat_view{xs}...};
}

/// The vectors a pass reads.
template <class... Tensors>
std::array<flat_view, sizeof...(Tensors)> from(const Tensors&... xs) {
  return {flat_view{xs}...};
}

namespace fused {

/// Throws `error` unless the vectors are like `first` and hold `range`.
void check(element_range range, const flat_view& first, const flat_view* begin,
           const flat_view* end);

/// Raises the tensor's version, as a tensor operation in place would: how
/// autograd and LARS notice that it is not what it was.
inline void mark_written(const flat_view& x) {
  x.tensor().unsafeGetTensorImpl()->bump_version();
}

/// Element i of the outputs from element i of the inputs, as a function of i.
template <class T, size_t Outs, size_t Ins, class Rule, size_t... Out,
          size_t... In>
auto element_rule(element_range range, const std::array<flat_view, Outs>& outs,
                  const std::array<flat_view, Ins>& ins, const Rule& rule,
                  std::index_sequence<Out...>, std::index_sequence<In...>) {
  std::array<T*, Outs> out{
    (outs[Out].template elements<T>() + range.offset)...};
  std::array<const T*, Ins> in{
    (ins[In].template elements<T>() + range.offset)...};
  return [=](int64_t i) {
    if constexpr (Outs == 1) {
      out[0][i] = rule(in[In][i]...);
    } else {
      auto results = rule(in[In][i]...);
      ((out[Out][i] = std::get<Out>(results)), ...);
    }
  };
}

/// Runs the rule element by element.
template <class T, size_t Outs, size_t Ins, class Rule>
void run_elements(element_range range, const std::array<flat_view, Outs>& outs,
                  const std::array<flat_view, Ins>& ins, const Rule& rule) {
  loop(range,
       element_rule<T>(range, outs, ins, rule, std::make_index_sequence<Outs>{},
                       std::make_index_sequence<Ins>{}));
  for (const auto& x : outs)
    mark_written(x);
}

inline at::Tensor part_of(const flat_view& x, element_range range) {
  return x.tensor().narrow(0, range.offset, range.numel);
}

/// Runs the rule as tensor operations.
template <size_t Outs, size_t Ins, class Rule, size_t... Out, size_t... In>
void run_tensors(element_range range, const std::array<flat_view, Outs>& outs,
                 const std::array<flat_view, Ins>& ins, const Rule& rule,
                 std::index_sequence<Out...>, std::index_sequence<In...>) {
  at::NoGradGuard no_grad;
  if constexpr (Outs == 1) {
    part_of(outs[0], range)
      .copy_(rule(whole_tensor{part_of(ins[In], range)}...).value);
  } else {
    auto results = rule(whole_tensor{part_of(ins[In], range)}...);
    (part_of(outs[Out], range).copy_(std::get<Out>(results).value), ...);
  }
}

/// The same for a rule that also says whether an element counts.
template <class T, size_t Outs, size_t Ins, class Rule, size_t... Out,
          size_t... In>
auto counting_rule(const std::array<flat_view, Outs>& outs,
                   const std::array<flat_view, Ins>& ins, const Rule& rule,
                   std::index_sequence<Out...>, std::index_sequence<In...>) {
  std::array<T*, Outs> out{outs[Out].template elements<T>()...};
  std::array<const T*, Ins> in{ins[In].template elements<T>()...};
  return [=](int64_t i) {
    if constexpr (Outs == 0) {
      return rule(in[In][i]...);
    } else {
      auto results = rule(in[In][i]...);
      ((out[Out][i] = std::get<Out>(results)), ...);
      return std::get<Outs>(results);
    }
  };
}

/// Runs the rule and counts with tensor operations.
template <size_t Outs, size_t Ins, class Rule, size_t... Out, size_t... In>
int64_t count_tensors(element_range range,
                      const std::array<flat_view, Outs>& outs,
                      const std::array<flat_view, Ins>& ins, const Rule& rule,
                      std::index_sequence<Out...>, std::index_sequence<In...>) {
  at::NoGradGuard no_grad;
  whole_tensor counted;
  if constexpr (Outs == 0) {
    counted = rule(whole_tensor{part_of(ins[In], range)}...);
  } else {
    auto results = rule(whole_tensor{part_of(ins[In], range)}...);
    (part_of(outs[Out], range).copy_(std::get<Out>(results).value), ...);
    counted = std::get<Outs>(results);
  }
  return counted.value.sum().template item<int64_t>();
}

} // namespace fused

/// Sets element i of the vectors `outs` to `rule(ins[i]...)` for every i of
/// `range`. The rule returns a value for one output, a tuple for several. An
/// output may be the same tensor as an input, but must not overlap it in any
/// other way. Throws `error` if the vectors do not fit together.
template <size_t Outs, size_t Ins, class Rule>
void fused_pass(element_range range, const std::array<flat_view, Outs>& outs,
                const std::array<flat_view, Ins>& ins, const Rule& rule) {
  fused::check(range, outs[0], outs.data(), outs.data() + Outs);
  fused::check(range, outs[0], ins.data(), ins.data() + Ins);
  if (outs[0].template elements<float>() != nullptr)
    fused::run_elements<float>(range, outs, ins, rule);
  else if (outs[0].template elements<double>() != nullptr)
    fused::run_elements<double>(range, outs, ins, rule);
  else
    fused::run_tensors(range, outs, ins, rule, std::make_index_sequence<Outs>{},
                       std::make_index_sequence<Ins>{});
}

/// The same for whole vectors.
template <size_t Outs, size_t Ins, class Rule>
void fused_pass(const std::array<flat_view, Outs>& outs,
                const std::array<flat_view, Ins>& ins, const Rule& rule) {
  fused_pass({0, outs[0].numel()}, outs, ins, rule);
}

/// Runs a pass over each of `ranges`, none of which overlap, and counts: the
/// rule returns the values of the outputs and then whether the element counts,
/// or with no outputs just that. Calls `take(k, count)` once range k is done.
template <size_t Outs, size_t Ins, class Rule, class Take>
void counting_pass(std::span<const element_range> ranges,
                   const std::array<flat_view, Outs>& outs,
                   const std::array<flat_view, Ins>& ins, const Rule& rule,
                   Take take) {
  element_range whole;
  for (const auto& range : ranges) {
    whole.offset = std::min(whole.offset, range.offset);
    whole.numel = std::max(whole.numel, range.offset + range.numel);
  }
  fused::check(whole, ins[0], outs.data(), outs.data() + Outs);
  fused::check(whole, ins[0], ins.data(), ins.data() + Ins);
  constexpr auto out = std::make_index_sequence<Outs>{};
  constexpr auto in = std::make_index_sequence<Ins>{};
  auto run_elements = [&]<class T>(T) {
    fused::count<T>(ranges, fused::counting_rule<T>(outs, ins, rule, out, in),
                    take);
    for (const auto& x : outs)
      fused::mark_written(x);
  };
  if (ins[0].template elements<float>() != nullptr)
    run_elements(float{});
  else if (ins[0].template elements<double>() != nullptr)
    run_elements(double{});
  else
    for (size_t k = 0; k < ranges.size(); ++k)
      take(k, fused::count_tensors(ranges[k], outs, ins, rule, out, in));
}

/// How many i of `range` satisfy `predicate(ins[i]...)`.
template <size_t Ins, class Predicate>
int64_t fused_count(element_range range, const std::array<flat_view, Ins>& ins,
                    const Predicate& predicate) {
  int64_t result = 0;
  counting_pass(std::span{&range, 1}, into(), ins, predicate,
                [&](size_t, int64_t count) { result = count; });
  return result;
}

/// Calls `body(range)` for consecutive blocks of `whole`, small enough that a
/// second pass over a block finds it in the cache. Where rules do not run
/// element by element, all of it is one block.
template <class Body>
void for_each_block(const flat_view& like, element_range whole, Body body) {
  auto end = whole.offset + whole.numel;
  auto last = end;
  if (like.element_wise())
    last
      = std::min(end, whole.offset + fused::head_of(whole) + fused_block_numel);
  for (auto first = whole.offset; first < end;) {
    body(element_range{first, last - first});
    first = last;
    last = std::min(end, last + fused_block_numel);
  }
}

/// The same for a whole vector.
template <class Body>
void for_each_block(const flat_view& like, Body body) {
  for_each_block(like, {0, like.numel()}, body);
}

} // namespace caps
