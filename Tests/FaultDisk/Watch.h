// What the calls ask before and tell after.
#ifndef FAULT_DISK_WATCH_H
#define FAULT_DISK_WATCH_H

#include "Disk.h"

/// Whether any call has to be looked at.
int fault_is_watching(void);

/// A file that a descriptor stands for, if it is watched; then the lock is held, and `fault_unlock` is the caller's.
fault_file *fault_watched(int descriptor, fault_disk **disk);

/// A path's disk; then the lock is held, and `name` the path without detours.
fault_disk *fault_watched_path(const char *path, char *name);

#endif
