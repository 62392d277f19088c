#include "runtime/wire/passed_file.hpp"

#include <cstring>

#include <sys/socket.h>

namespace caps {

bool send_file(int socket, int file) {
  char sign = 0;
  iovec part{&sign, 1};
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
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

int receive_file(int socket) {
  char sign = 0;
  iovec part{&sign, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  auto header = CMSG_FIRSTHDR(&message);
  if (count != 1 || header == nullptr || header->cmsg_type != SCM_RIGHTS
      || header->cmsg_len != CMSG_LEN(sizeof(int)))
    return -1;
  int result = -1;
  std::memcpy(&result, CMSG_DATA(header), sizeof result);
  return result;
}

} // namespace caps
