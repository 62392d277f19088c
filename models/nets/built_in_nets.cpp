#include "models/nets/least_squares.hpp"
#include "models/nets/lenet5.hpp"
#include "models/nets/mlp.hpp"
#include "models/nets/net.hpp"

#include <memory>

namespace caps {

namespace {

using net_ptr = std::shared_ptr<const net>;
using plain_maker = net_ptr (*)(const data_shape&);

template <class Options>
using maker = net_ptr (*)(const data_shape&, const Options&);

/// A net without options.
class plain_recipe final : public net_recipe {
public:
  explicit plain_recipe(plain_maker f) : make_(f) {}

  net_ptr make(const data_shape& data) const override { return make_(data); }

private:
  plain_maker make_;
};

/// A net with options, which start at their defaults or at given values.
template <class Options>
class option_recipe final : public net_recipe {
public:
  option_recipe(maker<Options> f, Options options)
    : make_(f), options_(std::move(options)) {}

  void describe(option_visitor& visitor) override {
    options_.describe(visitor);
  }

  net_ptr make(const data_shape& data) const override {
    return make_(data, options_);
  }

private:
  maker<Options> make_;
  Options options_;
};

auto plain(plain_maker f) {
  return [f]() -> std::unique_ptr<net_recipe> {
    return std::make_unique<plain_recipe>(f);
  };
}

template <class Options>
auto with_options(maker<Options> f, Options defaults = {}) {
  return [=]() -> std::unique_ptr<net_recipe> {
    return std::make_unique<option_recipe<Options>>(f, defaults);
  };
}

} // namespace

registry<net_recipe> built_in_nets() {
  registry<net_recipe> nets{"model"};
  nets.add(
    {"logistic", "multinomial logistic regression", plain(make_logistic)});
  nets.add({"mlp", "multi-layer perceptron with ReLU",
            with_options<mlp_options>(make_mlp)});
  nets.add({"lenet5", "LeNet-5 with ReLU and maximum pooling (LeCun 1998)",
            plain(make_lenet5)});
  nets.add({"least_squares",
            "linear least squares, with a known minimizer to prove rules on",
            with_options<least_squares_options>(make_least_squares)});
  return nets;
}

} // namespace caps
