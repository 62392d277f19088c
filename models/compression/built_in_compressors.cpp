#include "models/compression/quantize8.hpp"
#include "models/compression/sparsifiers.hpp"
#include "models/compression/value_format.hpp"

#include <ATen/ops/clone.h>

namespace caps {

namespace {

class no_compressor final : public compressor {
public:
  compressed_vector compress(const at::Tensor& x,
                             random_stream&) const override {
    auto here = host_vector(x);
    return {.numel = here.numel(), .values = here};
  }

  bool is_exact() const noexcept override { return true; }
};

class half_compressor final : public compressor {
public:
  compressed_vector compress(const at::Tensor& x,
                             random_stream&) const override {
    auto here = host_vector(x);
    auto values = to_half(here);
    // Error feedback goes on to write to its residual.
    return {.numel = here.numel(),
            .values = values.is_same(here) ? at::clone(here) : values};
  }
};

class half_recipe final : public compressor_recipe {
public:
  std::unique_ptr<compressor> make() const override {
    return std::make_unique<half_compressor>();
  }
};

class no_compressor_recipe final : public compressor_recipe {
public:
  std::unique_ptr<compressor> make() const override {
    return std::make_unique<no_compressor>();
  }
};

} // namespace

registry<compressor_recipe> built_in_compressors() {
  registry<compressor_recipe> result{"compressor"};
  result.add({"none", "sends vectors as they are, without copying them",
              [] { return std::make_unique<no_compressor_recipe>(); }});
  result.add({"top_k",
              "the elements largest in magnitude (Aji and Heafield "
              "2017)",
              top_k});
  result.add({"random_k",
              "a random subset of the elements (Stich et al. 2018); their "
              "indices travel as a seed",
              random_k});
  result.add({"half", "16 bits an element (IEEE 754 half precision)",
              [] { return std::make_unique<half_recipe>(); }});
  result.add({"quantize8",
              "8 bits an element and a scale per block (QSGD: Alistarh et al. "
              "2017)",
              quantize8});
  return result;
}

} // namespace caps
