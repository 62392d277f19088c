#include "models/compression/compressed_vector.hpp"

#include "models/compression/packed_indices.hpp"
#include "models/compression/packed_ranges.hpp"
#include "models/compression/selection.hpp"
#include "models/fused_pass.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

namespace caps {

std::string_view to_text(compression_kind kind) noexcept {
  switch (kind) {
    case compression_kind::none:
      return "none";
    case compression_kind::top_k:
      return "top_k";
    case compression_kind::random_k:
      return "random_k";
    case compression_kind::quantize8:
      return "quantize8";
    case compression_kind::parts:
      return "parts";
  }
  return "?";
}

namespace {

void check_type(at::ScalarType type) {
  if (type != at::kFloat && type != at::kDouble)
    throw error(fmt::format("vectors of {} cannot be compressed, only of float "
                            "and double",
                            c10::toString(type)));
}

} // namespace

void visit_value(state_visitor& visitor, std::string_view name,
                 compressed_vector& value) {
  visitor.enter(name);
  visit_value(visitor, "kind", value.kind);
  visit_value(visitor, "numel", value.numel);
  visit_value(visitor, "values", value.values);
  visit_value(visitor, "indices", value.indices);
  visit_value(visitor, "scales", value.scales);
  visit_value(visitor, "block", value.block);
  visit_value(visitor, "seed", value.seed);
  visitor.leave();
}

at::Tensor host_vector(const at::Tensor& x) {
  flat_view view{x};
  check_type(view.tensor().scalar_type());
  return x.cpu();
}

size_t size_bytes(const compressed_vector& x) {
  size_t result = x.kind == compression_kind::random_k ? sizeof(x.seed) : 0;
  for (const auto& part : {x.values, x.indices, x.scales})
    if (part.defined())
      result += part.nbytes();
  return result;
}

namespace {

[[noreturn]] void refuse(const compressed_vector& x, std::string_view text) {
  throw error(fmt::format("a vector of {} elements compressed with {}: {}",
                          x.numel, to_text(x.kind), text));
}

/// Refuses a part that is not flat, of `type` and in host memory.
void check_part(const compressed_vector& x, const char* name,
                const at::Tensor& part, at::ScalarType type) {
  if (!part.defined())
    refuse(x, fmt::format("its {} are missing", name));
  if (part.dim() != 1 || !part.is_contiguous() || !part.device().is_cpu()
      || part.scalar_type() != type)
    refuse(x, fmt::format("its {} are {} in {} dimensions on {}, not a flat "
                          "vector of {} in host memory",
                          name, c10::toString(part.scalar_type()), part.dim(),
                          part.device().str(), c10::toString(type)));
}

void check_length(const compressed_vector& x, const char* name,
                  const at::Tensor& part, int64_t numel) {
  if (part.numel() != numel)
    refuse(x, fmt::format("it has {} {}, not {}", part.numel(), name, numel));
}

/// Refuses values other than elements of `type` or of half precision.
void check_elements(const compressed_vector& x, at::ScalarType type) {
  auto half = x.values.defined() && x.values.scalar_type() == at::kHalf;
  check_part(x, "values", x.values, half ? at::kHalf : type);
}

/// Refuses more values than elements.
void check_selection(const compressed_vector& x, at::ScalarType type) {
  check_elements(x, type);
  if (x.values.numel() > x.numel)
    refuse(x, fmt::format("it has {} values", x.values.numel()));
  if (x.numel > selection_numel_max)
    refuse(x, "too long for indices");
}

int64_t blocks_of(const compressed_vector& x) {
  return x.numel / x.block + (x.numel % x.block == 0 ? 0 : 1);
}

template <class T>
void check_scales(const compressed_vector& x) {
  auto scale = x.scales.data_ptr<T>();
  for (int64_t b = 0; b < x.scales.numel(); ++b)
    if (!(scale[b] >= 0) || std::isinf(scale[b]))
      refuse(
        x, fmt::format("scale {} is {}, not a number from 0 up", b, scale[b]));
}

void check_levels(const compressed_vector& x, at::ScalarType type) {
  check_part(x, "values", x.values, at::kByte);
  check_length(x, "values", x.values, x.numel);
  check_part(x, "scales", x.scales, type);
  if (x.block < 1)
    refuse(x, fmt::format("blocks of {} elements", x.block));
  check_length(x, "scales", x.scales, blocks_of(x));
  if (type == at::kFloat)
    check_scales<float>(x);
  else
    check_scales<double>(x);
}

void check_parts(const compressed_vector& x, at::ScalarType type) {
  check_elements(x, type);
  check_part(x, "indices", x.indices, at::kByte);
  int64_t named = 0;
  for (const auto& range : unpack_ranges(x.indices, x.numel))
    named += range.numel;
  check_length(x, "values", x.values, named);
}

/// What a level stands for, in units of scale/127.
template <class T>
T steps_of(uint8_t level) {
  return static_cast<T>(level) - T{128};
}

/// Calls `f(range, step)` for every block, with the value of one level.
template <class T, class F>
void for_each_scale(const compressed_vector& x, F f) {
  auto scale = x.scales.data_ptr<T>();
  for (int64_t b = 0; b < x.scales.numel(); ++b) {
    auto offset = b * x.block;
    f(element_range{offset, std::min(x.block, x.numel - offset)},
      scale[b] / T{127});
  }
}

/// Calls `f` with the elements that were sent, of type T or of half precision.
template <class T, class F>
void with_values(const compressed_vector& x, F f) {
  if (x.values.scalar_type() == at::kHalf)
    f(static_cast<const at::Half*>(x.values.data_ptr<at::Half>()));
  else
    f(static_cast<const T*>(x.values.data_ptr<T>()));
}

/// The stretches that were sent; @pre `x` is of kind none or parts.
std::vector<element_range> ranges_of(const compressed_vector& x) {
  if (x.kind == compression_kind::none)
    return {{0, x.numel}};
  return unpack_ranges(x.indices, x.numel);
}

/// Calls `f(range, value)` for every stretch that was sent, with its values.
template <class T, class F>
void for_each_part(const compressed_vector& x, F f) {
  with_values<T>(x, [&](auto value) {
    for (const auto& range : ranges_of(x)) {
      f(range, value);
      value += range.numel;
    }
  });
}

/// target = weight * decompressed x, plus target if `add`.
template <class T>
void decode(const compressed_vector& x, bool add, T weight, T* target) {
  if (x.kind == compression_kind::none) {
    with_values<T>(x, [&](auto value) {
      fused::loop(x.numel, [=](int64_t i) {
        target[i]
          = (add ? target[i] : T{0}) + weight * static_cast<T>(value[i]);
      });
    });
    return;
  }
  if (x.kind == compression_kind::quantize8) {
    auto level = x.values.data_ptr<uint8_t>();
    for_each_scale<T>(x, [=](element_range block, T step) {
      auto out = target + block.offset;
      auto in = level + block.offset;
      auto unit = weight * step;
      if (add)
        fused::loop(block.numel,
                    [=](int64_t i) { out[i] += unit * steps_of<T>(in[i]); });
      else
        fused::loop(block.numel,
                    [=](int64_t i) { out[i] = unit * steps_of<T>(in[i]); });
    });
    return;
  }
  if (!add)
    std::fill_n(target, x.numel, T{0});
  if (x.kind == compression_kind::parts) {
    for_each_part<T>(x, [=](element_range range, auto value) {
      auto out = target + range.offset;
      fused::loop(range.numel, [=](int64_t i) {
        out[i] += weight * static_cast<T>(value[i]);
      });
    });
    return;
  }
  with_values<T>(x, [&](auto value) {
    for (auto i : indices_of(x))
      target[i] += weight * static_cast<T>(*value++);
  });
}

void decode(const compressed_vector& x, bool add, double weight,
            const at::Tensor& target) {
  flat_view view{target};
  check(x, view.numel(), target.scalar_type());
  if (x.numel == 0)
    return;
  fused::mark_written(view);
  if (auto p = view.elements<float>())
    return decode(x, add, static_cast<float>(weight), p);
  if (auto p = view.elements<double>())
    return decode(x, add, weight, p);
  // Another device: there are no loops over its memory here.
  auto here = at::empty({x.numel}, target.options().device(at::kCPU));
  decode(x, false, weight, here);
  if (add)
    target.add_(here.to(target.device()));
  else
    target.copy_(here);
}

} // namespace

void check(const compressed_vector& x, int64_t numel, at::ScalarType type) {
  check_type(type);
  if (x.numel != numel)
    refuse(x, fmt::format("expected one of {}", numel));
  switch (x.kind) {
    case compression_kind::none:
      check_elements(x, type);
      check_length(x, "values", x.values, numel);
      return;
    case compression_kind::top_k:
      check_selection(x, type);
      check_part(x, "indices", x.indices, at::kByte);
      check_packed_indices(x.indices, x.values.numel(), numel);
      return;
    case compression_kind::random_k:
      check_selection(x, type);
      return;
    case compression_kind::quantize8:
      check_levels(x, type);
      return;
    case compression_kind::parts:
      check_parts(x, type);
      return;
  }
  refuse(x,
         fmt::format("there is no such kind ({})", static_cast<int>(x.kind)));
}

std::vector<int32_t> indices_of(const compressed_vector& x) {
  return x.kind == compression_kind::random_k
           ? random_elements(x.seed, x.values.numel(), x.numel)
           : unpack_indices(x.indices, x.values.numel(), x.numel);
}

void decompress(const compressed_vector& x, const at::Tensor& target) {
  decode(x, false, 1, target);
}

void place_decompressed(const compressed_vector& x, const at::Tensor& target) {
  flat_view view{target};
  check(x, view.numel(), target.scalar_type());
  if (x.kind != compression_kind::parts && x.kind != compression_kind::none)
    refuse(x, "its values cannot take the place of others");
  fused::mark_written(view);
  auto place = [&]<class T>(T* out) {
    for_each_part<T>(x, [=](element_range range, auto value) {
      auto to = out + range.offset;
      fused::loop(range.numel,
                  [=](int64_t i) { to[i] = static_cast<T>(value[i]); });
    });
  };
  if (auto p = view.elements<float>())
    return place(p);
  if (auto p = view.elements<double>())
    return place(p);
  int64_t first = 0;
  for (const auto& range : ranges_of(x)) {
    target.narrow(0, range.offset, range.numel)
      .copy_(x.values.narrow(0, first, range.numel));
    first += range.numel;
  }
}

void add_decompressed(const compressed_vector& x, double factor,
                      const at::Tensor& target) {
  decode(x, true, factor, target);
}

} // namespace caps
