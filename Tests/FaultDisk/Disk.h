// What the parts of the fault disk share. `fault_lock` is held for all of it.
#ifndef FAULT_DISK_PARTS_H
#define FAULT_DISK_PARTS_H

#define _GNU_SOURCE
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FAULT_PAGE = 4096, FAULT_SECTOR = 512, FAULT_DISKS_MAX = 256, FAULT_RULES_MAX = 16 };

/// A file or folder: what the disk has of it, and what only the page cache has.
typedef struct fault_file {
    dev_t dev;
    /// 0 once another file has the number.
    ino_t ino;
    int is_folder;
    /// Where it is now; empty once it has no name.
    char path[PATH_MAX];
    unsigned char *image;
    size_t size;
    /// A byte for each page that was written and not synced.
    unsigned char *dirty;
    size_t pages;
    /// The contents when it lost its name, if pages were dirty.
    unsigned char *last;
    size_t last_size;
    struct fault_file *next;
} fault_file;

/// A name, or a change of one that is not durable yet: `file` is NULL where it was removed.
typedef struct fault_name {
    char path[PATH_MAX];
    fault_file *file;
    unsigned group;
    /// Of a change, at the cut.
    int is_drawn;
    int is_kept;
    struct fault_name *next;
} fault_name;

typedef struct {
    int call;
    char match[128];
    int error;
    int after;
    int times;
} fault_rule;

typedef struct {
    int is_used;
    int one_journal;
    /// Only faults: what is written is written, and no account is kept of it.
    int is_plain;
    /// Where the rules of a plain disk stand, one a line: call, errno, part of the path.
    char rules_file[PATH_MAX];
    int lies;
    int syncs;
    /// Calls until the power goes, -1 for none; then what is to be drawn.
    int calls_left;
    int is_cut;
    uint64_t seed;
    char root[PATH_MAX];
    fault_file *files;
    fault_name *names;
    fault_name *changes;
    unsigned group;
    fault_rule rules[FAULT_RULES_MAX];
    int rule_count;
} fault_disk;

extern fault_disk fault_disks[FAULT_DISKS_MAX];
/// Set while the fault disk itself calls: nothing of that is watched.
extern _Thread_local int fault_bypass;

// Disk.c
void *fault_memory(void *old, size_t bytes);
fault_disk *fault_disk_of_path(const char *path);
fault_file *fault_find(dev_t dev, ino_t ino, fault_disk **disk);
int fault_due(fault_disk *disk, int call, const char *path);

// Preload.c
void fault_rules_read(fault_disk *disk);

// Pages.c
fault_file *fault_file_add(fault_disk *disk, const char *path, dev_t dev, ino_t ino, int is_folder);
void fault_mark(fault_file *file, size_t offset, size_t bytes);
void fault_flush(fault_file *file, int descriptor);
void fault_forget_dirty(fault_file *file);
void fault_keep_last(fault_file *file);
void fault_file_free(fault_file *file);

// Names.c
void fault_name_change(fault_disk *disk, const char *path, fault_file *file, unsigned group);
void fault_names_settle(fault_disk *disk, const char *folder);
void fault_names_free(fault_name **names);
void fault_name_set(fault_disk *disk, const char *path, fault_file *file);

// Cut.c
void fault_cut(fault_disk *disk);

// Tree.c
void fault_tree_adopt(fault_disk *disk);
int fault_tree_clear(const char *folder);

#endif
