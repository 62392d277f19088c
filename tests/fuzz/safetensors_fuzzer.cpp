// A safetensors file of any program, read from disk. What is accepted must
// survive being written and read again.

#include "models/checkpoint/safetensors.hpp"
#include "models/errors.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/support/files.hpp"

void caps::test::fuzz(std::string_view input) {
  static const temporary_folder folder;
  static const auto file = folder / "input";
  write_text(file, std::string{input});
  tensor_file content;
  try {
    content = read_safetensors(file);
  } catch (const error&) {
    return;
  }
  content.metadata.erase("caps.xxh3");
  std::string bytes;
  try {
    bytes = to_safetensors(content);
  } catch (const input_error&) {
    return; // names that only other programs use
  }
  auto again = from_safetensors(bytes, "what was written");
  require(again.tensors.size() == content.tensors.size(),
          "no tensor gets lost");
  again.metadata.erase("caps.xxh3");
  require(to_safetensors(again) == bytes, "a file is the same, written again");
}
