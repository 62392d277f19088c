#include "runtime/wire/passed_file.hpp"

#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

bool send_file(int socket, int file, uint32_t number) {
  iovec part{&number, sizeof number};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof file)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof file);
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
         == sizeof number;
}

std::optional<passed_file> receive_file(int socket) {
  passed_file result;
  iovec part{&result.number, sizeof result.number};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  auto header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS
      || header->cmsg_len != CMSG_LEN(sizeof(int)))
    return std::nullopt;
  std::memcpy(&result.file, CMSG_DATA(header), sizeof result.file);
  if (count == sizeof result.number)
    return result;
  ::close(result.file);
  return std::nullopt;
}

} // namespace caps
