#ifndef SHOAL_CCRC32C_H
#define SHOAL_CCRC32C_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Swift has no spelling for a few of the processors' instructions (CRC32C and prefetch), and the C library declares a call
// of Linux only for programs that ask for all of GNU's.

extern int sync_file_range(int fd, long offset, long count, unsigned int flags);

// Has the system begin to write what a file has so far, to its end: SYNC_FILE_RANGE_WRITE, waits for nothing.
static inline int shoal_begin_writing(int fd) { return sync_file_range(fd, 0, 0, 2); }

// Starts loading a cache line; lookups of many keys overlap their misses that way.
static inline void shoal_prefetch(const void *address) { __builtin_prefetch(address); }

#if defined(__x86_64__)

static inline int shoal_crc32c_in_hardware(void) { return __builtin_cpu_supports("sse4.2") ? 1 : 0; }

__attribute__((target("sse4.2")))
static inline uint32_t shoal_crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = (const unsigned char *)bytes;
    uint64_t state = crc;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        state = __builtin_ia32_crc32di(state, word);
        at += 8;
        count -= 8;
    }
    while (count-- > 0) state = __builtin_ia32_crc32qi((uint32_t)state, *at++);
    return (uint32_t)state;
}

#else

static inline int shoal_crc32c_in_hardware(void) { return 0; }
static inline uint32_t shoal_crc32c_hardware(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}

#endif
#endif
