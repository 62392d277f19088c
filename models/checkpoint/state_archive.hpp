#pragma once

#include "models/checkpoint/safetensors.hpp"
#include "models/state.hpp"

#include <c10/core/Device.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

// A component's state as the contents of a safetensors file, so that any
// program that reads the format can look into it: tensors as they are,
// integers and reals as tensors without dimensions (I64, F64), lists and bytes
// as vectors (I64, U8). Tensors that are not there yet stand in the metadata.

/// Keeps track of the names of nested components.
class scoped_visitor : public state_visitor {
public:
  void enter(std::string_view name) override;
  void leave() override;

protected:
  /// `name` with the names of all components around it.
  std::string full(std::string_view name) const;

private:
  /// Ends of the outer prefixes.
  std::vector<size_t> ends_;
  std::string prefix_;
};

/// Collects everything that is visited. Holds the tensors themselves, not
/// copies: write `contents()` to disk before the component goes on.
class state_writer final : public scoped_visitor {
public:
  void tensor(std::string_view name, at::Tensor& value) override;
  void integer(std::string_view name, int64_t& value) override;
  void real(std::string_view name, double& value) override;
  void bytes(std::string_view name, std::string& value) override;
  void integers(std::string_view name, std::vector<int64_t>& value) override;

  /// Everything visited so far.
  tensor_file contents() const;

private:
  tensor_file file_;
  std::vector<std::string> undefined_;
};

/// Restores everything that is visited, bit for bit. Visited tensors are
/// replaced, never written into: whoever holds the old one keeps it unchanged.
///
/// Throws `input_error` when the archive does not hold what is asked for, or
/// in another type or shape: it belongs to another configuration. The
/// component is then half restored and good for nothing.
class state_reader final : public scoped_visitor {
public:
  /// `origin` names the archive in messages; tensors that the component has
  /// not got yet are made on `device`, others stay on theirs.
  state_reader(tensor_file contents, std::string origin,
               c10::Device device = at::kCPU);

  void tensor(std::string_view name, at::Tensor& value) override;
  void integer(std::string_view name, int64_t& value) override;
  void real(std::string_view name, double& value) override;
  void bytes(std::string_view name, std::string& value) override;
  void integers(std::string_view name, std::vector<int64_t>& value) override;

  /// Throws `input_error` if the archive holds something nobody asked for.
  void finish() const;

private:
  /// Takes out the tensor of that name, which must have this type and number
  /// of dimensions.
  at::Tensor take(const std::string& name, at::ScalarType dtype,
                  int64_t dimensions);
  at::Tensor take(const std::string& name);

  std::map<std::string, at::Tensor> tensors_;
  std::string origin_;
  c10::Device device_;
};

} // namespace caps
