#include "runtime/cluster/host_service.hpp"

#include "models/device.hpp"
#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/cluster/host_talk.hpp"
#include "runtime/cluster/scratch_folder.hpp"
#include "runtime/launch/child_process.hpp"
#include "runtime/launch/process_silence.hpp"
#include "runtime/process/version.hpp"
#include "runtime/wire/dial.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace caps {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr auto dial_patience = 10s;
constexpr auto dial_interval = 1s;
constexpr auto visit_interval = 100ms;

void say(const std::string& text) {
  std::fputs((text + "\n").c_str(), stderr);
}

/// The part in one run: a process of this program, while it lives.
class run_part {
public:
  run_part(const nlohmann::json& order, const host_service_settings& settings,
           int listener) {
    auto file = folder_.path() / "scenario.toml";
    std::ofstream out{file};
    out << order.at("scenario").get<std::string>() << std::flush;
    if (!out)
      throw error(fmt::format("{}: cannot be written; is the disk full?",
                              file.string()));
    auto peers = peers_from(order.at("peers"));
    // The head's host is where this one found it.
    for (auto& x : peers)
      if (x.address.empty())
        x.address = settings.head.host;
    placement where{order.at("process of node"), order.at("processes")};
    auto count = where.processes();
    join_order own{order.at("process"), std::move(where),
                   std::vector<int>(count + 1, -1),
                   network_order{order.at("id"),
                                 fs::absolute(settings.identity).string(),
                                 listener, std::move(peers)}};
    own.life = order.at("life");
    process_.emplace(start_joining(file, order.at("threads"), own,
                                   silence_from(order.at("silence"))));
  }

  /// How it ended, if it has.
  std::optional<std::string> ended() { return process_->loss(); }

  void finish(std::chrono::milliseconds grace) { process_->finish(grace); }

private:
  scratch_folder folder_;
  std::optional<child_process> process_;
};

bool interrupted(const host_service_settings& x) {
  return x.interrupted != nullptr && *x.interrupted;
}

class host_service {
public:
  explicit host_service(const host_service_settings& settings)
    : settings_(settings), own_(load_identity(settings.identity)), tls_(own_),
      listener_(listen_at(settings.listen)) {}

  ~host_service() { ::close(listener_); }

  host_service(const host_service&) = delete;
  host_service& operator=(const host_service&) = delete;

  void serve() {
    std::string told;
    auto give_up = settings_.patience == settings_.patience.zero()
                     ? clock::time_point::max()
                     : clock::now() + settings_.patience;
    while (!interrupted(settings_)) {
      if (told.empty())
        say(told = fmt::format("host {} waits for a head at {}",
                               own_.subject.name, settings_.head.text()));
      try {
        auto talk = visit();
        told.clear();
        give_up = clock::time_point::max();
        if (take_part(talk) && settings_.once)
          return;
      } catch (const not_now&) {
        // Nothing to talk about.
      } catch (const error& e) {
        auto text = fmt::format("warning: {}", e.what());
        if (told != text)
          say(told = text);
      }
      if (clock::now() > give_up)
        throw error(fmt::format("host {}: there was no head at {} within {}",
                                own_.subject.name, settings_.head.text(),
                                to_text(settings_.patience)),
                    exit_code::lost);
      std::this_thread::sleep_for(dial_interval);
    }
  }

private:
  host_talk visit() {
    auto place = dial(settings_.head, tls_, {"", cluster_role::head},
                      {{"host", own_.subject.name},
                       {"version", version_text()},
                       {"threads", settings_.threads},
                       {"gpus", count_gpus()},
                       {"port", port_of(listener_)}},
                      clock::now() + dial_patience);
    say(fmt::format("host {}: joined {} at {}", own_.subject.name,
                    place.subject.name, settings_.head.text()));
    return host_talk{std::move(place.stream)};
  }

  /// Listens to a head until it is gone; returns whether there was a run.
  bool take_part(host_talk& talk) {
    std::optional<run_part> part;
    bool was_there = false;
    try {
      while (!interrupted(settings_)) {
        wait_at(talk.handle(), false, clock::now() + visit_interval);
        while (auto letter = talk.take()) {
          if (letter->contains("run") && !part) {
            begin(letter->at("run"), part, talk);
            was_there = true;
          }
          if (letter->contains("over") && part)
            part->finish(std::chrono::milliseconds{
              letter->at("over").get<int64_t>()});
        }
        if (part)
          if (auto how = part->ended()) {
            say(fmt::format("host {}: its process {}", own_.subject.name,
                            *how));
            part.reset();
            talk.post({{"ended", *how}});
          }
      }
    } catch (const error& e) {
      if (part)
        say(fmt::format("host {}: the head {}; its run ends here",
                        own_.subject.name, e.what()));
    } catch (const nlohmann::json::exception&) {
      say("warning: the head sent an order that cannot be understood");
    }
    return was_there;
  }

  void begin(const nlohmann::json& order, std::optional<run_part>& part,
             host_talk& talk) {
    try {
      part.emplace(order, settings_, listener_);
      say(fmt::format("host {}: takes part in '{}' as process {}",
                      own_.subject.name, order.value("name", std::string{}),
                      order.at("process").get<uint32_t>()));
    } catch (const error& e) {
      talk.post({{"ended", std::string{"cannot start: "} + e.what()}});
    }
  }

  host_service_settings settings_;
  identity own_;
  tls_context tls_;
  int listener_;
};

void enrol_here(const host_service_settings& settings) {
  auto token = token_from(settings.token);
  if (fs::exists(settings.identity / "host.key")) {
    auto own = load_identity(settings.identity);
    if (fingerprint_of(own.authority.get()) == token.authority_fingerprint)
      return; // is in already
    throw input_error(fmt::format("{}: this host has an identity of another "
                                  "cluster; name another folder with "
                                  "--identity",
                                  settings.identity.string()));
  }
  auto key = make_key();
  bool told = false;
  while (!interrupted(settings)) {
    try {
      auto taken = enrol(settings.head, token, key.get(),
                         clock::now() + dial_patience);
      store_identity(settings.identity, taken.authority, taken.certificate,
                     key.get());
      break;
    } catch (const not_now&) {
      if (!told)
        say(fmt::format("waits for a head at {} to be taken in",
                        settings.head.text()));
      told = true;
      std::this_thread::sleep_for(dial_interval);
    }
  }
  if (interrupted(settings))
    return;
  say(fmt::format("{}: taken in as host {}", settings.identity.string(),
                  load_identity(settings.identity).subject.name));
}

} // namespace

void serve_runs(const host_service_settings& settings) {
  if (!settings.token.empty())
    enrol_here(settings);
  if (!interrupted(settings))
    host_service{settings}.serve();
}

} // namespace caps
