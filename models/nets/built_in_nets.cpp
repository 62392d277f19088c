#include "models/nets/alexnet.hpp"
#include "models/nets/least_squares.hpp"
#include "models/nets/lenet5.hpp"
#include "models/nets/mlp.hpp"
#include "models/nets/net.hpp"
#include "models/nets/resnet.hpp"
#include "models/nets/small_cnn.hpp"
#include "models/nets/vgg.hpp"

#include <functional>
#include <memory>
#include <string>

namespace caps {

namespace {

using net_ptr = std::shared_ptr<const net>;
using make_recipe = std::function<std::unique_ptr<net_recipe>()>;

/// A net without options.
class plain_recipe final : public net_recipe {
public:
  using maker = std::function<net_ptr(const data_shape&)>;

  explicit plain_recipe(maker f) : make_(std::move(f)) {}

  net_ptr make(const data_shape& data) const override { return make_(data); }

private:
  maker make_;
};

/// A net with options.
template <class Options>
class option_recipe final : public net_recipe {
public:
  using maker = std::function<net_ptr(const data_shape&, const Options&)>;

  explicit option_recipe(maker f) : make_(std::move(f)) {}

  void describe(option_visitor& visitor) override {
    options_.describe(visitor);
  }

  net_ptr make(const data_shape& data) const override {
    return make_(data, options_);
  }

private:
  maker make_;
  Options options_;
};

make_recipe plain(const plain_recipe::maker& f) {
  return [f] { return std::make_unique<plain_recipe>(f); };
}

template <class Options>
make_recipe with_options(const typename option_recipe<Options>::maker& f) {
  return [f] { return std::make_unique<option_recipe<Options>>(f); };
}

make_recipe resnet(const std::string& name, const resnet_depth& depth) {
  return plain(
    [=](const data_shape& data) { return make_resnet(name, depth, data); });
}

make_recipe group_resnet(const std::string& name, const resnet_depth& depth) {
  return with_options<group_resnet_options>(
    [=](const data_shape& data, const group_resnet_options& options) {
      return make_group_resnet(name, depth, data, options);
    });
}

make_recipe vgg(const std::string& name, const vgg_depth& depth) {
  return with_options<vgg_options>(
    [=](const data_shape& data, const vgg_options& options) {
      return make_vgg(name, depth, data, options);
    });
}

make_recipe least_squares() {
  return with_options<least_squares_options>(
    [](const data_shape& data, const least_squares_options& options) {
      return make_least_squares(data, options);
    });
}

} // namespace

registry<net_recipe> built_in_nets() {
  registry<net_recipe> nets{"model"};
  auto add = [&](const char* name, const char* doc, const make_recipe& recipe) {
    nets.add({name, doc, recipe});
  };
  add("logistic", "multinomial logistic regression", plain(make_logistic));
  add("mlp", "multi-layer perceptron with ReLU",
      with_options<mlp_options>(make_mlp));
  add("lenet5", "LeNet-5 with ReLU and maximum pooling (LeCun et al. 1998)",
      plain(make_lenet5));
  add("cnn1", "CNN of PyTorch's MNIST example", plain(make_cnn1));
  add("cnn2", "the same adapted to CIFAR (EPFL OptML project)",
      plain(make_cnn2));
  add("resnet18", "ResNet-18 for CIFAR, batch norm (He et al. 2016)",
      resnet("resnet18", resnet18_depth));
  add("resnet50", "ResNet-50 for CIFAR, batch norm (He et al. 2016)",
      resnet("resnet50", resnet50_depth));
  add("resnet10_gn", "ResNet-10, group norm, dropout (ETRI, NTT)",
      group_resnet("resnet10_gn", resnet10_depth));
  add("resnet18_gn", "ResNet-18, group norm, dropout (ETRI, NTT)",
      group_resnet("resnet18_gn", resnet18_depth));
  add("resnet34_gn", "ResNet-34, group norm, dropout (ETRI, NTT)",
      group_resnet("resnet34_gn", resnet34_depth));
  add("resnet32", "the name resnet34_gn was published under (ETRI)",
      group_resnet("resnet32", resnet34_depth));
  add("resnet50_gn", "ResNet-50, group norm, dropout (ETRI, NTT)",
      group_resnet("resnet50_gn", resnet50_depth));
  add("alexnet", "AlexNet for 32 x 32 pixels (Krizhevsky et al. 2012)",
      with_options<alexnet_options>(make_alexnet));
  add("vgg11", "VGG-11 for 32 x 32 pixels (Simonyan and Zisserman 2015)",
      vgg("vgg11", vgg11_depth));
  add("vgg13", "VGG-13 for 32 x 32 pixels (Simonyan and Zisserman 2015)",
      vgg("vgg13", vgg13_depth));
  add("vgg16", "VGG-16 for 32 x 32 pixels (Simonyan and Zisserman 2015)",
      vgg("vgg16", vgg16_depth));
  add("least_squares", "linear least squares, whose minimizer is known",
      least_squares());
  return nets;
}

} // namespace caps
