#include "models/data/recipes.hpp"
#include "models/data/row_dataset.hpp"

#include <ATen/ops/empty.h>

namespace caps {

namespace {

/// b = A x_g + noise in every group g of rows, A standard normal. The
/// solutions x_g of the groups lie `spread` apart in each coordinate.
class least_squares_recipe : public dataset_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("rows", rows_, at_least(1),
                    "training samples of each group");
    visitor.integer("test_rows", test_rows_, at_least(1),
                    "test samples of each group");
    visitor.integer("groups", groups_, at_least(1),
                    "groups of rows that follow each other, each with a "
                    "solution of its own; partition \"contiguous\" gives each "
                    "of as many nodes one group");
    visitor.integer("features", features_, at_least(1), "length of a row");
    visitor.real("spread", spread_, non_negative(),
                 "standard deviation of the groups' solutions around the "
                 "common one");
    visitor.real("noise", noise_, non_negative(),
                 "standard deviation of the noise on the targets");
  }

  bool reads_files() const override { return false; }

  dataset_pair make(const data_source& source) const override {
    auto solutions = draw_solutions({source.seed, -1, "data solutions"});
    return {draw_rows(rows_, solutions, {source.seed, -1, "data train"}),
            draw_rows(test_rows_, solutions, {source.seed, -1, "data test"})};
  }

private:
  /// One solution a group, one after the other.
  std::vector<double> draw_solutions(random_stream stream) const {
    std::vector<double> common;
    for (int64_t i = 0; i < features_; ++i)
      common.push_back(stream.normal());
    std::vector<double> result;
    for (int64_t g = 0; g < groups_; ++g)
      for (auto x : common)
        result.push_back(x + spread_ * stream.normal());
    return result;
  }

  std::shared_ptr<const dataset> draw_rows(int64_t count,
                                           const std::vector<double>& solutions,
                                           random_stream stream) const {
    auto rows = at::empty({groups_ * count, features_}, at::kDouble);
    auto targets = at::empty({groups_ * count}, at::kDouble);
    auto row = rows.data_ptr<double>();
    auto target = targets.data_ptr<double>();
    for (int64_t g = 0; g < groups_; ++g)
      for (int64_t i = 0; i < count; ++i, row += features_) {
        auto solution = solutions.data() + g * features_;
        double sum = 0;
        for (int64_t k = 0; k < features_; ++k) {
          row[k] = stream.normal();
          sum += row[k] * solution[k];
        }
        *target++ = sum + noise_ * stream.normal();
      }
    return std::make_shared<row_dataset>(rows, targets);
  }

  int64_t rows_ = 200;
  int64_t test_rows_ = 100;
  int64_t groups_ = 1;
  int64_t features_ = 16;
  double spread_ = 0;
  double noise_ = 0.1;
};

} // namespace

std::unique_ptr<dataset_recipe> make_least_squares_recipe() {
  return std::make_unique<least_squares_recipe>();
}

} // namespace caps
