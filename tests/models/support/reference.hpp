#pragma once

// Golden trajectories of the update rules, computed in double precision with
// the published programs (tests/reference, and the folder CAPS_REFERENCE_DIR),
// and a schedule without actors that reproduces them. The schedule, in full:
//
// Start. Every node i starts from x0[i]. What it knows of a neighbour j before
// the first swap is made up by itself: r_ij (the parameters of j) is a copy of
// its own x0, z_ij (the dual of j) is zero, and the running mean of the duals
// that the ADMM rules use is a copy of its own x0. What it has prepared for j
// before its first step is the same: its own x0, and a zero dual.
//
// Step k = 0, 1, ... has two phases.
//
// 1. Every node takes its local step with what it received last, however long
//    ago that was: the gradient A^T (A w - b) at its own w, then the update
//    rule once with all of its neighbours, in the order of `neighbours`. It
//    then prepares a message for each neighbour, replacing the one prepared
//    before:
//
//    dsgd         w = SGD(w, g), then the mean of w and all r_ij; prepares w
//    gossip_sgd   w = SGD(w, g), then for each j in order w = (w + r_ij)/2,
//                 preparing for j the w right after its own turn
//    pdmm, admm   (sgd and isvr) one formula; prepares z_ij - 2 a_ij w, and w
//                 itself for the proximity term. ADMM updates every running
//                 mean in every step, mean = (mean + z_ij)/2, new dual or not
//    c_admm       one formula; prepares w
//
//    Momentum runs on across steps and is not averaged.
//
// 2. Swaps. A swap of i and j exchanges what both last prepared for each other,
//    both ways at once, and replaces what they had received. All swaps of a
//    step follow all local steps of it, so their order does not matter.
//    - Files with `initiates` and `round` (D-SGD, ISVR): each [i, j, c] starts
//      a swap in the steps with k mod round == c. An edge of two initiators
//      swaps twice a round. K of the ISVR rules is `round`.
//    - Files with `interval` (gossip, PDMM-SGD, ADMM-SGD): after every
//      `interval` steps (first when k + 1 == interval) each node starts a swap
//      with one neighbour: the first of its list, next time the second, and
//      so on in rotation. Being swapped with by others does not move its turn.
//
// trajectory[k][i] is w of node i after k steps; trajectory[0] is x0.

#include "models/parameter_layout.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caps::test {

using vector = std::vector<double>;

/// Hyper-parameters of all rules; a file sets those of its own.
struct hyper_parameters {
  double learning_rate = 0;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  double mu = 0;
  double eta = 0;
  double rho = 0;
  double piw = 0;
  bool use_gcoef = false;
  double trust = 0;
  double beta1 = 0;
  double beta2 = 0;
  double eps = 0;
  bool amsgrad = false;
};

/// The losses |A x - b|^2 / 2 of one node.
struct least_squares {
  std::vector<vector> a;
  vector b;
};

/// One file.
struct reference {
  std::string name;
  /// With suffixes, such as "pdmm_isvr_round8".
  std::string protocol;
  std::shared_ptr<const parameter_layout> layout;
  size_t nodes = 1;
  std::vector<std::vector<int64_t>> neighbours;
  /// Steps of a round; 0 in files with an interval.
  int64_t round = 0;
  std::vector<std::array<int64_t, 3>> initiates;
  /// 0 in files with a round.
  int64_t interval = 0;
  hyper_parameters hyper;
  std::vector<least_squares> losses;
  std::vector<vector> start;
  /// [step][node].
  std::vector<std::vector<vector>> trajectory;

  /// Whether the protocol's name is `rule`, suffixes aside.
  bool runs(const std::string& rule) const {
    return protocol.starts_with(rule);
  }
};

/// Reads one file; throws `std::runtime_error` if it is none.
reference read_reference(const std::filesystem::path& file);

/// The files of tests/reference and of CAPS_REFERENCE_DIR, in order.
std::vector<std::filesystem::path> reference_files();

/// The file of tests/reference with that name.
reference built_in_reference(const std::string& name);

/// Runs the schedule above for `steps` steps with the rules of the models
/// floor, starting at `start`, and calls `after_step(k, w)` for k = 0 (the
/// start) up to `steps`. Throws `std::runtime_error` for an unknown protocol.
void simulate(
  const reference& x, int64_t steps,
  const std::function<void(int64_t, const std::vector<vector>&)>& after_step);

/// The point where sum_i weights[i] grad_i = 0, by Gaussian elimination.
vector minimizer(const reference& x, const vector& weights);

} // namespace caps::test
