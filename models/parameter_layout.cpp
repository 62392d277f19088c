#include "models/parameter_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>

namespace caps {

namespace {

int64_t product(const std::vector<int64_t>& shape, size_t first = 0) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(first),
                         shape.end(), int64_t{1}, std::multiplies<>{});
}

void mix(uint64_t& hash, std::string_view bytes) {
  for (auto c : bytes) // FNV-1a
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
}

} // namespace

size_t parameter_layout::add(std::string name, std::vector<int64_t> shape,
                             parameter_kind kind) {
  parameter_entry entry;
  entry.name = std::move(name);
  entry.numel = product(shape);
  entry.offset = numel_;
  entry.kind = kind;
  if (kind == parameter_kind::bias && !entries_.empty())
    entry.fan_in = entries_.back().fan_in;
  else
    entry.fan_in = shape.size() > 1 ? product(shape, 1) : entry.numel;
  entry.shape = std::move(shape);
  numel_ += entry.numel;
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

size_t parameter_layout::add_buffer(std::string name,
                                    std::vector<int64_t> shape,
                                    double initial) {
  auto numel = product(shape);
  buffers_.push_back(
    {std::move(name), std::move(shape), buffer_numel_, numel, initial});
  buffer_numel_ += numel;
  return buffers_.size() - 1;
}

uint64_t parameter_layout::digest() const {
  auto hash = uint64_t{0xcbf29ce484222325u};
  auto add_all = [&](const auto& entries) {
    for (const auto& entry : entries) {
      mix(hash, entry.name);
      mix(hash, shape_text(entry.shape));
    }
    mix(hash, "|");
  };
  add_all(entries_);
  add_all(buffers_);
  return hash;
}

parameter_layout part_of(const parameter_layout& whole, int64_t offset,
                         int64_t numel) {
  parameter_layout result;
  for (const auto& entry : whole.entries()) {
    auto first = std::max(entry.offset, offset);
    auto last = std::min(entry.offset + entry.numel, offset + numel);
    if (last - first == entry.numel)
      result.add(entry.name, entry.shape, entry.kind);
    else if (last > first)
      result.add(entry.name, {last - first}, entry.kind);
  }
  if (offset == 0)
    for (const auto& buffer : whole.buffers())
      result.add_buffer(buffer.name, buffer.shape, buffer.initial);
  return result;
}

std::string_view to_text(parameter_kind kind) {
  switch (kind) {
    case parameter_kind::weight:
      return "weight";
    case parameter_kind::bias:
      return "bias";
    case parameter_kind::norm_weight:
      return "norm_weight";
    case parameter_kind::norm_bias:
      return "norm_bias";
  }
  return "?";
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string result = "[";
  for (auto extent : shape) {
    if (result.size() > 1)
      result += ", ";
    result += std::to_string(extent);
  }
  return result + "]";
}

} // namespace caps
