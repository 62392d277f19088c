#include "models/state_values.hpp"

#include <bit>

namespace caps {

void visit_value(state_visitor& visitor, std::string_view name, bool& value) {
  int64_t number = value ? 1 : 0;
  visitor.integer(name, number);
  value = number != 0;
}

void visit_value(state_visitor& visitor, std::string_view name, double& value) {
  visitor.real(name, value);
}

void visit_value(state_visitor& visitor, std::string_view name,
                 at::Tensor& value) {
  visitor.tensor(name, value);
}

void visit_value(state_visitor& visitor, std::string_view name,
                 flat_buffer& value) {
  auto current = value.read();
  visitor.tensor(name, current);
  if (!current.is_same(value.read()))
    value.commit(std::move(current));
}

void visit_value(state_visitor& visitor, std::string_view name,
                 std::chrono::nanoseconds& value) {
  int64_t count = value.count();
  visitor.integer(name, count);
  value = std::chrono::nanoseconds{count};
}

void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<bool>& value) {
  std::vector<int64_t> numbers{value.begin(), value.end()};
  visitor.integers(name, numbers);
  value.assign(numbers.begin(), numbers.end());
}

void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<double>& value) {
  std::vector<int64_t> words;
  for (auto x : value)
    words.push_back(std::bit_cast<int64_t>(x));
  visitor.integers(name, words);
  value.clear();
  for (auto x : words)
    value.push_back(std::bit_cast<double>(x));
}

void visit_value(state_visitor& visitor, std::string_view name,
                 std::map<int64_t, int64_t>& value) {
  std::vector<int64_t> flat;
  for (auto [key, x] : value) {
    flat.push_back(key);
    flat.push_back(x);
  }
  visitor.integers(name, flat);
  value.clear();
  for (size_t i = 0; i + 1 < flat.size(); i += 2)
    value[flat[i]] = flat[i + 1];
}

void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<at::Tensor>& value) {
  visit_list(visitor, name, value, {},
             [&](const std::string& index, at::Tensor& x) {
               visitor.tensor(index, x);
             });
}

void visit_buffers(state_visitor& visitor, std::string_view name,
                   std::vector<flat_buffer>& value, const at::Tensor& like) {
  visit_list(visitor, name, value, {like.numel(), like.options()},
             [&](const std::string& index, flat_buffer& x) {
               visit_value(visitor, index, x);
             });
}

} // namespace caps
