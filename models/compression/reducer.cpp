#include "models/compression/reducer.hpp"

#include "models/state_values.hpp"

namespace caps {

reduction_record& reduction_record::operator+=(const reduction_record& x) {
  bytes += x.bytes;
  bytes_sent += x.bytes_sent;
  for (const auto& [name, y] : x.layers) {
    auto& own = layers[name];
    own.elements += y.elements;
    own.skipped += y.skipped;
  }
  if (x.threshold)
    threshold = x.threshold;
  return *this;
}

void reducer::visit_state(state_visitor& visitor) {
  visitor.enter("record");
  visit_value(visitor, "bytes", record_.bytes);
  visit_value(visitor, "bytes_sent", record_.bytes_sent);
  for (auto& [name, x] : record_.layers) {
    visitor.enter(name);
    visit_value(visitor, "elements", x.elements);
    visit_value(visitor, "skipped", x.skipped);
    visitor.leave();
  }
  visit_value(visitor, "threshold", record_.threshold);
  visitor.leave();
  visit_own_state(visitor);
}

compressed_vector reducer::reduce_gradient(const gradient_to_send& x,
                                           random_stream& stream) {
  auto result = compress_gradient(x, stream);
  count(x.values, result);
  return result;
}

compressed_vector reducer::reduce_parameters(const at::Tensor& weights,
                                             random_stream& stream) {
  auto result = compress_parameters(weights, stream);
  count(weights, result);
  return result;
}

void reducer::count(const at::Tensor& whole, const compressed_vector& sent) {
  record_.bytes += whole.nbytes();
  record_.bytes_sent += size_bytes(sent);
}

void bring_up_to_date(const compressed_vector& x, const at::Tensor& copy) {
  if (x.kind == compression_kind::parts)
    place_decompressed(x, copy);
  else
    add_decompressed(x, 1, copy);
}

reducer_choice::reducer_choice()
  : recipe_(built_in_reducers().at(name_).recipe()) {}

void reducer_choice::describe(option_visitor& visitor) {
  auto known = built_in_reducers();
  auto names = known.names();
  auto before = name_;
  visitor.choice("compressor", name_, {names.begin(), names.end()},
                 "what makes messages smaller; `caps_runtime list "
                 "compressors` shows all");
  if (name_ != before)
    recipe_ = known.at(name_).recipe();
  recipe_->describe(visitor);
}

} // namespace caps
