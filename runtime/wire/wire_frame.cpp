#include "runtime/wire/wire_frame.hpp"

#include "messages/error_code.hpp"
#include "models/errors.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace caps {

namespace {

/// The same bytes where the socket can read them.
payload_segment in_host_memory(payload_segment x) {
  if (x.storage->host_data() != nullptr)
    return x;
  auto copy = std::make_shared<host_storage>(x.bytes);
  x.storage->copy_to(copy->data());
  return {std::move(copy), x.bytes};
}

} // namespace

int64_t wire_time() noexcept {
  using namespace std::chrono;
  return nanoseconds{steady_clock::now().time_since_epoch()}.count();
}

wire_frame::wire_frame(caf::actor_system& system, node_id from, node_id to,
                       const caf::message& content,
                       std::shared_ptr<slot_writer> slots)
  : writer_(std::move(slots)) {
  text_.resize(sizeof(wire_head));
  std::vector<payload_segment> payloads;
  {
    payloads_apart apart{payloads};
    caf::binary_serializer sink{system, text_};
    auto copy = content;
    if (auto problem = sink(copy))
      throw error("cannot send a message: " + describe(system, problem));
  }
  auto message_bytes = text_.size() - sizeof(wire_head);
  for (const auto& x : payloads)
    add_entry(x);
  finish_head(message_bytes, from, to);
}

wire_frame::wire_frame(const wire_probe& probe, int64_t now) {
  wire_head head;
  head.magic = wire_probe::sign;
  head.sent_at = now;
  text_.resize(sizeof head + sizeof probe);
  std::memcpy(text_.data(), &head, sizeof head);
  std::memcpy(text_.data() + sizeof head, &probe, sizeof probe);
  bytes_ = text_.size();
}

wire_frame::~wire_frame() {
  // A frame that was moved from has no entries.
  if (rest() > 0)
    for (const auto& x : entries_)
      if (x.slot != wire_entry::no_slot)
        writer_->give_back(x.slot);
}

void wire_frame::add_entry(const payload_segment& x) {
  wire_entry entry;
  entry.bytes = x.bytes;
  if (writer_ != nullptr && x.bytes >= slot_payload_min)
    if (auto slot = writer_->take(x.bytes)) {
      entry.slot = *slot;
      slot_bytes_ += x.bytes;
      x.storage->copy_to(writer_->data(*slot));
    }
  entries_.push_back(entry);
  if (entry.slot == wire_entry::no_slot) {
    loose_.push_back(in_host_memory(x));
    bytes_ += x.bytes;
  }
}

void wire_frame::finish_head(size_t message_bytes, node_id from, node_id to) {
  wire_head head;
  head.from = from;
  head.to = to;
  head.message_bytes = static_cast<uint32_t>(message_bytes);
  head.payloads = static_cast<uint32_t>(entries_.size());
  head.sent_at = wire_time();
  std::memcpy(text_.data(), &head, sizeof head);
  auto table = reinterpret_cast<const char*>(entries_.data());
  text_.insert(text_.end(), table,
               table + entries_.size() * sizeof(wire_entry));
  bytes_ += text_.size();
}

void wire_frame::add_rest(std::vector<iovec>& result) const {
  auto skip = sent_;
  auto add = [&](const void* data, size_t size) {
    auto left_out = std::min(skip, size);
    skip -= left_out;
    if (left_out < size)
      result.push_back({static_cast<char*>(const_cast<void*>(data)) + left_out,
                        size - left_out});
  };
  add(text_.data(), text_.size());
  for (const auto& x : loose_)
    add(x.storage->host_data(), x.bytes);
}

void wire_frame::advance(size_t bytes) noexcept {
  sent_ += bytes;
}

} // namespace caps
