// Writes the corpora of the fuzzers `wire` and `frames` into the folders given:
// a message of each type as it goes to another process, without and with its
// frame. To be run again when the form of a message changes.

#include "messages/types.hpp"
#include "runtime/wire/wire_frame.hpp"
#include "tests/messages/samples.hpp"
#include "tests/support/files.hpp"

#include <caf/type_id.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace {

using ids = caf::id_block::caps_messages;

/// A message with all that is written before and after it.
std::string framed(caps::test::system_fixture& in, const caf::message& x) {
  caps::wire_frame frame{in.system, 1, 2, x, nullptr};
  std::vector<iovec> parts;
  frame.add_rest(parts);
  // The fuzzer's first two bytes: frames, in pieces of 20 bytes.
  std::string result{'\0', '\2'};
  for (const auto& part : parts)
    result.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return result;
}

template <size_t I>
void write_sample(caps::test::system_fixture& in,
                  const std::filesystem::path& folder,
                  const std::filesystem::path& frames) {
  using type = typename caf::type_by_id<ids::begin + I>::type;
  const caps::test::sample_actors none;
  if constexpr (requires { caps::test::sample(caps::test::of<type>{}, none); }) {
    auto message = in.write(caps::test::sample(caps::test::of<type>{}, none));
    // The fuzzer's first byte chooses the type.
    std::string input(1, static_cast<char>(I));
    input.append(message.begin(), message.end());
    // "caps::with_buffers<caps::dual>" is written to with_buffers_dual.
    std::string name;
    for (std::string_view rest = caf::type_name<type>::value; !rest.empty();) {
      auto colons = rest.find("::");
      rest.remove_prefix(colons == rest.npos ? 0 : colons + 2);
      auto end = rest.find_first_of("<>");
      name += (name.empty() ? "" : "_") + std::string{rest.substr(0, end)};
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    caps::test::write_text(folder / name, input);
    caps::test::write_text(
      frames / name,
      framed(in, caf::make_message(
                   caps::test::sample(caps::test::of<type>{}, none))));
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: wire_corpus FOLDER FOLDER\n", stderr);
    return 2;
  }
  caps::test::system_fixture system;
  [&]<size_t... Is>(std::index_sequence<Is...>) {
    (write_sample<Is>(system, argv[1], argv[2]), ...);
  }(std::make_index_sequence<ids::end - ids::begin>{});
}
