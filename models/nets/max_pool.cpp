#include "models/nets/max_pool.hpp"

#include "models/vector_loop.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <bit>
#include <type_traits>

namespace caps {

namespace {

/// Sizes of a stack of pictures [n, c, h, w] whose sides are halved. An odd
/// last row or column belongs to no window.
struct halving {
  int64_t planes;
  int64_t height;
  int64_t width;
  int64_t rows;
  int64_t columns;

  explicit halving(at::IntArrayRef in)
    : planes(in[0] * in[1]), height(in[2]), width(in[3]), rows(height / 2),
      columns(width / 2) {}
};

/// As wide as the numbers, so that one vector holds as many of both.
template <class Real>
using place = std::conditional_t<sizeof(Real) == 4, int32_t, int64_t>;

// Loops of a few iterations become vectors only where they are not unrolled
// before.
#ifdef __clang__
#define CAPS_ONE_VECTOR CAPS_INDEPENDENT_ITERATIONS
#else
#define CAPS_ONE_VECTOR                                                        \
  CAPS_INDEPENDENT_ITERATIONS                                                  \
  _Pragma("GCC unroll 1")
#endif

/// Calls `body(i)` for every i below `n`, some of them twice: rows are short,
/// and a last block that reaches back costs less than what is left over.
template <class Body>
void for_row(int64_t n, Body body) {
  auto in_blocks = [&]<int64_t Size>(std::integral_constant<int64_t, Size>) {
    for (int64_t first = 0; first < n; first += Size) {
      auto begin = std::min(first, n - Size);
      CAPS_ONE_VECTOR
      for (int64_t i = 0; i < Size; ++i)
        body(begin + i);
    }
  };
  if (n >= 8)
    in_blocks(std::integral_constant<int64_t, 8>{});
  else if (n >= 4)
    in_blocks(std::integral_constant<int64_t, 4>{});
  else
    in_blocks(std::integral_constant<int64_t, 1>{});
}

/// Calls `body(first, upper)` for every row of windows: where its results
/// begin, and where the upper of the two rows of pixels begins.
template <class Body>
void for_each_row(const halving& x, Body body) {
  fused::with_best_instructions([=] {
    for (int64_t plane = 0; plane < x.planes; ++plane)
      for (int64_t row = 0; row < x.rows; ++row)
        body((plane * x.rows + row) * x.columns,
             (plane * x.height + 2 * row) * x.width);
  });
}

/// Sets `out` to the largest of each window and `choice` to where that is: 0
/// and 1 in the upper row, 2 and 3 in the lower. Of equal numbers the first is
/// the largest, and NaN is larger than any number, the last NaN largest.
template <class Real>
void pool(const halving& x, const Real* in, Real* out, place<Real>* choice) {
  for_each_row(x, [=](int64_t first, int64_t top) {
    auto upper = in + top;
    auto lower = upper + x.width;
    for_row(x.columns, [=](int64_t i) {
      auto best = upper[2 * i];
      place<Real> where = 0;
      auto offer = [&](Real value, place<Real> here) {
        auto better = (value > best) | (value != value);
        best = better ? value : best;
        where = better ? here : where;
      };
      offer(upper[2 * i + 1], 1);
      offer(lower[2 * i], 2);
      offer(lower[2 * i + 1], 3);
      out[first + i] = best;
      choice[first + i] = where;
    });
  });
}

/// The derivative: what belongs to a window goes to its largest number.
template <class Real>
void unpool(const halving& x, const Real* in, const place<Real>* choice,
            Real* out) {
  if (x.height != 2 * x.rows || x.width != 2 * x.columns)
    std::fill_n(out, x.planes * x.height * x.width, Real{0});
  for_each_row(x, [=](int64_t first, int64_t top) {
    auto upper = out + top;
    auto lower = upper + x.width;
    for_row(x.columns, [=](int64_t i) {
      auto bits = std::bit_cast<place<Real>>(in[first + i]);
      auto where = choice[first + i];
      // In bits, since a choice between two numbers becomes a branch.
      auto if_at = [=](place<Real> here) {
        return std::bit_cast<Real>(bits & -place<Real>{where == here});
      };
      upper[2 * i] = if_at(0);
      upper[2 * i + 1] = if_at(1);
      lower[2 * i] = if_at(2);
      lower[2 * i + 1] = if_at(3);
    });
  });
}

/// Calls `f` with a value of the type of the numbers.
template <class F>
void with_numbers(const at::Tensor& x, F f) {
  if (x.scalar_type() == at::kFloat)
    f(float{});
  else
    f(double{});
}

class halving_pool : public torch::autograd::Function<halving_pool> {
public:
  using context = torch::autograd::AutogradContext;

  static at::Tensor forward(context* memory, const at::Tensor& x) {
    auto in = x.contiguous();
    halving sizes{in.sizes()};
    auto out = at::empty({in.size(0), in.size(1), sizes.rows, sizes.columns},
                         in.options());
    auto is_float = in.scalar_type() == at::kFloat;
    auto choice = at::empty(out.sizes(), is_float ? at::kInt : at::kLong);
    with_numbers(in, [&]<class Real>(Real) {
      pool(sizes, in.data_ptr<Real>(), out.data_ptr<Real>(),
           choice.data_ptr<place<Real>>());
    });
    memory->save_for_backward({choice});
    memory->saved_data["shape"] = in.sizes();
    return out;
  }

  static torch::autograd::variable_list
  backward(context* memory, const torch::autograd::variable_list& gradients) {
    auto in = gradients.front().contiguous();
    auto choice = memory->get_saved_variables().front();
    auto out
      = at::empty(memory->saved_data["shape"].toIntVector(), in.options());
    with_numbers(in, [&]<class Real>(Real) {
      unpool(halving{out.sizes()}, in.data_ptr<Real>(),
             choice.data_ptr<place<Real>>(), out.data_ptr<Real>());
    });
    return {out};
  }
};

} // namespace

at::Tensor max_pool(const at::Tensor& x, const window& how) {
  auto type = x.scalar_type();
  if (how.size == 2 && how.stride == 2 && how.padding == 0
      && x.device().is_cpu() && (type == at::kFloat || type == at::kDouble))
    return halving_pool::apply(x);
  return at::max_pool2d(x, {how.size, how.size}, {how.stride, how.stride},
                        {how.padding, how.padding});
}

} // namespace caps
