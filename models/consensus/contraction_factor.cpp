// The second largest singular value and the smallest eigenvalue of averaging
// weights W, for graphs of many thousands of nodes: Lanczos iteration with the
// known largest one deflated.
//
// Let p be the long-run weight of each node (p W = p) and P = diag(p). Then
// S = P^(1/2) W P^(-1/2) has the singular value 1 with the vector sqrt(p) on
// both sides, and what it does to the space orthogonal to sqrt(p) is what an
// averaging does to the distance from consensus. Lanczos runs on S^T S within
// that space; projecting sqrt(p) out in every step keeps rounding from
// bringing it back, and no other orthogonalization is needed for the largest
// eigenvalue alone (Paige 1980). Where S is symmetric its smallest eigenvalue
// is the largest of (I - S)/2, turned back.

#include "models/consensus/mixing.hpp"
#include "models/errors.hpp"
#include "models/random_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace caps {

namespace {

using numbers = std::vector<double>;

double dot(const numbers& x, const numbers& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

void add_scaled(numbers& y, double a, const numbers& x) {
  for (size_t i = 0; i < y.size(); ++i)
    y[i] += a * x[i];
}

/// Calls f(i, j, weight) for every edge along which i takes from j.
template <class F>
void for_each_weight(const mixing_matrix& w, F f) {
  for (size_t i = 0; i < w.graph.size(); ++i)
    for (size_t k = 0; k < w.graph[i].size(); ++k)
      f(i, static_cast<size_t>(w.graph[i][k]), w.neighbours[i][k]);
}

bool doubly_stochastic(const mixing_matrix& w) {
  try {
    check_doubly_stochastic(w);
    return true;
  } catch (const input_error&) {
    return false;
  }
}

/// The square roots of the nodes' long-run weights, as a unit vector.
numbers root_of_long_run_weights(const mixing_matrix& w) {
  auto n = w.graph.size();
  numbers p(n, 1.0);
  if (!doubly_stochastic(w)) {
    // Detailed balance, p_i W_ij = p_j W_ji, spreads p from node 0.
    std::fill(p.begin() + 1, p.end(), 0.0);
    std::vector<size_t> open{0};
    while (!open.empty()) {
      auto i = open.back();
      open.pop_back();
      for (auto neighbour : w.graph[i]) {
        auto j = static_cast<size_t>(neighbour);
        auto back = weight_between(w, j, i);
        if (p[j] != 0 || back == 0)
          continue;
        p[j] = p[i] * weight_between(w, i, j) / back;
        open.push_back(j);
      }
    }
    for_each_weight(w, [&](size_t i, size_t j, double x) {
      auto there = p[i] * x;
      auto back = p[j] * weight_between(w, j, i);
      if (!(std::abs(there - back) <= 1e-9 * there))
        throw input_error("averaging weights that are neither doubly "
                          "stochastic nor balanced between neighbours have no "
                          "contraction factor");
    });
  }
  for (auto& x : p)
    x = std::sqrt(x);
  auto norm = std::sqrt(dot(p, p));
  for (auto& x : p)
    x /= norm;
  return p;
}

/// y = S x.
void apply(const mixing_matrix& w, const numbers& root, const numbers& x,
           numbers& y) {
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = w.self[i] * x[i];
  for_each_weight(w, [&](size_t i, size_t j, double a) {
    y[i] += a * (root[i] / root[j]) * x[j];
  });
}

/// y = S^T x.
void apply_transposed(const mixing_matrix& w, const numbers& root,
                      const numbers& x, numbers& y) {
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = w.self[i] * x[i];
  for_each_weight(w, [&](size_t i, size_t j, double a) {
    y[j] += a * (root[i] / root[j]) * x[i];
  });
}

/// The largest eigenvalue of the symmetric tridiagonal matrix with diagonal
/// `a` and off-diagonal `b`, known to lie in [0, 1] up to rounding: bisection
/// on the signs of the leading minors (Sturm).
double largest_eigenvalue(const numbers& a, const numbers& b) {
  auto all_below = [&](double x) {
    double pivot = x - a[0];
    for (size_t k = 1; pivot > 0 && k < a.size(); ++k)
      pivot = x - a[k] - b[k - 1] * b[k - 1] / pivot;
    return pivot > 0;
  };
  double low = 0;
  double high = 1 + 1e-9;
  for (;;) {
    auto middle = low + (high - low) / 2;
    if (middle <= low || middle >= high || high - low < 1e-16)
      return middle;
    (all_below(middle) ? high : low) = middle;
  }
}

void normalize_off(const numbers& root, numbers& x, double& norm) {
  add_scaled(x, -dot(x, root), root);
  norm = std::sqrt(dot(x, x));
}

/// The largest eigenvalue of a symmetric operator, `apply(x, y)` with y = A x,
/// whose eigenvalues lie in [0, 1], in the space orthogonal to `root`. Stops
/// when `settled(last, now)` holds for two approximations some steps apart.
template <class Apply, class Settled>
double largest_eigenvalue_beside(const numbers& root, Apply apply,
                                 Settled settled) {
  auto n = root.size();
  // Any start that leans towards every eigenvector will do; a fixed one gives
  // the same bits every time.
  random_stream stream{1};
  numbers q(n);
  std::generate(q.begin(), q.end(), [&] { return stream.normal(); });
  double norm = 0;
  normalize_off(root, q, norm);
  numbers previous(n), next(n), diagonal, off_diagonal;
  double beta = 0;
  double result = 0;
  size_t check_at = 16;
  constexpr size_t steps_max = 100'000;
  for (size_t step = 1; step <= steps_max; ++step) {
    for (auto& x : q)
      x /= norm;
    apply(q, next);
    add_scaled(next, -beta, previous);
    auto alpha = dot(next, q);
    add_scaled(next, -alpha, q);
    normalize_off(root, next, norm);
    diagonal.push_back(alpha);
    // The space is exhausted: the eigenvalues are exact.
    auto done = norm < 1e-14;
    if (done || step == check_at) {
      auto last = result;
      result = largest_eigenvalue(diagonal, off_diagonal);
      if (done || settled(last, result))
        return result;
      check_at += check_at / 4;
    }
    beta = norm;
    off_diagonal.push_back(beta);
    previous.swap(q);
    q.swap(next);
  }
  return result;
}

} // namespace

double contraction_factor(const mixing_matrix& w, int64_t work_max) {
  check_connected(w.graph);
  if (w.graph.size() < 2)
    return 0;
  auto root = root_of_long_run_weights(w);
  numbers between(w.graph.size());
  auto pass = static_cast<int64_t>(w.graph.size());
  for (const auto& list : w.graph)
    pass += static_cast<int64_t>(list.size());
  int64_t work = 0;
  auto square = largest_eigenvalue_beside(
    root,
    [&](const numbers& x, numbers& y) {
      work += pass;
      if (work > work_max)
        throw input_error(fmt::format("averages spread too slowly on this "
                                      "graph of {} nodes to find out how fast",
                                      w.graph.size()));
      apply(w, root, x, between);
      apply_transposed(w, root, between, y);
    },
    [](double last, double now) {
      auto factor = std::sqrt(now);
      return std::abs(factor - std::sqrt(last)) <= 1e-10 * (1 - factor);
    });
  return std::sqrt(square);
}

double smallest_eigenvalue(const mixing_matrix& w) {
  check_connected(w.graph);
  if (w.graph.size() < 2)
    return 1;
  if (doubly_stochastic(w))
    check_symmetric(w);
  auto root = root_of_long_run_weights(w);
  // Of (I - S)/2, which turns the spectrum round and into [0, 1].
  auto largest = largest_eigenvalue_beside(
    root,
    [&](const numbers& x, numbers& y) {
      apply(w, root, x, y);
      for (size_t i = 0; i < x.size(); ++i)
        y[i] = (x[i] - y[i]) / 2;
    },
    [](double last, double now) { return std::abs(now - last) <= 1e-11; });
  return 1 - 2 * largest;
}

} // namespace caps
