#include "models/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace caps {

void keep_freed_memory() {
#ifdef __GLIBC__
  // Blocks up to here come from the heap, not from the system; the largest
  // value there is.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  // What may lie unused at its end, and by how much it grows at least.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
#endif
}

uint64_t memory_limit_bytes() {
  auto result = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES))
                * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    result = std::min<uint64_t>(result, limit.rlim_cur);
  // That of a container; "max" for none is no number.
  std::ifstream container{"/sys/fs/cgroup/memory.max"};
  if (uint64_t bytes = 0; container >> bytes)
    result = std::min(result, bytes);
  return result;
}

} // namespace caps
