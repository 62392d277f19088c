#include "runtime/launch/join_order.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace caps {

namespace {

nlohmann::json json_of(const network_order& x) {
  nlohmann::json result;
  result["run"] = x.run;
  result["identity"] = x.identity;
  result["listener"] = x.listener;
  result["peers"] = json_of(x.peers);
  return result;
}

network_order network_from(const nlohmann::json& x) {
  return {x.at("run"), x.at("identity"), x.at("listener"),
          peers_from(x.at("peers"))};
}

[[noreturn]] void fail_with(const char* what) {
  throw error(fmt::format("cannot {} the order of a process: {}", what,
                          std::strerror(errno)));
}

} // namespace

nlohmann::json json_of(const std::vector<network_order::peer>& peers) {
  auto result = nlohmann::json::array();
  for (const auto& x : peers)
    result.push_back(
      {{"name", x.name}, {"address", x.address}, {"port", x.port}});
  return result;
}

std::vector<network_order::peer> peers_from(const nlohmann::json& x) {
  std::vector<network_order::peer> result;
  for (const auto& peer : x)
    result.push_back({peer.at("name"), peer.at("address"), peer.at("port")});
  return result;
}

int write_order(const join_order& x) {
  nlohmann::json content;
  content["process"] = x.process;
  content["processes"] = x.where.processes();
  content["process of node"] = x.where.processes_of_nodes();
  content["sockets"] = x.sockets;
  content["life"] = x.life;
  content["streams"] = x.streams;
  content["part"] = x.part;
  content["run"] = x.run;
  if (x.network)
    content["network"] = json_of(*x.network);
  auto text = content.dump();
  auto file = ::memfd_create("caps order", MFD_CLOEXEC);
  if (file < 0)
    fail_with("write");
  auto count = ::pwrite(file, text.data(), text.size(), 0);
  if (count != static_cast<ssize_t>(text.size())) {
    ::close(file);
    fail_with("write");
  }
  return file;
}

join_order read_order(int file) {
  std::string text;
  char part[4096];
  ssize_t count = 0;
  while ((count = ::pread(file, part, sizeof part,
                          static_cast<off_t>(text.size())))
         > 0)
    text.append(part, static_cast<size_t>(count));
  if (count < 0)
    fail_with("read");
  ::close(file);
  auto content = nlohmann::json::parse(text, nullptr, false);
  try {
    join_order result{
      content.at("process"),
      placement{content.at("process of node"), content.at("processes")},
      content.at("sockets")};
    result.life = content.at("life");
    result.streams = content.at("streams");
    result.part = content.at("part");
    result.run = content.at("run");
    if (content.contains("network"))
      result.network = network_from(content["network"]);
    return result;
  } catch (const std::exception&) {
    throw error("the order of this process cannot be understood; --join is for "
                "processes that another one starts");
  }
}

} // namespace caps
