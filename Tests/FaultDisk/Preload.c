// The fault disk of a whole program, preloaded: faults only, from a file that a test writes and removes.
#include "Disk.h"
#include "Lock.h"
#include "include/FaultDisk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Reads the rules anew: they hold as long as they stand in the file.
void fault_rules_read(fault_disk *disk) {
    disk->rule_count = 0;
    int reading = (int)syscall(SYS_openat, AT_FDCWD, disk->rules_file, O_RDONLY | O_CLOEXEC, 0);
    if (reading < 0) return;
    char text[1024];
    long count = syscall(SYS_read, reading, text, sizeof text - 1);
    syscall(SYS_close, reading);
    text[count > 0 ? count : 0] = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && disk->rule_count < FAULT_RULES_MAX;) {
        fault_rule *rule = &disk->rules[disk->rule_count];
        *rule = (fault_rule){.times = -1};
        if (sscanf(line, "%d %d %127s", &rule->call, &rule->error, rule->match) == 3) disk->rule_count++;
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *root = getenv("FAULT_DISK_ROOT");
    const char *rules = getenv("FAULT_DISK_RULES");
    if (!root || !rules) return;
    fault_lock();
    fault_disk *disk = &fault_disks[0];
    if (realpath(root, disk->root)) {
        disk->is_used = 1;
        disk->is_plain = 1;
        disk->calls_left = -1;
        strncpy(disk->rules_file, rules, sizeof disk->rules_file - 1);
        fault_tree_adopt(disk);
        fault_active(1);
    }
    fault_unlock();
}
