#pragma once

#include "models/checkpoint/safetensors_header.hpp"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// A tensor under a name that is unique in its file.
struct named_tensor {
  std::string name;
  at::Tensor value;
};

/// What a safetensors file holds.
struct tensor_file {
  std::vector<named_tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Whether a file must carry checksums. Files written here do, under the
/// metadata key "caps.xxh3": XXH3 of the header (with these digits as zeros),
/// then of each 64 KiB of the tensors, 16 hexadecimal digits each. Files of
/// other programs do not, and the format itself has none.
enum class checksums : uint8_t { verified_if_present, required };

/// Writes a file that appears complete or not at all (see `atomic_file`). The
/// tensors may lie on any device; wider types come first, so that all are
/// aligned, otherwise in the given order. Throws `error` when the system
/// refuses to write and `input_error` for names that are there twice or types
/// the format does not know.
void write_safetensors(const std::filesystem::path& path,
                       const tensor_file& contents);

/// Reads a file completely into host memory. Throws `data_error` naming the
/// file, the offset of the first thing wrong in it and what was expected, when
/// it is missing, cut off or damaged.
tensor_file read_safetensors(const std::filesystem::path& path,
                             checksums how = checksums::verified_if_present);

/// A file of `contents` in memory. Throws `input_error` as
/// `write_safetensors`.
std::string to_safetensors(const tensor_file& contents);

/// Reads a file in memory, checksums required. `name` stands for it in what is
/// thrown: `data_error` as by `read_safetensors`.
tensor_file from_safetensors(std::string_view bytes, const std::string& name);

/// Reads and checks the header alone.
safetensors_header read_safetensors_header(const std::filesystem::path& path,
                                           checksums how);

/// Checks everything `read_safetensors` checks, in little memory.
void verify_safetensors(const std::filesystem::path& path, checksums how);

} // namespace caps
