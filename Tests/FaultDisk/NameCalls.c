// The C library's calls that change names, in its place.
#include "Lock.h"
#include "Watch.h"
#include "include/FaultDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse(int error) {
    fault_unlock();
    errno = error;
    return -1;
}

/// The watched file at a path, with the lock held.
static fault_file *file_at(const char *path) {
    struct stat status;
    return lstat(path, &status) ? NULL : fault_find(status.st_dev, status.st_ino, NULL);
}

/// Its last name is gone: another file may get its number.
static void forget(fault_file *file) {
    file->path[0] = 0;
    file->ino = 0;
}

int openat(int folder, const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    char name[PATH_MAX];
    fault_disk *disk = folder == AT_FDCWD || path[0] == '/' ? fault_watched_path(path, name) : NULL;
    if (!disk) return (int)syscall(SYS_openat, folder, path, flags, mode);
    int error = fault_due(disk, FAULT_DISK_OPEN, name);
    if (error) return refuse(error);
    int is_there = !faccessat(AT_FDCWD, name, F_OK, 0);
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, name, flags, mode);
    int reason = errno;
    struct stat status;
    if (descriptor >= 0 && !fstat(descriptor, &status)) {
        if (!is_there) {
            fault_file *file = fault_file_add(disk, name, status.st_dev, status.st_ino, 0);
            fault_name_change(disk, name, file, ++disk->group);
        } else if (flags & O_TRUNC) {
            fault_file *file = fault_find(status.st_dev, status.st_ino, NULL);
            if (file) fault_mark(file, 0, file->size);
        }
    }
    fault_unlock();
    errno = reason;
    return descriptor;
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return openat(AT_FDCWD, path, flags, mode);
}

int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int rename(const char *old, const char *new) {
    char from[PATH_MAX], to[PATH_MAX];
    fault_disk *disk = fault_watched_path(old, from);
    if (disk) fault_unlock();
    disk = fault_watched_path(new, to);
    if (!disk) return (int)syscall(SYS_rename, old, new);
    int error = fault_due(disk, FAULT_DISK_RENAME, to);
    if (error) return refuse(error);
    fault_file *file = file_at(from);
    fault_file *replaced = file_at(to);
    if (replaced && !disk->is_plain) fault_keep_last(replaced);
    int result = (int)syscall(SYS_rename, from, to);
    int reason = errno;
    if (!result && replaced) forget(replaced);
    if (!result && file) {
        strncpy(file->path, to, sizeof file->path - 1);
        unsigned group = ++disk->group;
        fault_name_change(disk, from, NULL, group);
        fault_name_change(disk, to, file, group);
    }
    fault_unlock();
    errno = reason;
    return result;
}

static int end_removal(const char *path, long call, int flags) {
    char name[PATH_MAX];
    fault_disk *disk = fault_watched_path(path, name);
    if (!disk) return (int)syscall(call, AT_FDCWD, path, flags);
    int error = fault_due(disk, FAULT_DISK_UNLINK, name);
    if (error) return refuse(error);
    fault_file *file = file_at(name);
    if (file && !disk->is_plain) fault_keep_last(file);
    int result = (int)syscall(call, AT_FDCWD, name, flags);
    int reason = errno;
    if (!result && file) {
        forget(file);
        fault_name_change(disk, name, NULL, ++disk->group);
    }
    fault_unlock();
    errno = reason;
    return result;
}

int unlink(const char *path) { return end_removal(path, SYS_unlinkat, 0); }
int rmdir(const char *path) { return end_removal(path, SYS_unlinkat, AT_REMOVEDIR); }

int mkdir(const char *path, mode_t mode) {
    char name[PATH_MAX];
    fault_disk *disk = fault_watched_path(path, name);
    if (!disk) return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    int error = fault_due(disk, FAULT_DISK_OPEN, name);
    if (error) return refuse(error);
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
    int reason = errno;
    struct stat status;
    if (!result && !stat(name, &status)) {
        fault_file *file = fault_file_add(disk, name, status.st_dev, status.st_ino, 1);
        fault_name_change(disk, name, file, ++disk->group);
    }
    fault_unlock();
    errno = reason;
    return result;
}

int open64(const char *, int, ...) __attribute__((alias("open")));
int openat64(int, const char *, int, ...) __attribute__((alias("openat")));
int creat64(const char *, mode_t) __attribute__((alias("creat")));
