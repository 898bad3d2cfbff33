// The C library's calls that change a file's contents, in its place.
#include "Lock.h"
#include "Watch.h"
#include "include/FaultDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/// With the lock held: the fault that is due, or what the call returned. Notes what was written.
static ssize_t end_write(const fault_disk *disk, fault_file *file, int descriptor, off_t offset, ssize_t count) {
    int reason = errno;
    if (count > 0) {
        fault_mark(file, (size_t)offset, (size_t)count);
        // Each write is its own sync.
        if (fcntl(descriptor, F_GETFL) & O_DSYNC && !disk->is_plain) fault_flush(file, descriptor);
    }
    fault_unlock();
    errno = reason;
    return count;
}

static int refuse(int error) {
    fault_unlock();
    errno = error;
    return -1;
}

static off_t place(int descriptor, const fault_file *file) {
    struct stat status;
    (void)file;
    if (fcntl(descriptor, F_GETFL) & O_APPEND && !fstat(descriptor, &status)) return status.st_size;
    return (off_t)syscall(SYS_lseek, descriptor, 0, SEEK_CUR);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
    int error = fault_due(disk, FAULT_DISK_WRITE, file->path);
    if (error) return refuse(error);
    return end_write(disk, file, descriptor, offset, syscall(SYS_pwrite64, descriptor, bytes, count, offset));
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return syscall(SYS_write, descriptor, bytes, count);
    int error = fault_due(disk, FAULT_DISK_WRITE, file->path);
    if (error) return refuse(error);
    off_t offset = place(descriptor, file);
    return end_write(disk, file, descriptor, offset, syscall(SYS_write, descriptor, bytes, count));
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
    int error = fault_due(disk, FAULT_DISK_WRITE, file->path);
    if (error) return refuse(error);
    return end_write(disk, file, descriptor, offset, syscall(SYS_pwritev, descriptor, parts, count, offset, 0));
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return syscall(SYS_writev, descriptor, parts, count);
    int error = fault_due(disk, FAULT_DISK_WRITE, file->path);
    if (error) return refuse(error);
    off_t offset = place(descriptor, file);
    return end_write(disk, file, descriptor, offset, syscall(SYS_writev, descriptor, parts, count));
}

int ftruncate(int descriptor, off_t length) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return (int)syscall(SYS_ftruncate, descriptor, length);
    int error = fault_due(disk, FAULT_DISK_ALLOCATE, file->path);
    if (error) return refuse(error);
    int result = (int)syscall(SYS_ftruncate, descriptor, length);
    // Zeros that come anew must not be what the disk has from before.
    if (!result) fault_mark(file, (size_t)length, file->size > (size_t)length ? file->size - (size_t)length : 0);
    fault_unlock();
    return result;
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
    int error = fault_due(disk, FAULT_DISK_ALLOCATE, file->path);
    if (error) return refuse(error);
    int result = (int)syscall(SYS_fallocate, descriptor, mode, offset, length);
    if (!result) fault_mark(file, (size_t)offset, (size_t)length);
    fault_unlock();
    return result;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, 0, offset, length) ? errno : 0;
}

/// A failed sync leaves the pages clean, and nothing of them on the disk.
static int end_sync(int descriptor, long call) {
    fault_disk *disk;
    fault_file *file = fault_watched(descriptor, &disk);
    if (!file) return (int)syscall(call, descriptor);
    int error = fault_due(disk, file->is_folder ? FAULT_DISK_FOLDER_SYNC : FAULT_DISK_SYNC, file->path);
    if (error) {
        if (!file->is_folder) fault_forget_dirty(file);
        return refuse(error);
    }
    disk->syncs++;
    if (disk->is_plain) {
        fault_unlock();
        return (int)syscall(call, descriptor);
    }
    if (!disk->lies) {
        if (!file->is_folder) fault_flush(file, descriptor);
        if (file->is_folder || disk->one_journal) fault_names_settle(disk, file->path);
    }
    fault_unlock();
    return 0;
}

int fdatasync(int descriptor) { return end_sync(descriptor, SYS_fdatasync); }
int fsync(int descriptor) { return end_sync(descriptor, SYS_fsync); }

ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
ssize_t pwritev64(int, const struct iovec *, int, off_t) __attribute__((alias("pwritev")));
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
int fallocate64(int, int, off_t, off_t) __attribute__((alias("fallocate")));
int posix_fallocate64(int, off_t, off_t) __attribute__((alias("posix_fallocate")));
