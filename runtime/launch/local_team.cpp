#include "runtime/launch/local_team.hpp"

#include "models/errors.hpp"
#include "runtime/launch/local_member.hpp"
#include "runtime/launch/socket_mesh.hpp"
#include "runtime/wire/passed_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

/// A file that is closed when nobody has it any more.
class open_file {
public:
  open_file() = default;
  explicit open_file(int file) : file_(file) {}
  ~open_file() {
    if (file_ >= 0)
      ::close(file_);
  }

  open_file(open_file&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}
  open_file& operator=(open_file&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }

  int get() const noexcept { return file_; }
  int release() noexcept { return std::exchange(file_, -1); }

private:
  int file_ = -1;
};

struct socket_pair {
  open_file here;
  open_file there;
};

socket_pair make_pair_of(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
    throw error(
      fmt::format("cannot connect processes: {}", std::strerror(errno)));
  return {open_file{ends[0]}, open_file{ends[1]}};
}

/// Starts processes, for the first time and again.
class local_starter {
public:
  explicit local_starter(local_team_settings settings)
    : settings_(std::move(settings)), streams_(count()), lives_(count()) {}

  team start() {
    team result;
    result.where = settings_.where;
    // The head is one more of those that are connected.
    socket_mesh mesh{count() + 1};
    for (size_t i = 0; i < count(); ++i) {
      result.members.push_back(start_one(i, mesh.of(i)));
      mesh.close(i);
    }
    for (size_t i = 0; i < count(); ++i)
      result.streams.push_back(
        std::make_unique<plain_stream>(mesh.take(count(), i)));
    return result;
  }

  /// Starts a process again. The others are sent their ends of new connections
  /// with it; those that are lost themselves get theirs when they come back.
  void start_again(team& all, size_t process) {
    std::vector<open_file> ends;
    for (size_t i = 0; i < count(); ++i) {
      auto pair = i == process ? socket_pair{} : make_pair_of(SOCK_STREAM);
      auto sent = i != process
                  && send_file(streams_[i].get(), pair.here.get(),
                               static_cast<uint32_t>(process));
      ends.push_back(sent ? std::move(pair.there) : open_file{});
    }
    auto head = make_pair_of(SOCK_STREAM);
    ends.push_back(std::move(head.there));
    std::vector<int> sockets;
    for (const auto& x : ends)
      sockets.push_back(x.get());
    ++lives_[process];
    all.members[process] = start_one(process, std::move(sockets));
    arrivals_.push_back(
      {process, std::make_unique<plain_stream>(head.here.release())});
  }

  std::optional<team::arrival> next_arrival() {
    if (arrivals_.empty())
      return std::nullopt;
    auto result = std::move(arrivals_.front());
    arrivals_.pop_front();
    return result;
  }

private:
  size_t count() const noexcept { return settings_.where.processes(); }

  std::unique_ptr<team_member> start_one(size_t process,
                                         std::vector<int> sockets) {
    join_order order{static_cast<uint32_t>(process), settings_.where,
                     std::move(sockets)};
    order.life = lives_[process];
    if (settings_.parts) {
      order.part = settings_.parts.file(process);
      order.run = settings_.parts.run;
    }
    socket_pair streams;
    if (settings_.may_return) {
      // Each file that comes is one message.
      streams = make_pair_of(SOCK_SEQPACKET);
      order.streams = streams.there.get();
    }
    auto child = start_joining(settings_.scenario_file, settings_.threads,
                               order, settings_.allowed);
    streams_[process] = std::move(streams.here);
    return std::make_unique<local_member>(fmt::format("process {}", process),
                                          std::move(child));
  }

  local_team_settings settings_;
  /// Over which each is sent connections to those that come back.
  std::vector<open_file> streams_;
  std::vector<uint32_t> lives_;
  std::deque<team::arrival> arrivals_;
};

} // namespace

team start_local_team(local_team_settings settings) {
  auto may_return = settings.may_return;
  auto starter = std::make_shared<local_starter>(std::move(settings));
  auto result = starter->start();
  if (may_return) {
    result.revive = [starter](team& all, size_t process) {
      starter->start_again(all, process);
      return true;
    };
    result.next_arrival = [starter] { return starter->next_arrival(); };
  }
  return result;
}

size_t files_of_local_team(size_t processes) {
  // Heartbeats, memory that is shared, sockets for those that come back, and
  // the sockets of all with all.
  return 4 * processes + socket_mesh::files(processes + 1);
}

} // namespace caps
