#include "models/memory.hpp"

#include <cstdlib>
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

} // namespace caps
