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
    std::string name = caf::type_name<type>::value;
    caps::test::write_text(folder / name.substr(name.rfind(':') + 1), input);
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
