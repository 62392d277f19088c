#include "models/nets/mlp.hpp"

#include "models/nets/net_builder.hpp"

#include <string>

namespace caps {

std::shared_ptr<const net> make_logistic(const data_shape& data) {
  net_builder b{"logistic", data};
  b.flatten().linear("fc", data.classes);
  return b.finish();
}

void mlp_options::describe(option_visitor& visitor) {
  visitor.integers("hidden", hidden, at_least(1),
                   "units of each hidden layer, first to last");
  visitor.real("dropout", dropout, between_open(0, 1),
               "share of hidden units dropped in training");
  if (hidden.empty())
    visitor.idle("dropout", "there are no hidden layers");
}

std::shared_ptr<const net> make_mlp(const data_shape& data,
                                    const mlp_options& options) {
  net_builder b{"mlp", data};
  b.flatten();
  auto name = [i = 0]() mutable { return "fc" + std::to_string(++i); };
  for (auto units : options.hidden)
    b.linear(name(), units).relu().dropout(options.dropout);
  b.linear(name(), data.classes);
  return b.finish();
}

} // namespace caps
