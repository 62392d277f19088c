#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

// Push-sum (Kempe, Dobra and Gehrke, FOCS 2003), the averaging of stochastic
// gradient push (SGP: Assran, Loizou, Ballas and Rabbat, "Stochastic gradient
// push for distributed deep learning", ICML 2019), for directed graphs.
//
// A sender need not know what its receivers hear from others: it divides what
// it has among them, so that the nodes' sums of x and of y stay what they are,
// and x/y of every node tends to (sum x)/(sum y), the mean of all, on every
// strongly connected graph, also one that changes from round to round. One
// step of a node:
//
//     x = optimizer step from x with the gradient at z
//     part = push_sum_share(x, y)       to every out-neighbour and to itself
//     x, y, z = push_sum_gather(part, received parts)
//
// A part that is lost takes x and y with it: z remains a weighted mean of the
// nodes, with less weight on those whose parts were lost. But the smaller y
// gets, the further a step on x moves z = x/y. Where parts are lost, or pile up
// at a node that is slower than the others, nodes step from z instead (AsySPA
// scales its steps for the same reason: Zhang and You, "AsySPA: an exact
// asynchronous algorithm for convex optimization over digraphs", 2019):
//
//     z = optimizer step from z with the gradient at z
//     part = push_sum_share_ratio(z, y)
//
// While all y are 1 (no losses, as many edges out of every node as into it) the
// two are the same; on other graphs only the first finds the minimizer of the
// sum of all losses, the second weights the nodes by their y.

/// A part of the nodes' sums.
struct push_sum_mass {
  at::Tensor x;
  /// Starts as 1 at every node.
  double y = 1;
};

/// p = 1/(E + 1), what each of E out-neighbours is sent and the node keeps.
double push_sum_fraction(size_t out_neighbours);

/// Writes p x into `part`, which may be the same tensor as `own.x`, and
/// returns it with p y. Throws `error` if the vectors do not fit together.
push_sum_mass push_sum_share(const push_sum_mass& own, size_t out_neighbours,
                             const at::Tensor& part);

/// The same of a node that made its step on z: its x is y z, and p y z is
/// written into `part`.
push_sum_mass push_sum_share_ratio(const at::Tensor& z, double y,
                                   size_t out_neighbours,
                                   const at::Tensor& part);

/// Adds up what a node kept and what it received,
///
///     x = kept.x + sum_j received[j].x
///     y = kept.y + sum_j received[j].y
///     z = x/y
///
/// into `x` and `z` in one pass over memory, and returns x with y. Sums in the
/// order given. `x` may be the same tensor as `kept.x`, but none of the
/// received, and not `z`. Throws `error` if a y is not positive and finite or
/// the vectors do not fit together.
push_sum_mass push_sum_gather(const push_sum_mass& kept,
                              std::span<const push_sum_mass> received,
                              const at::Tensor& x, const at::Tensor& z);

} // namespace caps
