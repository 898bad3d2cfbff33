#include "Disk.h"
#include "include/FaultDisk.h"

#include <stdlib.h>
#include <string.h>

fault_disk fault_disks[FAULT_DISKS_MAX];
_Thread_local int fault_bypass = 0;

void *fault_memory(void *old, size_t bytes) {
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory) abort();
    return memory;
}

fault_disk *fault_disk_of_path(const char *path) {
    for (int i = 0; i < FAULT_DISKS_MAX; i++) {
        fault_disk *disk = &fault_disks[i];
        size_t length = strlen(disk->root);
        if (disk->is_used && !strncmp(path, disk->root, length) && (path[length] == '/' || !path[length])) return disk;
    }
    return NULL;
}

fault_file *fault_find(dev_t dev, ino_t ino, fault_disk **found) {
    for (int i = 0; i < FAULT_DISKS_MAX; i++) {
        if (!fault_disks[i].is_used) continue;
        for (fault_file *file = fault_disks[i].files; file; file = file->next) {
            if (file->ino != ino || file->dev != dev) continue;
            if (found) *found = &fault_disks[i];
            return file;
        }
    }
    return NULL;
}

int fault_due(fault_disk *disk, int call, const char *path) {
    if (disk->is_plain) fault_rules_read(disk);
    for (int i = 0; i < disk->rule_count; i++) {
        fault_rule *rule = &disk->rules[i];
        if (rule->call != call || !strstr(path, rule->match) || rule->times == 0) continue;
        if (rule->after > 0) {
            rule->after--;
            continue;
        }
        if (rule->times > 0) rule->times--;
        return rule->error;
    }
    return 0;
}
