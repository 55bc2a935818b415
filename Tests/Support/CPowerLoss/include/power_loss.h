#ifndef RZ_POWER_LOSS_H
#define RZ_POWER_LOSS_H

#include <stddef.h>

/// What SQLite asked of the disk.
typedef enum {
    rz_disk_write,
    rz_disk_truncate,
    rz_disk_sync,
    rz_disk_delete,
    /// Not SQLite's: something that the test wants to find again between the others.
    rz_disk_mark
} rz_disk_kind;

/// One request, in the order in which they were made.
typedef struct {
    rz_disk_kind kind;
    /// The file, as SQLite names it; empty for a mark.
    const char *path;
    /// Where the bytes go, the new length of a truncation, or the number of a mark.
    long long offset;
    const unsigned char *bytes;
    size_t count;
} rz_disk_request;

/// From now on, everything that SQLite writes below this folder is written down, too. Files elsewhere are not touched
/// by this. Returns 0 on success. One recording at a time.
int rz_disk_record(const char *folder);

/// Ends the recording; what was written down stays until the next one begins.
void rz_disk_stop(void);

void rz_disk_set_mark(long long number);

size_t rz_disk_request_count(void);
rz_disk_request rz_disk_request_at(size_t index);

#endif
