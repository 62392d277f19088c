#include "models/checkpoint/checkpoint.hpp"

#include "models/checkpoint/safetensors.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace caps {

namespace {

// Metadata keys. The first one's value is the version of the format.
constexpr const char* version_key = "caps.checkpoint";
constexpr const char* model_key = "caps.model";
constexpr const char* layout_key = "caps.layout";
constexpr const char* step_key = "caps.step";

constexpr const char* version = "1";

using metadata_map = std::map<std::string, std::string>;

std::string layout_text(uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

/// The number under `key`; the header's checksum was right, so that a wrong
/// value means a file that was not written here.
template <class T>
T number_of(const metadata_map& metadata, const char* key, int base,
            const std::string& origin) {
  T result{};
  auto i = metadata.find(key);
  if (i != metadata.end()) {
    auto last = i->second.data() + i->second.size();
    auto [end, failure] = std::from_chars(i->second.data(), last, result, base);
    if (failure == std::errc{} && end == last)
      return result;
  }
  throw data_error(
    fmt::format("{}: the header's '{}' is no number", origin, key));
}

checkpoint_identity identity_of(const metadata_map& metadata,
                                const std::string& origin) {
  auto i = metadata.find(version_key);
  if (i == metadata.end())
    throw data_error(fmt::format("{} is no checkpoint: its header has no '{}'",
                                 origin, version_key));
  if (i->second != version)
    throw data_error(fmt::format("{} is a checkpoint of version '{}'; this "
                                 "program reads version {}",
                                 origin, i->second, version));
  checkpoint_identity result;
  if (auto m = metadata.find(model_key); m != metadata.end())
    result.model = m->second;
  result.layout = number_of<uint64_t>(metadata, layout_key, 16, origin);
  result.step = number_of<int64_t>(metadata, step_key, 10, origin);
  return result;
}

/// Reads and checks everything; a failure offers an older checkpoint.
tensor_file read_checked(const std::filesystem::path& file) {
  try {
    return read_safetensors(file, checksums::required);
  } catch (const data_error& e) {
    auto good = latest_good(file.parent_path());
    if (!good)
      throw;
    throw data_error(fmt::format("{}; the newest good checkpoint beside it is "
                                 "{}",
                                 e.what(), good->string()));
  }
}

} // namespace

std::filesystem::path checkpoint_path(const std::filesystem::path& folder,
                                      int64_t step) {
  return folder / fmt::format("step-{:09}{}", step, checkpoint_extension);
}

void save_checkpoint(const std::filesystem::path& file,
                     const checkpoint_identity& identity,
                     const visit_state_function& visit) {
  state_writer writer;
  visit(writer);
  auto contents = writer.contents();
  contents.metadata[version_key] = version;
  contents.metadata[model_key] = identity.model;
  contents.metadata[layout_key] = layout_text(identity.layout);
  contents.metadata[step_key] = std::to_string(identity.step);
  write_safetensors(file, contents);
}

checkpoint_identity load_checkpoint(const std::filesystem::path& file,
                                    const checkpoint_identity& expected,
                                    const visit_state_function& visit,
                                    c10::Device device) {
  auto contents = read_checked(file);
  auto found = identity_of(contents.metadata, file.string());
  if (found.layout != expected.layout)
    throw input_error(fmt::format(
      "{} is a checkpoint of model '{}' (layout {}), but this run trains "
      "model '{}' (layout {})",
      file.string(), found.model, layout_text(found.layout), expected.model,
      layout_text(expected.layout)));
  state_reader reader{std::move(contents), file.string(), device};
  visit(reader);
  reader.finish();
  return found;
}

checkpoint_identity read_identity(const std::filesystem::path& file) {
  auto header = read_safetensors_header(file, checksums::required);
  return identity_of(header.metadata, file.string());
}

std::optional<std::filesystem::path>
latest_good(const std::filesystem::path& folder) {
  std::vector<std::pair<int64_t, std::filesystem::path>> candidates;
  std::error_code ignored; // a folder that is not there holds no checkpoint
  std::filesystem::directory_iterator entries{
    folder.empty() ? std::filesystem::path{"."} : folder, ignored};
  for (const auto& entry : entries) {
    if (entry.path().extension() != checkpoint_extension)
      continue;
    try {
      candidates.emplace_back(read_identity(entry.path()).step, entry.path());
    } catch (const data_error&) {
      // Damaged in its header: not a good one.
    }
  }
  std::sort(candidates.rbegin(), candidates.rend());
  for (const auto& [step, path] : candidates) {
    try {
      verify_safetensors(path, checksums::required);
      return path;
    } catch (const data_error&) {
      // Damaged in its tensors: try the next older one.
    }
  }
  return std::nullopt;
}

} // namespace caps
