// A message of any type of this project, as another process may send it. What
// is accepted is written and read again, and compressed vectors in it are
// unpacked as their receivers do.

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "messages/actors.hpp"
#include "messages/compressed.hpp"
#include "messages/tensor_payload.hpp"
#include "messages/types.hpp"
#include "messages/with_buffers.hpp"
#include "models/errors.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/messages/support.hpp"

#include <ATen/ops/zeros.h>

#include <utility>

namespace {

using caps::test::wire_bytes;
using ids = caf::id_block::caps_messages;
constexpr size_t types = ids::end - ids::begin;

void unpack(const caps::compressed_payload& x) {
  auto target = at::zeros({10});
  try {
    caps::decompress(caps::to_compressed(x, 10, at::kFloat), target);
  } catch (const caps::error&) {
  }
}

template <class T>
void take(caps::test::system_fixture& in, const wire_bytes& input) {
  T x;
  if (in.read(input, x))
    return;
  auto written = in.write(x);
  T again;
  caps::test::require(!in.read(written, again), "what is written can be read");
  caps::test::require(in.write(again) == written,
                      "a message is the same, written again");
  if constexpr (requires { x.weights.storage(); })
    caps::to_tensor(x.weights);
  if constexpr (requires { unpack(x.content); })
    unpack(x.content);
  if constexpr (std::is_same_v<T, caps::compressed_gradient>)
    unpack(x.values);
}

using taker = void (*)(caps::test::system_fixture&, const wire_bytes&);

template <size_t... Is>
void dispatch(size_t which, caps::test::system_fixture& in,
              const wire_bytes& input, std::index_sequence<Is...>) {
  static constexpr taker takers[]
    = {&take<typename caf::type_by_id<ids::begin + Is>::type>...};
  takers[which](in, input);
}

} // namespace

void caps::test::fuzz(std::string_view input) {
  // Lives until the program ends: its threads are no part of an input.
  static auto& system = *new system_fixture;
  payload_bytes_max(1 << 20);
  auto which = choose(input, types);
  dispatch(which, system, {input.begin(), input.end()},
           std::make_index_sequence<types>{});
}
