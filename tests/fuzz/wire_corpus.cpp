// Writes the corpus of the fuzzer `wire` into the folder given: a message of
// each type as it goes to another process. To be run again when the form of a
// message changes.

#include "messages/types.hpp"
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

template <size_t I>
void write_sample(caps::test::system_fixture& in,
                  const std::filesystem::path& folder) {
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
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: wire_corpus FOLDER\n", stderr);
    return 2;
  }
  caps::test::system_fixture system;
  [&]<size_t... Is>(std::index_sequence<Is...>) {
    (write_sample<Is>(system, argv[1]), ...);
  }(std::make_index_sequence<ids::end - ids::begin>{});
}
