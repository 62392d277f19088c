#include "runtime/wire/receive_pool.hpp"

#include <cstring>
#include <utility>

namespace caps {

namespace {

/// The heap has these at hand itself.
constexpr size_t small_payload = size_t{64} << 10;

} // namespace

/// A piece of memory of the pool while somebody holds it.
class receive_pool::lease final : public payload_storage {
public:
  lease(std::shared_ptr<receive_pool> pool,
        std::unique_ptr<host_storage> memory, size_t bytes)
    : pool_(std::move(pool)), memory_(std::move(memory)), bytes_(bytes) {}

  ~lease() override { pool_->give_back(std::move(memory_)); }

  std::byte* data() noexcept { return memory_->data(); }

  const std::byte* host_data() const noexcept override {
    return memory_->host_data();
  }

  void copy_to(std::byte* destination) const override {
    std::memcpy(destination, memory_->host_data(), bytes_);
  }

private:
  std::shared_ptr<receive_pool> pool_;
  std::unique_ptr<host_storage> memory_;
  size_t bytes_;
};

receive_pool::place receive_pool::take(size_t bytes) {
  if (bytes < small_payload || bytes > bytes_) {
    auto result = std::make_shared<host_storage>(bytes);
    auto data = result->data();
    return {std::move(result), data};
  }
  std::unique_ptr<host_storage> memory;
  {
    std::lock_guard lock{mutex_};
    if (!free_.empty()) {
      memory = std::move(free_.back());
      free_.pop_back();
    }
  }
  // Pages that are never written take no memory.
  if (memory == nullptr)
    memory = std::make_unique<host_storage>(bytes_);
  auto result
    = std::make_shared<lease>(shared_from_this(), std::move(memory), bytes);
  auto data = result->data();
  return {std::move(result), data};
}

void receive_pool::give_back(std::unique_ptr<host_storage> x) {
  std::lock_guard lock{mutex_};
  if (free_.size() < spare_)
    free_.push_back(std::move(x));
}

} // namespace caps
