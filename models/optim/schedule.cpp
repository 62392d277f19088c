#include "models/optim/schedule.hpp"

#include <cmath>
#include <numbers>

namespace caps {

double schedule::rate(double base_rate, int64_t position) const {
  if (position >= start_.length)
    return base_rate * start_.multiplier * rest_(position - start_.length);
  auto share
    = static_cast<double>(position) / static_cast<double>(start_.length);
  return base_rate
         * (start_.start + (start_.multiplier - start_.start) * share);
}

namespace {

constexpr std::string_view unit_names[] = {"epoch", "round", "step"};

schedule_unit unit_named(std::string_view name) {
  for (size_t i = 0; i < std::size(unit_names); ++i)
    if (unit_names[i] == name)
      return static_cast<schedule_unit>(i);
  throw input_error("unknown unit of a schedule: " + std::string{name});
}

/// What all built-in schedules share: unit and warm-up.
class common_recipe : public schedule_recipe {
public:
  void describe(option_visitor& visitor) final {
    describe_curve(visitor);
    visitor.choice("unit", unit_,
                   {std::begin(unit_names), std::end(unit_names)},
                   "what the schedule counts");
    visitor.integer("warmup", start_.length, at_least(0),
                    "units over which the rate first rises");
    visitor.real("warmup_start", start_.start, between(-1, 1),
                 "share of the base rate it rises from; negative: 1/warmup, or "
                 "1 with a warmup_multiplier");
    visitor.real("warmup_multiplier", start_.multiplier, {.min = 1},
                 "how many times the base rate it rises to");
    if (start_.length == 0) {
      visitor.idle("warmup_start", "warmup is 0");
      visitor.idle("warmup_multiplier", "warmup is 0");
    } else if (auto start = resolved(); start.start == start.multiplier) {
      visitor.idle("warmup", "it rises from the rate to the rate; give a "
                             "warmup_start below 1 or a warmup_multiplier");
    }
    if (start_.length == 0 && is_constant())
      visitor.idle("unit", "the rate stays as it is");
  }

  schedule make() const final {
    std::vector<schedule_goal> goals;
    if (start_.length > 0)
      goals.push_back({"warmup", start_.length});
    if (auto goal = curve_goal(); !goal.option.empty())
      goals.push_back({goal.option, start_.length + goal.position});
    return {unit_named(unit_), resolved(), make_curve(), std::move(goals)};
  }

private:
  /// The warm-up with what it leaves open.
  warm_up resolved() const {
    if (start_.length == 0)
      return {}; // there is nothing to multiply
    auto result = start_;
    if (result.start < 0)
      result.start = result.multiplier > 1
                       ? 1
                       : 1 / static_cast<double>(result.length);
    return result;
  }

  virtual bool is_constant() const { return false; }
  virtual void describe_curve(option_visitor&) {}
  virtual schedule::curve make_curve() const = 0;
  /// Where the curve leads to, after the warm-up; nameless for nowhere.
  virtual schedule_goal curve_goal() const { return {}; }

  std::string unit_ = "epoch";
  warm_up start_{.length = 0, .start = -1, .multiplier = 1};
};

class constant_recipe : public common_recipe {
  bool is_constant() const override { return true; }

  schedule::curve make_curve() const override {
    return [](int64_t) { return 1.0; };
  }
};

class step_recipe : public common_recipe {
  void describe_curve(option_visitor& visitor) override {
    visitor.integer("every", every_, at_least(1), "units between two drops");
    visitor.real("gamma", gamma_, positive(), "factor of a drop");
  }

  schedule::curve make_curve() const override {
    return [every = every_, gamma = gamma_](int64_t t) {
      return std::pow(gamma, static_cast<double>(t / every));
    };
  }

  schedule_goal curve_goal() const override {
    return {"every", every_ + 1}; // the first unit after a drop
  }

  int64_t every_ = 30;
  double gamma_ = 0.1;
};

class exponential_recipe : public common_recipe {
  void describe_curve(option_visitor& visitor) override {
    visitor.real("gamma", gamma_, positive(), "factor per unit");
  }

  schedule::curve make_curve() const override {
    return [gamma = gamma_](int64_t t) {
      return std::pow(gamma, static_cast<double>(t));
    };
  }

  double gamma_ = 0.95;
};

/// A fall from the base rate to a share of it over a given length.
class falling_recipe : public common_recipe {
protected:
  void describe_curve(option_visitor& visitor) override {
    visitor.integer("length", length_, at_least(1),
                    "units until the rate reaches its end");
    visitor.real("end", end_, between(0, 1),
                 "share of the base rate that is left at the end");
  }

  /// `shape` maps 0...1 to 1...0.
  template <class Shape>
  schedule::curve fall(Shape shape) const {
    return [length = length_, end = end_, shape](int64_t t) {
      if (t >= length)
        return end;
      auto x = static_cast<double>(t) / static_cast<double>(length);
      return end + (1 - end) * shape(x);
    };
  }

private:
  schedule_goal curve_goal() const override { return {"length", length_}; }

  int64_t length_ = 200;
  double end_ = 0;
};

class cosine_recipe : public falling_recipe {
  schedule::curve make_curve() const override {
    return fall(
      [](double x) { return (1 + std::cos(std::numbers::pi * x)) / 2; });
  }
};

class polynomial_recipe : public falling_recipe {
  void describe_curve(option_visitor& visitor) override {
    falling_recipe::describe_curve(visitor);
    visitor.real("power", power_, positive(), "exponent; 1 is a straight line");
  }

  schedule::curve make_curve() const override {
    return fall([power = power_](double x) { return std::pow(1 - x, power); });
  }

  double power_ = 2;
};

template <class Recipe>
std::unique_ptr<schedule_recipe> make_recipe() {
  return std::make_unique<Recipe>();
}

} // namespace

registry<schedule_recipe> built_in_schedules() {
  registry<schedule_recipe> result{"schedule"};
  result.add(
    {"constant", "the base rate throughout", make_recipe<constant_recipe>});
  result.add({"step", "drops by a factor every so many units, as StepLR",
              make_recipe<step_recipe>});
  result.add({"exponential", "drops by a factor every unit, as ExponentialLR",
              make_recipe<exponential_recipe>});
  result.add({"cosine",
              "falls along half a cosine (Loshchilov and Hutter 2017)",
              make_recipe<cosine_recipe>});
  result.add({"polynomial",
              "falls along a power of what is left, as published with LARS",
              make_recipe<polynomial_recipe>});
  return result;
}

} // namespace caps
