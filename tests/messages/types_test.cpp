#include "tests/support/catch.hpp"

#include "messages/types.hpp"
#include "tests/messages/samples.hpp"
#include "tests/messages/support.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/make_message.hpp>

#include <bit>
#include <limits>
#include <type_traits>
#include <utility>

using caps::test::of;
using caps::test::sample;
using caps::test::wire_bytes;

namespace {

using ids = caf::id_block::caps_messages;

caf::behavior idle(caf::event_based_actor*) {
  return {[](caf::unit_t) {}};
}

/// Tells whether a message would leave its doubles to CAF.
struct plain_double_finder {
  using result_type = bool;

  template <class... Ts>
  bool operator()(Ts&&...) const {
    return (std::is_floating_point_v<std::remove_cvref_t<Ts>> || ...);
  }
};

struct types_fixture : caps::test::system_fixture {
  caps::test::sample_actors actors{system.spawn(idle), system.spawn(idle)};

  ~types_fixture() {
    for (const auto& x : {actors.first, actors.second})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }

  /// Every byte string shorter than the whole must be refused.
  template <class T>
  void check_cut_off(const wire_bytes& whole) {
    for (size_t size = 0; size < whole.size(); ++size) {
      INFO("cut off after " << size << " of " << whole.size() << " bytes");
      T x;
      CHECK(read(
        {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, x));
    }
  }

  template <class T>
  void check_type() {
    INFO("message type " << caf::type_name<T>::value);
    if constexpr (requires { sample(of<T>{}, actors); })
      check_round_trip(sample(of<T>{}, actors));
    else
      FAIL_CHECK("there is no sample of it in tests/messages/samples.hpp");
    // CAF would never come back from an infinity.
    if constexpr (requires(plain_double_finder f, T x) { inspect(f, x); }) {
      plain_double_finder f;
      T x;
      CHECK_FALSE(inspect(f, x));
    }
  }

  /// Alone and inside a `caf::message`, as actors send it: that finds types
  /// CAF was not told about.
  template <class T>
  void check_round_trip(const T& x) {
    auto bytes = write(x);
    T y{};
    REQUIRE_FALSE(read(bytes, y));
    CHECK(caps::test::fields(y) == caps::test::fields(x));
    caf::message content;
    REQUIRE_FALSE(read(write(caf::make_message(x)), content));
    REQUIRE(content.match_elements<T>());
    CHECK(caps::test::fields(content.get_as<T>(0)) == caps::test::fields(x));
    check_cut_off<T>(bytes);
  }

  template <size_t... Is>
  void check_all(std::index_sequence<Is...>) {
    (check_type<typename caf::type_by_id<ids::begin + Is>::type>(), ...);
  }
};

} // namespace

TEST_CASE_METHOD(types_fixture, "every message type survives the wire",
                 "[types]") {
  check_all(std::make_index_sequence<ids::end - ids::begin>{});
}

TEST_CASE_METHOD(types_fixture, "a double survives the wire bit by bit",
                 "[types]") {
  using limits = std::numeric_limits<double>;
  auto value = GENERATE(limits::quiet_NaN(), limits::infinity(),
                        -limits::infinity(), -0.0, limits::denorm_min(),
                        limits::max(), limits::min(), 1.0 / 3);
  auto x = sample(of<caps::node_snapshot>{}, actors);
  x.train_loss = value;
  x.train_accuracy = -value;
  x.learning_rate = value;
  caps::node_snapshot y;
  REQUIRE_FALSE(read(write(x), y));
  auto bits = [](double z) { return std::bit_cast<uint64_t>(z); };
  CHECK(bits(y.train_loss) == bits(x.train_loss));
  CHECK(bits(y.train_accuracy) == bits(x.train_accuracy));
  CHECK(bits(y.learning_rate) == bits(x.learning_rate));
}
