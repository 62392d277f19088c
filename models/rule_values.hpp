#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <type_traits>

/// What the rules of a fused pass compute with: constants, and stand-ins for
/// elements.
namespace caps {

/// A constant of a rule. It takes the type of the elements it meets, so that
/// a rule over floats is computed in floats.
class coefficient {
public:
  // NOLINTNEXTLINE(google-explicit-constructor): constants are numbers.
  coefficient(double x) : double_(x), float_(static_cast<float>(x)) {}

  template <class T>
  T as() const {
    if constexpr (std::is_same_v<T, float>)
      return float_;
    else
      return double_;
  }

private:
  double double_;
  float float_;
};

inline float operator*(coefficient c, float x) {
  return c.as<float>() * x;
}
inline double operator*(coefficient c, double x) {
  return c.as<double>() * x;
}
inline float operator+(float x, coefficient c) {
  return x + c.as<float>();
}
inline double operator+(double x, coefficient c) {
  return x + c.as<double>();
}

/// Stands in for an element where a rule runs as tensor operations.
struct whole_tensor {
  at::Tensor value;
};

inline whole_tensor operator+(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.add(y.value)};
}
inline whole_tensor operator-(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.sub(y.value)};
}
inline whole_tensor operator*(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.mul(y.value)};
}
inline whole_tensor operator/(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.div(y.value)};
}
inline whole_tensor operator*(coefficient c, const whole_tensor& x) {
  return {x.value.mul(c.as<double>())};
}
inline whole_tensor operator+(const whole_tensor& x, coefficient c) {
  return {x.value.add(c.as<double>())};
}
inline whole_tensor sqrt(const whole_tensor& x) {
  return {x.value.sqrt()};
}
inline whole_tensor max(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.maximum(y.value)};
}
inline whole_tensor nearbyint(const whole_tensor& x) {
  return {x.value.round()};
}
inline whole_tensor operator==(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.eq(y.value)};
}
inline whole_tensor operator!=(const whole_tensor& x, const whole_tensor& y) {
  return {x.value.ne(y.value)};
}

} // namespace caps
