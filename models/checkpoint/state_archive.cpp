#include "models/checkpoint/state_archive.hpp"

#include "models/errors.hpp"
#include "models/parameter_layout.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace caps {

namespace {

/// Metadata key of the names of undefined tensors, one per line.
constexpr const char* undefined_key = "caps.undefined";

template <class T>
at::Tensor vector_tensor(const T* data, size_t size, at::ScalarType dtype) {
  auto result = at::empty({static_cast<int64_t>(size)}, dtype);
  if (size > 0)
    std::memcpy(result.data_ptr(), data, size * sizeof(T));
  return result;
}

/// "F32 [3, 2]".
std::string kind_text(const at::Tensor& x) {
  return fmt::format("{} {}", dtype_name(x.scalar_type()),
                     shape_text(x.sizes().vec()));
}

} // namespace

void scoped_visitor::enter(std::string_view name) {
  ends_.push_back(prefix_.size());
  prefix_ += name;
  prefix_ += '.';
}

void scoped_visitor::leave() {
  assert(!ends_.empty());
  prefix_.resize(ends_.back());
  ends_.pop_back();
}

std::string scoped_visitor::full(std::string_view name) const {
  return prefix_ + std::string{name};
}

void state_writer::tensor(std::string_view name, at::Tensor& value) {
  if (value.defined())
    file_.tensors.push_back({full(name), value});
  else
    undefined_.push_back(full(name));
}

void state_writer::integer(std::string_view name, int64_t& value) {
  file_.tensors.push_back({full(name), at::full({}, value, at::kLong)});
}

void state_writer::real(std::string_view name, double& value) {
  file_.tensors.push_back({full(name), at::full({}, value, at::kDouble)});
}

void state_writer::bytes(std::string_view name, std::string& value) {
  file_.tensors.push_back(
    {full(name), vector_tensor(value.data(), value.size(), at::kByte)});
}

void state_writer::integers(std::string_view name,
                            std::vector<int64_t>& value) {
  file_.tensors.push_back(
    {full(name), vector_tensor(value.data(), value.size(), at::kLong)});
}

tensor_file state_writer::contents() const {
  auto result = file_;
  if (!undefined_.empty())
    result.metadata[undefined_key]
      = fmt::format("{}", fmt::join(undefined_, "\n"));
  return result;
}

state_reader::state_reader(tensor_file contents, std::string origin,
                           c10::Device device)
  : origin_(std::move(origin)), device_(device) {
  for (auto& x : contents.tensors)
    tensors_.emplace(std::move(x.name), std::move(x.value));
  std::string_view names = contents.metadata[undefined_key];
  while (!names.empty()) {
    auto end = std::min(names.find('\n'), names.size());
    tensors_.emplace(names.substr(0, end), at::Tensor{});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

void state_reader::tensor(std::string_view name, at::Tensor& value) {
  auto saved = take(full(name));
  if (saved.defined() && value.defined()
      && (saved.scalar_type() != value.scalar_type()
          || saved.sizes() != value.sizes()))
    throw input_error(fmt::format("{} holds '{}' as {}, but this run has it "
                                  "as {}",
                                  origin_, full(name), kind_text(saved),
                                  kind_text(value)));
  if (saved.defined())
    saved = saved.to(value.defined() ? value.device() : device_);
  value = std::move(saved);
}

void state_reader::integer(std::string_view name, int64_t& value) {
  value = *take(full(name), at::kLong, 0).data_ptr<int64_t>();
}

void state_reader::real(std::string_view name, double& value) {
  value = *take(full(name), at::kDouble, 0).data_ptr<double>();
}

void state_reader::bytes(std::string_view name, std::string& value) {
  auto x = take(full(name), at::kByte, 1);
  value.assign(static_cast<const char*>(x.data_ptr()), x.nbytes());
}

void state_reader::integers(std::string_view name,
                            std::vector<int64_t>& value) {
  auto x = take(full(name), at::kLong, 1);
  auto first = x.data_ptr<int64_t>();
  value.assign(first, first + x.numel());
}

void state_reader::finish() const {
  if (!tensors_.empty())
    throw input_error(fmt::format(
      "{} holds '{}', which this run has no use for: it was written by "
      "another configuration",
      origin_, tensors_.begin()->first));
}

at::Tensor state_reader::take(const std::string& name, at::ScalarType dtype,
                              int64_t dimensions) {
  auto x = take(name);
  if (!x.defined() || x.scalar_type() != dtype || x.dim() != dimensions)
    throw input_error(fmt::format(
      "{} holds '{}' as {}, expected {} with {} dimensions", origin_, name,
      x.defined() ? kind_text(x) : "an undefined tensor", dtype_name(dtype),
      dimensions));
  return x;
}

at::Tensor state_reader::take(const std::string& name) {
  auto i = tensors_.find(name);
  if (i == tensors_.end())
    throw input_error(fmt::format(
      "{} does not hold '{}': it was written by another configuration", origin_,
      name));
  auto result = std::move(i->second);
  tensors_.erase(i);
  return result;
}

} // namespace caps
