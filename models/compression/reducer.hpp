#pragma once

#include "models/compression/compressed_vector.hpp"
#include "models/options.hpp"
#include "models/parameter_layout.hpp"
#include "models/random_stream.hpp"
#include "models/registry.hpp"
#include "models/state.hpp"

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace caps {

/// What one sender left out so far.
struct reduction_record {
  /// Elements of a layer in all vectors, and those of them left out.
  struct layer {
    int64_t elements = 0;
    int64_t skipped = 0;
  };

  /// Bytes of all vectors, and what was sent in their place.
  uint64_t bytes = 0;
  uint64_t bytes_sent = 0;
  /// By name, for reducers that skip layers or parts of them.
  std::map<std::string, layer> layers;
  /// Percent of unchanged elements from which on a part is skipped.
  std::optional<double> threshold;

  /// Adds what another sender left out of other parts of the same vectors.
  reduction_record& operator+=(const reduction_record& x);
};

/// A gradient to be sent.
struct gradient_to_send {
  const at::Tensor& values;
  /// The parameters it was computed on.
  const at::Tensor& weights;
  /// That of the step it is for.
  double learning_rate = 0;
};

/// Leaves something out of what one node sends to another, or to several that
/// get the same: either gradients, which the receiver adds up, or parameters,
/// of which the receiver holds a copy. Remembers what was left out, to send it
/// later. Belongs to one node; not thread-safe.
class reducer {
public:
  virtual ~reducer() = default;

  /// The receiver holds `weights`, a copy of the parameters.
  virtual void start(const at::Tensor& weights) = 0;

  /// What is sent of a gradient; `decompress` gives what the receiver takes
  /// for it.
  compressed_vector reduce_gradient(const gradient_to_send& x,
                                    random_stream& stream);

  /// What is sent to bring the receiver's copy up to date, which does so with
  /// `bring_up_to_date`. @pre `start` was called
  compressed_vector reduce_parameters(const at::Tensor& weights,
                                      random_stream& stream);

  /// The receiver's copy as this side knows it; read-only.
  virtual const at::Tensor& copy() const = 0;

  /// Training loss and accuracy of the batch before what is sent next: what is
  /// left out may depend on them.
  virtual void observe(double /*loss*/, double /*accuracy*/) {}

  const reduction_record& record() const noexcept { return record_; }

  /// What it must remember to go on where it is, the record included.
  void visit_state(state_visitor& visitor);

protected:
  reduction_record& own_record() noexcept { return record_; }

private:
  virtual compressed_vector compress_gradient(const gradient_to_send& x,
                                              random_stream& stream)
    = 0;

  virtual compressed_vector compress_parameters(const at::Tensor& weights,
                                                random_stream& stream)
    = 0;

  virtual void visit_own_state(state_visitor& visitor) = 0;

  void count(const at::Tensor& whole, const compressed_vector& sent);

  reduction_record record_;
};

/// Applies what `reduce_parameters` made to the receiver's copy: parts take
/// the place of what was there, anything else is a difference. Throws `error`
/// unless both fit together.
void bring_up_to_date(const compressed_vector& x, const at::Tensor& copy);

/// Makes a reducer for vectors of a layout; null if everything is sent.
class reducer_recipe : public recipe<std::unique_ptr<reducer>,
                                     const parameter_layout&, random_stream&> {
public:
  /// Throws `input_error` for options that do not fit together.
  virtual void check() const {}
};

/// All reducers: none, the compressors with error feedback, and caps.
registry<reducer_recipe> built_in_reducers();

/// The choice of a reducer among the options of a protocol: `compressor` and
/// the options of the one so named.
class reducer_choice {
public:
  reducer_choice();

  void describe(option_visitor& visitor);

  /// Whether everything is sent.
  bool none() const { return name_ == "none"; }

  const reducer_recipe& recipe() const noexcept { return *recipe_; }

private:
  std::string name_ = "none";
  std::shared_ptr<reducer_recipe> recipe_;
};

} // namespace caps
