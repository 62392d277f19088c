#include "models/nets/mlp.hpp"

#include "models/nets/net_builder.hpp"

#include <fmt/format.h>

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
  visitor.boolean("batch_norm", batch_norm,
                  "batch normalization before each ReLU (Ioffe and Szegedy "
                  "2015)");
  if (hidden.empty())
    for (auto name : {"dropout", "batch_norm"})
      visitor.idle(name, "there are no hidden layers");
}

std::shared_ptr<const net> make_mlp(const data_shape& data,
                                    const mlp_options& options) {
  net_builder b{"mlp", data};
  b.flatten();
  auto number = 1;
  for (auto units : options.hidden) {
    b.linear(fmt::format("fc{}", number), units);
    if (options.batch_norm)
      b.batch_norm(fmt::format("bn{}", number));
    b.relu().dropout(options.dropout);
    ++number;
  }
  b.linear(fmt::format("fc{}", number), data.classes);
  return b.finish();
}

} // namespace caps
