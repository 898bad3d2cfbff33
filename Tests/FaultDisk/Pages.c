#include "Disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

fault_file *fault_file_add(fault_disk *disk, const char *path, dev_t dev, ino_t ino, int is_folder) {
    // The number may have belonged to a file that is gone.
    fault_file *old = fault_find(dev, ino, NULL);
    if (old) old->ino = 0;
    fault_file *file = fault_memory(NULL, sizeof *file);
    memset(file, 0, sizeof *file);
    file->dev = dev;
    file->ino = ino;
    file->is_folder = is_folder;
    strncpy(file->path, path, sizeof file->path - 1);
    file->next = disk->files;
    disk->files = file;
    return file;
}

void fault_mark(fault_file *file, size_t offset, size_t bytes) {
    if (!bytes) return;
    size_t last = (offset + bytes - 1) / FAULT_PAGE;
    if (last >= file->pages) {
        size_t pages = last + 64;
        file->dirty = fault_memory(file->dirty, pages);
        memset(file->dirty + file->pages, 0, pages - file->pages);
        file->pages = pages;
    }
    for (size_t page = offset / FAULT_PAGE; page <= last; page++) file->dirty[page] = 1;
}

/// Makes the image as long as the file is, zeros behind what it had.
static void resize(fault_file *file, size_t size) {
    file->image = fault_memory(file->image, size);
    if (size > file->size) memset(file->image + file->size, 0, size - file->size);
    file->size = size;
}

void fault_flush(fault_file *file, int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status)) return;
    // The caller's descriptor may be for writing only.
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    int reading = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
    if (reading < 0) abort();
    resize(file, (size_t)status.st_size);
    for (size_t page = 0; page < file->pages; page++) {
        size_t offset = page * FAULT_PAGE;
        if (!file->dirty[page] || offset >= file->size) continue;
        size_t bytes = file->size - offset < FAULT_PAGE ? file->size - offset : FAULT_PAGE;
        if (syscall(SYS_pread64, reading, file->image + offset, bytes, offset) != (long)bytes) abort();
    }
    syscall(SYS_close, reading);
    fault_forget_dirty(file);
}

void fault_forget_dirty(fault_file *file) {
    if (file->dirty) memset(file->dirty, 0, file->pages);
}

void fault_keep_last(fault_file *file) {
    struct stat status;
    if (!file->path[0] || file->is_folder || stat(file->path, &status)) return;
    int reading = (int)syscall(SYS_openat, AT_FDCWD, file->path, O_RDONLY | O_CLOEXEC, 0);
    if (reading < 0) return;
    free(file->last);
    file->last = fault_memory(NULL, (size_t)status.st_size);
    long count = syscall(SYS_pread64, reading, file->last, (size_t)status.st_size, 0);
    file->last_size = count > 0 ? (size_t)count : 0;
    syscall(SYS_close, reading);
}

void fault_file_free(fault_file *file) {
    free(file->image);
    free(file->dirty);
    free(file->last);
    free(file);
}
