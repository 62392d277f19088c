#include "runtime/wire/shared_slots.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caps {

namespace {

constexpr size_t page_bytes = 4096;

constexpr int slot_seals = F_SEAL_SHRINK | F_SEAL_GROW;

size_t whole_pages(size_t bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

[[noreturn]] void fail_to_share(std::string_view what) {
  throw error(
    fmt::format("cannot share memory between processes: {}: {}", what,
                std::strerror(errno)));
}

/// Flags are plain numbers that both processes change atomically.
std::atomic<uint32_t>& flag_in(const mapped_memory& table, uint32_t slot) {
  static_assert(std::atomic<uint32_t>::is_always_lock_free);
  return reinterpret_cast<std::atomic<uint32_t>*>(table.data())[slot];
}

/// A payload in a slot.
class slot_storage final : public payload_storage {
public:
  slot_storage(std::shared_ptr<slot_reader> owner, uint32_t slot,
               const std::byte* data, size_t bytes)
    : owner_(std::move(owner)), slot_(slot), data_(data), bytes_(bytes) {}

  ~slot_storage() override { owner_->free(slot_); }

  const std::byte* host_data() const noexcept override { return data_; }

  void copy_to(std::byte* destination) const override {
    std::memcpy(destination, data_, bytes_);
  }

private:
  std::shared_ptr<slot_reader> owner_;
  uint32_t slot_;
  const std::byte* data_;
  size_t bytes_;
};

} // namespace

mapped_memory::mapped_memory(int file, size_t offset, size_t bytes,
                             bool writable)
  : bytes_(bytes) {
  auto protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  auto address = mmap(nullptr, bytes, protection, MAP_SHARED, file,
                      static_cast<off_t>(offset));
  if (address == MAP_FAILED)
    fail_to_share("mmap");
  data_ = static_cast<std::byte*>(address);
}

mapped_memory::~mapped_memory() {
  munmap(data_, bytes_);
}

size_t slot_shape::stride() const noexcept {
  return whole_pages(bytes);
}

size_t slot_shape::table_bytes() const noexcept {
  return whole_pages(count * sizeof(uint32_t));
}

size_t slot_shape::total_bytes() const noexcept {
  return table_bytes() + count * stride();
}

slot_writer::slot_writer(const slot_shape& shape)
  : shape_(shape),
    file_(memfd_create("caps payloads", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (file_ < 0)
    fail_to_share("memfd_create");
  if (ftruncate(file_, static_cast<off_t>(shape_.total_bytes())) != 0
      || fcntl(file_, F_ADD_SEALS, slot_seals) != 0) {
    ::close(file_);
    fail_to_share("memfd");
  }
  table_.emplace(file_, 0, shape_.table_bytes(), true);
  slots_.emplace(file_, shape_.table_bytes(),
                 shape_.total_bytes() - shape_.table_bytes(), true);
}

slot_writer::~slot_writer() {
  ::close(file_);
}

std::atomic<uint32_t>& slot_writer::flag(uint32_t slot) const noexcept {
  return flag_in(*table_, slot);
}

std::optional<uint32_t> slot_writer::take(size_t bytes) {
  if (bytes > shape_.bytes)
    return std::nullopt;
  // The lowest free one: its pages are most likely there already.
  for (uint32_t i = 0; i < shape_.count; ++i) {
    uint32_t free = 0;
    if (flag(i).load(std::memory_order_relaxed) == free
        && flag(i).compare_exchange_strong(free, 1, std::memory_order_acquire))
      return i;
  }
  return std::nullopt;
}

void slot_writer::give_back(uint32_t slot) {
  flag(slot).store(0, std::memory_order_release);
}

std::byte* slot_writer::data(uint32_t slot) const noexcept {
  return slots_->data() + slot * shape_.stride();
}

slot_reader::slot_reader(int file, const slot_shape& shape) : shape_(shape) {
  struct closer {
    int file;
    ~closer() { ::close(file); }
  } close_it{file};
  struct stat facts {};
  auto seals = fcntl(file, F_GET_SEALS);
  if (fstat(file, &facts) != 0
      || static_cast<size_t>(facts.st_size) != shape_.total_bytes()
      || seals < 0 || (seals & slot_seals) != slot_seals)
    throw error("the other process shares memory of another size");
  table_.emplace(file, 0, shape_.table_bytes(), true);
  slots_.emplace(file, shape_.table_bytes(),
                 shape_.total_bytes() - shape_.table_bytes(), false);
}

std::shared_ptr<const payload_storage> slot_reader::read(uint32_t slot,
                                                         size_t bytes) {
  if (slot >= shape_.count || bytes > shape_.bytes)
    return nullptr;
  return std::make_shared<slot_storage>(shared_from_this(), slot,
                                        slots_->data() + slot * shape_.stride(),
                                        bytes);
}

void slot_reader::free(uint32_t slot) noexcept {
  flag_in(*table_, slot).store(0, std::memory_order_release);
}

} // namespace caps
