#include <malloc.h>
#include <rocksdb/c.h>

// What a closed engine leaves free in the heap goes back to the system: the C library keeps it otherwise, arena by arena.
static inline void shoal_release_free_memory(void) { malloc_trim(0); }

// Threads share at most so many heaps of the C library.
static inline void shoal_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }
