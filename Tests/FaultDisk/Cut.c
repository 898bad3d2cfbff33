// The power cut: which names and which sectors the disk has kept.
#include "Disk.h"
#include "Lock.h"
#include "include/FaultDisk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t *state, uint64_t bound) { return next_random(state) % bound; }

/// With one journal the changes up to some moment are there; else each name stands at some moment of its own, but for a
/// rename, which leaves a file with one of its names at least.
static void draw_names(fault_disk *disk, uint64_t *random) {
    unsigned first = disk->changes ? disk->changes->group : 0;
    unsigned last = first + (unsigned)below(random, disk->group - first + 2);
    for (fault_name *change = disk->changes; change; change = change->next) {
        if (change->is_drawn) continue;
        int count = 0;
        for (fault_name *other = change; other; other = other->next) count += !strcmp(other->path, change->path);
        int some = (int)below(random, (uint64_t)count + 1);
        for (fault_name *other = change; other; other = other->next) {
            if (strcmp(other->path, change->path)) continue;
            other->is_drawn = 1;
            other->is_kept = disk->one_journal ? other->group < last : some-- > 0;
        }
    }
    for (fault_name *change = disk->changes; change; change = change->next) {
        fault_name *other = change->next;
        int is_rename = !change->file && other && other->group == change->group;
        if (!is_rename || other->is_kept || !change->is_kept) continue;
        change->is_kept = 0;
    }
    for (fault_name *change = disk->changes; change; change = change->next)
        if (change->is_kept) fault_name_set(disk, change->path, change->file);
    fault_names_free(&disk->changes);
}

/// What the page cache had of a file.
static unsigned char *contents(fault_file *file, size_t *size) {
    if (file->path[0]) fault_keep_last(file);
    *size = file->last_size;
    return file->last;
}

/// Mixes what was written and not synced into the image: nothing of it, all, or sector by sector.
static void draw_sectors(fault_file *file, uint64_t *random) {
    size_t size = 0;
    unsigned char *cache = contents(file, &size);
    if (!cache) return;
    int way = (int)below(random, 3);
    size_t kept = size != file->size && below(random, 2) ? size : file->size;
    if (kept != file->size) {
        file->image = fault_memory(file->image, kept);
        if (kept > file->size) memset(file->image + file->size, 0, kept - file->size);
        file->size = kept;
    }
    for (size_t offset = 0; offset < size && offset < file->size; offset += FAULT_SECTOR) {
        size_t page = offset / FAULT_PAGE;
        if (page >= file->pages || !file->dirty[page]) continue;
        if (way == 0 || (way == 2 && below(random, 2))) continue;
        size_t end = offset + FAULT_SECTOR;
        if (end > size) end = size;
        if (end > file->size) end = file->size;
        memcpy(file->image + offset, cache + offset, end - offset);
    }
}

static int write_file(const char *path, fault_file *file) {
    int writing = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writing < 0) return -1;
    size_t done = 0;
    while (done < file->size) {
        long count = syscall(SYS_pwrite64, writing, file->image + done, file->size - done, done);
        if (count <= 0) break;
        done += (size_t)count;
    }
    syscall(SYS_close, writing);
    return done == file->size ? 0 : -1;
}

/// Makes the folder's durable entries, and theirs; a folder that is lost takes what is in it along.
static int write_tree(fault_disk *disk, const char *folder) {
    size_t length = strlen(folder);
    for (fault_name *name = disk->names; name; name = name->next) {
        if (strncmp(name->path, folder, length) || name->path[length] != '/') continue;
        if (strchr(name->path + length + 1, '/')) continue;
        if (!name->file->is_folder) {
            if (write_file(name->path, name->file)) return -1;
        } else if (mkdir(name->path, 0700) || write_tree(disk, name->path)) {
            return -1;
        }
    }
    return 0;
}

static void forget_all(fault_disk *disk) {
    fault_names_free(&disk->names);
    fault_names_free(&disk->changes);
    while (disk->files) {
        fault_file *next = disk->files->next;
        fault_file_free(disk->files);
        disk->files = next;
    }
}

void fault_cut(fault_disk *disk) {
    uint64_t random = disk->seed;
    draw_names(disk, &random);
    for (fault_file *file = disk->files; file; file = file->next)
        if (!file->is_folder) draw_sectors(file, &random);
    disk->is_cut = 1;
}

void fault_disk_cut_power(int number, int calls, uint64_t seed) {
    fault_lock();
    fault_disks[number].calls_left = calls;
    fault_disks[number].seed = seed;
    if (!calls) fault_cut(&fault_disks[number]);
    fault_unlock();
}

int fault_disk_is_cut(int number) {
    fault_lock();
    int is_cut = fault_disks[number].is_cut;
    fault_unlock();
    return is_cut;
}

int fault_disk_restart(int number) {
    fault_lock();
    fault_disk *disk = &fault_disks[number];
    if (!disk->is_cut) fault_cut(disk);
    int result = fault_tree_clear(disk->root) || write_tree(disk, disk->root) ? -1 : 0;
    int reason = errno;
    forget_all(disk);
    disk->is_cut = 0;
    disk->calls_left = -1;
    fault_tree_adopt(disk);
    fault_unlock();
    errno = reason;
    return result;
}

int fault_disk_add(const char *root, int one_journal) {
    fault_lock();
    int number = 0;
    while (number < FAULT_DISKS_MAX && fault_disks[number].is_used) number++;
    fault_disk *disk = number < FAULT_DISKS_MAX ? &fault_disks[number] : NULL;
    if (disk) {
        memset(disk, 0, sizeof *disk);
        if (realpath(root, disk->root)) {
            disk->is_used = 1;
            disk->one_journal = one_journal;
            disk->calls_left = -1;
            fault_tree_adopt(disk);
            fault_active(1);
        } else {
            number = -1;
        }
    }
    fault_unlock();
    return disk ? number : -1;
}

void fault_disk_remove(int number) {
    fault_lock();
    forget_all(&fault_disks[number]);
    fault_disks[number].is_used = 0;
    fault_active(-1);
    fault_unlock();
}
