// One lock for all fault disks, and whether there are any.
#ifndef FAULT_DISK_LOCK_H
#define FAULT_DISK_LOCK_H

void fault_lock(void);
void fault_unlock(void);
/// Counts the disks in use.
void fault_active(int change);

#endif
