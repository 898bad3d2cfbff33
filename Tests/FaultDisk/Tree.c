#include "Disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Takes what is there for durable.
static void adopt(fault_disk *disk, const char *folder) {
    DIR *listing = opendir(folder);
    if (!listing) return;
    struct dirent *entry;
    while ((entry = readdir(listing))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[PATH_MAX];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &status)) continue;
        fault_file *file = fault_file_add(disk, path, status.st_dev, status.st_ino, S_ISDIR(status.st_mode));
        fault_name_set(disk, path, file);
        if (file->is_folder) {
            adopt(disk, path);
        } else if (S_ISREG(status.st_mode) && !disk->is_plain) {
            int reading = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
            if (reading < 0) continue;
            fault_mark(file, 0, (size_t)status.st_size);
            fault_flush(file, reading);
            syscall(SYS_close, reading);
        }
    }
    closedir(listing);
}

void fault_tree_adopt(fault_disk *disk) {
    struct stat status;
    // The root has no name that could be lost, but syncs.
    if (!stat(disk->root, &status)) fault_file_add(disk, disk->root, status.st_dev, status.st_ino, 1);
    adopt(disk, disk->root);
}

int fault_tree_clear(const char *folder) {
    DIR *listing = opendir(folder);
    if (!listing) return -1;
    int result = 0;
    struct dirent *entry;
    while (!result && (entry = readdir(listing))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[PATH_MAX];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &status)) continue;
        if (S_ISDIR(status.st_mode)) result = fault_tree_clear(path) || rmdir(path);
        else result = unlink(path);
    }
    closedir(listing);
    return result;
}
