#include "models/compression/quantize8.hpp"

#include "models/compression/magnitude.hpp"
#include "models/fused_pass.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <array>
#include <limits>

namespace caps {

namespace {

/// Elements whose random numbers are drawn in one go.
constexpr int64_t draw_numel = 1024;

template <class T>
T largest_magnitude(const T* x, int64_t n) {
  return magnitude_of(fused::with_best_instructions([=] {
    magnitude_key_of<T> result = 0;
    for (int64_t i = 0; i < n; ++i)
      result = std::max(result, magnitude_key(x[i]));
    return result;
  }));
}

/// Rounds y down, for y from 0 up; 256 can only come of rounding 255.99...
template <class T>
uint8_t level_of(T y) {
  return static_cast<uint8_t>(std::min(static_cast<int32_t>(y), 255));
}

/// Random numbers from 0 to 65535, four of each draw.
void draw(random_stream& stream, std::array<uint16_t, draw_numel>& out,
          int64_t n) {
  for (size_t i = 0; i < static_cast<size_t>(n); i += 4) {
    auto bits = stream.next();
    for (size_t k = 0; k < 4; ++k)
      out[i + k] = static_cast<uint16_t>(bits >> (16 * k));
  }
}

template <class T>
void round_nearest(const T* x, int64_t n, T scale, uint8_t* level) {
  fused::loop(n, [=](int64_t i) {
    level[i] = level_of(x[i] / scale * T{127} + T(128.5));
  });
}

template <class T>
void round_stochastically(const T* x, int64_t n, T scale, random_stream& stream,
                          uint8_t* level) {
  std::array<uint16_t, draw_numel> random;
  for (int64_t first = 0; first < n; first += draw_numel) {
    auto part = std::min(draw_numel, n - first);
    draw(stream, random, part);
    fused::loop(part, [r = random.data(), in = x + first, out = level + first,
                       scale](int64_t i) {
      auto up = (static_cast<T>(r[i]) + T(0.5)) * T(0x1p-16);
      out[i] = level_of(in[i] / scale * T{127} + T{128} + up);
    });
  }
}

class quantize8_compressor final : public compressor {
public:
  quantize8_compressor(int64_t block, bool stochastic)
    : block_(block), stochastic_(stochastic) {}

  compressed_vector compress(const at::Tensor& x,
                             random_stream& stream) const override {
    auto here = host_vector(x);
    auto n = here.numel();
    auto blocks = n / block_ + (n % block_ == 0 ? 0 : 1);
    compressed_vector result{.kind = compression_kind::quantize8,
                             .numel = n,
                             .values = at::empty({n}, at::kByte),
                             .scales = at::empty({blocks}, here.options()),
                             .block = block_};
    if (here.scalar_type() == at::kFloat)
      quantize<float>(here, stream, result);
    else
      quantize<double>(here, stream, result);
    return result;
  }

private:
  template <class T>
  void quantize(const at::Tensor& x, random_stream& stream,
                const compressed_vector& result) const {
    auto in = x.data_ptr<T>();
    auto level = result.values.data_ptr<uint8_t>();
    auto scale = result.scales.data_ptr<T>();
    for (int64_t first = 0; first < result.numel; first += block_, ++scale) {
      auto n = std::min(block_, result.numel - first);
      *scale = largest_magnitude(in + first, n);
      if (!(*scale <= std::numeric_limits<T>::max()))
        throw diverged_error(fmt::format("elements {} to {} of a vector to be "
                                         "sent hold NaN or infinity",
                                         first, first + n - 1));
      if (*scale == 0)
        std::fill_n(level + first, n, uint8_t{128});
      else if (stochastic_)
        round_stochastically(in + first, n, *scale, stream, level + first);
      else
        round_nearest(in + first, n, *scale, level + first);
    }
  }

  int64_t block_;
  bool stochastic_;
};

class quantize8_recipe final : public compressor_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("block", block_, at_least(1),
                    "elements that share a scale");
    visitor.choice("rounding", rounding_, {"nearest", "stochastic"},
                   "nearest level, or up or down at random so that it is right "
                   "on average");
  }

  std::unique_ptr<compressor> make() const override {
    return std::make_unique<quantize8_compressor>(block_,
                                                  rounding_ == "stochastic");
  }

private:
  int64_t block_ = 256;
  std::string rounding_ = "nearest";
};

} // namespace

std::unique_ptr<compressor_recipe> quantize8() {
  return std::make_unique<quantize8_recipe>();
}

} // namespace caps
