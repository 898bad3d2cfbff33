#include "Watch.h"
#include "Lock.h"
#include "include/FaultDisk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int active = 0;

void fault_lock(void) {
    fault_bypass++;
    pthread_mutex_lock(&mutex);
}

void fault_unlock(void) {
    pthread_mutex_unlock(&mutex);
    fault_bypass--;
}

void fault_active(int change) { atomic_fetch_add(&active, change); }

int fault_is_watching(void) { return !fault_bypass && atomic_load_explicit(&active, memory_order_relaxed) > 0; }

/// With the lock held: the power may go before this call. Returns whether it is gone.
static int is_without_power(fault_disk *disk) {
    if (!disk->is_cut && disk->calls_left >= 0 && disk->calls_left-- == 0) fault_cut(disk);
    return disk->is_cut;
}

fault_file *fault_watched(int descriptor, fault_disk **disk) {
    struct stat status;
    if (!fault_is_watching() || fstat(descriptor, &status)) return NULL;
    fault_lock();
    fault_file *file = fault_find(status.st_dev, status.st_ino, disk);
    if (file && is_without_power(*disk)) file = NULL;
    if (!file) fault_unlock();
    return file;
}

fault_disk *fault_watched_path(const char *path, char *name) {
    if (!fault_is_watching()) return NULL;
    fault_bypass++;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1, slash ? path : ".");
    char *real = realpath(folder, NULL);
    fault_bypass--;
    if (!real) return NULL;
    snprintf(name, PATH_MAX, "%s/%s", real, slash ? slash + 1 : path);
    free(real);
    fault_lock();
    fault_disk *disk = fault_disk_of_path(name);
    if (disk && is_without_power(disk)) disk = NULL;
    if (!disk) fault_unlock();
    return disk;
}

void fault_disk_fail(int number, int call, const char *match, int error, int after, int times) {
    fault_lock();
    fault_disk *disk = &fault_disks[number];
    if (disk->rule_count == FAULT_RULES_MAX) abort();
    fault_rule *rule = &disk->rules[disk->rule_count++];
    *rule = (fault_rule){.call = call, .error = error, .after = after, .times = times};
    strncpy(rule->match, match, sizeof rule->match - 1);
    fault_unlock();
}

void fault_disk_heal(int number) {
    fault_lock();
    fault_disks[number].rule_count = 0;
    fault_unlock();
}

void fault_disk_lie(int number, int lies) {
    fault_lock();
    fault_disks[number].lies = lies;
    fault_unlock();
}

int fault_disk_syncs(int number) {
    fault_lock();
    int syncs = fault_disks[number].syncs;
    fault_unlock();
    return syncs;
}
