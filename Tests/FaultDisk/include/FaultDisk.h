// A disk that forgets and fails, for tests: it stands between the process and the files below some folders.
//
// Linked into a test's program, it takes the place of the C library's calls that change files, for the program and for
// the libraries that it loads. What a file system may lose at a power cut is kept apart from what the page cache shows:
// pages until their file's sync, names until their folder's sync. After a failed sync the pages count as clean, though
// nothing was written, as in Linux. Any thread; all functions lock.
#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <stdint.h>

/// The calls that can be made to fail. A folder's sync is one of its own.
enum fault_disk_call {
    FAULT_DISK_OPEN = 1,
    FAULT_DISK_WRITE,
    FAULT_DISK_SYNC,
    FAULT_DISK_FOLDER_SYNC,
    FAULT_DISK_RENAME,
    FAULT_DISK_UNLINK,
    FAULT_DISK_ALLOCATE,
};

/// Watches everything below `root`, an existing folder; what is there counts as durable.
/// - one_journal: names become durable in their order, and with any sync (ext4, XFS); else each for itself, with its
///   folder's sync only (POSIX). A rename is atomic either way.
/// Returns the disk's number, or -1.
int fault_disk_add(const char *root, int one_journal);

/// Forgets the disk. The files stay.
void fault_disk_remove(int disk);

/// Lets calls on paths that contain `match` fail with `error`: not the first `after`, then `times` of them (-1: all).
void fault_disk_fail(int disk, int call, const char *match, int error, int after, int times);

/// Ends all faults.
void fault_disk_heal(int disk);

/// From now on syncs return 0 and do nothing: to see that a test notices.
void fault_disk_lie(int disk, int lies);

/// Cuts the power before the call after `calls` more: what the disk has by then, drawn from `seed`, is what
/// `fault_disk_restart` leaves. The program goes on as if nothing had happened, until it is told to stop.
void fault_disk_cut_power(int disk, int calls, uint64_t seed);

/// Whether the power is gone.
int fault_disk_is_cut(int disk);

/// Leaves below the root what the disk had when the power went. All files there must be closed. 0, or -1 with errno.
int fault_disk_restart(int disk);

/// How many syncs of files and folders there were.
int fault_disk_syncs(int disk);

#endif
