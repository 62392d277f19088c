#include "models/compression/sparsifiers.hpp"

#include "models/compression/packed_indices.hpp"
#include "models/compression/selection.hpp"
#include "models/compression/value_format.hpp"
#include "models/fused_pass.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

interval<double> share_range() {
  return {.min = 0, .max = 1, .min_open = true};
}

/// How many elements of a vector are sent: one at least.
int64_t count_of(double share, int64_t numel) {
  auto count = std::llround(share * static_cast<double>(numel));
  return std::clamp<int64_t>(count, std::min<int64_t>(1, numel), numel);
}

/// factor * x[i] for the elements i in `indices`.
at::Tensor gather(const at::Tensor& x, const std::vector<int32_t>& indices,
                  double factor) {
  auto result = at::empty({static_cast<int64_t>(indices.size())}, x.options());
  auto pick = [&]<class T>(const T* from, T* to) {
    for (auto i : indices)
      *to++ = static_cast<T>(factor) * from[i];
  };
  if (x.scalar_type() == at::kFloat)
    pick(x.data_ptr<float>(), result.data_ptr<float>());
  else
    pick(x.data_ptr<double>(), result.data_ptr<double>());
  return result;
}

class top_k_compressor final : public compressor {
public:
  top_k_compressor(double share, value_format format)
    : share_(share), format_(std::move(format)) {}

  compressed_vector compress(const at::Tensor& x,
                             random_stream&) const override {
    auto here = host_vector(x);
    auto chosen = largest_elements(here, count_of(share_, here.numel()));
    return {.kind = compression_kind::top_k,
            .numel = here.numel(),
            .values = format_.encode(chosen.values),
            .indices = pack_indices(chosen.indices)};
  }

private:
  double share_;
  value_format format_;
};

class random_k_compressor final : public compressor {
public:
  random_k_compressor(double share, bool unbiased, value_format format)
    : share_(share), unbiased_(unbiased), format_(std::move(format)) {}

  compressed_vector compress(const at::Tensor& x,
                             random_stream& stream) const override {
    auto here = host_vector(x);
    auto seed = stream.next();
    auto count = count_of(share_, here.numel());
    auto factor = unbiased_ && count > 0 ? static_cast<double>(here.numel())
                                             / static_cast<double>(count)
                                         : 1;
    auto values
      = gather(here, random_elements(seed, count, here.numel()), factor);
    return {.kind = compression_kind::random_k,
            .numel = here.numel(),
            .values = format_.encode(values),
            .seed = seed};
  }

  bool is_contraction() const noexcept override { return !unbiased_; }

private:
  double share_;
  bool unbiased_;
  value_format format_;
};

class top_k_recipe final : public compressor_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.real("share", share_, share_range(),
                 "part of the elements that is sent, the largest");
    format_.describe(visitor);
  }

  std::unique_ptr<compressor> make() const override {
    return std::make_unique<top_k_compressor>(share_, format_);
  }

private:
  double share_ = 0.01;
  value_format format_;
};

class random_k_recipe final : public compressor_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.real("share", share_, share_range(),
                 "part of the elements that is sent, at random");
    visitor.boolean("unbiased", unbiased_,
                    "scale what is sent so that it is right on average; not "
                    "together with error feedback");
    format_.describe(visitor);
  }

  std::unique_ptr<compressor> make() const override {
    return std::make_unique<random_k_compressor>(share_, unbiased_, format_);
  }

private:
  double share_ = 0.01;
  bool unbiased_ = false;
  value_format format_;
};

} // namespace

std::unique_ptr<compressor_recipe> top_k() {
  return std::make_unique<top_k_recipe>();
}

std::unique_ptr<compressor_recipe> random_k() {
  return std::make_unique<random_k_recipe>();
}

} // namespace caps
