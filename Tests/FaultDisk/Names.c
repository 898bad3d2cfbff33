#include "Disk.h"

#include <stdlib.h>
#include <string.h>

void fault_name_set(fault_disk *disk, const char *path, fault_file *file) {
    for (fault_name **at = &disk->names; *at; at = &(*at)->next) {
        if (strcmp((*at)->path, path)) continue;
        fault_name *found = *at;
        if (file) {
            found->file = file;
        } else {
            *at = found->next;
            free(found);
        }
        return;
    }
    if (!file) return;
    fault_name *name = fault_memory(NULL, sizeof *name);
    memset(name, 0, sizeof *name);
    strncpy(name->path, path, sizeof name->path - 1);
    name->file = file;
    name->next = disk->names;
    disk->names = name;
}

void fault_name_change(fault_disk *disk, const char *path, fault_file *file, unsigned group) {
    if (disk->is_plain) return;
    fault_name *change = fault_memory(NULL, sizeof *change);
    memset(change, 0, sizeof *change);
    strncpy(change->path, path, sizeof change->path - 1);
    change->file = file;
    change->group = group;
    fault_name **at = &disk->changes;
    while (*at) at = &(*at)->next;
    *at = change;
}

/// Whether `path` stands in that folder itself.
static int is_in(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && path[length] == '/' && !strchr(path + length + 1, '/');
}

void fault_names_settle(fault_disk *disk, const char *folder) {
    for (fault_name **at = &disk->changes; *at;) {
        fault_name *change = *at;
        if (folder && !disk->one_journal && !is_in(change->path, folder)) {
            at = &change->next;
            continue;
        }
        fault_name_set(disk, change->path, change->file);
        *at = change->next;
        free(change);
    }
}

void fault_names_free(fault_name **names) {
    while (*names) {
        fault_name *next = (*names)->next;
        free(*names);
        *names = next;
    }
}
