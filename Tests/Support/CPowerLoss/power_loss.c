// A file system for SQLite (https://sqlite.org/vfs.html) that passes everything on to the usual one and writes down
// what was written and synced, so that a test can work out what a power loss would have left.

#include "power_loss.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_file base;
    char *path;
    // The file of the usual file system follows in the same memory.
} recorded_file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static rz_disk_request *requests;
static size_t request_count, request_capacity;
static char *recorded_folder;
static int is_recording;

static sqlite3_vfs *usual;
static sqlite3_vfs recording_vfs;

static sqlite3_file *behind(sqlite3_file *file) { return (sqlite3_file *)((recorded_file *)file + 1); }

static char *copy(const char *text) {
    char *result = malloc(strlen(text) + 1);
    if (result != NULL) strcpy(result, text);
    return result;
}

static void note(rz_disk_kind kind, const char *path, long long offset, const void *bytes, size_t count) {
    pthread_mutex_lock(&lock);
    int is_meant = is_recording && (kind == rz_disk_mark || strncmp(path, recorded_folder, strlen(recorded_folder)) == 0);
    if (is_meant && request_count == request_capacity) {
        size_t capacity = request_capacity == 0 ? 1024 : 2 * request_capacity;
        rz_disk_request *grown = realloc(requests, capacity * sizeof *grown);
        if (grown == NULL) abort();
        requests = grown;
        request_capacity = capacity;
    }
    if (is_meant) {
        unsigned char *kept = NULL;
        if (count > 0) {
            kept = malloc(count);
            if (kept == NULL) abort();
            memcpy(kept, bytes, count);
        }
        requests[request_count++] = (rz_disk_request){kind, copy(path), offset, kept, count};
    }
    pthread_mutex_unlock(&lock);
}

// What is asked of a file.

static int file_close(sqlite3_file *file) {
    int code = behind(file)->pMethods->xClose(behind(file));
    free(((recorded_file *)file)->path);
    return code;
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    return behind(file)->pMethods->xRead(behind(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = behind(file)->pMethods->xWrite(behind(file), bytes, count, offset);
    if (code == SQLITE_OK) note(rz_disk_write, ((recorded_file *)file)->path, offset, bytes, (size_t)count);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = behind(file)->pMethods->xTruncate(behind(file), size);
    if (code == SQLITE_OK) note(rz_disk_truncate, ((recorded_file *)file)->path, size, NULL, 0);
    return code;
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = behind(file)->pMethods->xSync(behind(file), flags);
    if (code == SQLITE_OK) note(rz_disk_sync, ((recorded_file *)file)->path, 0, NULL, 0);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return behind(file)->pMethods->xFileSize(behind(file), size);
}

static int file_lock(sqlite3_file *file, int level) { return behind(file)->pMethods->xLock(behind(file), level); }
static int file_unlock(sqlite3_file *file, int level) { return behind(file)->pMethods->xUnlock(behind(file), level); }

static int file_check_lock(sqlite3_file *file, int *result) {
    return behind(file)->pMethods->xCheckReservedLock(behind(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return behind(file)->pMethods->xFileControl(behind(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) { return behind(file)->pMethods->xSectorSize(behind(file)); }

// No promise of the disk is passed on: SQLite has to reckon with the worst.
static int file_characteristics(sqlite3_file *file) {
    (void)file;
    return 0;
}

static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    return behind(file)->pMethods->xShmMap(behind(file), page, size, extend, memory);
}

static int file_map_lock(sqlite3_file *file, int offset, int count, int flags) {
    return behind(file)->pMethods->xShmLock(behind(file), offset, count, flags);
}

static void file_map_barrier(sqlite3_file *file) { behind(file)->pMethods->xShmBarrier(behind(file)); }
static int file_unmap(sqlite3_file *file, int delete) { return behind(file)->pMethods->xShmUnmap(behind(file), delete); }

// Version 2: without memory mapped reads and writes, which would pass by unseen.
static const sqlite3_io_methods file_methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, file_check_lock,
    file_control, file_sector_size, file_characteristics, file_map, file_map_lock, file_map_barrier, file_unmap,
    NULL, NULL};

// What is asked of the file system; all but these two is the usual one's.

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *result) {
    (void)vfs;
    recorded_file *recorded = (recorded_file *)file;
    recorded->base.pMethods = NULL;
    recorded->path = copy(name == NULL ? "" : name);
    int code = usual->xOpen(usual, name, behind(file), flags, result);
    if (behind(file)->pMethods != NULL) {
        recorded->base.pMethods = &file_methods;
    } else {
        free(recorded->path);
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    int code = usual->xDelete(usual, name, sync);
    if (code == SQLITE_OK) note(rz_disk_delete, name, 0, NULL, 0);
    return code;
}

int rz_disk_record(const char *folder) {
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    for (size_t index = 0; index < request_count; index++) {
        free((void *)requests[index].path);
        free((void *)requests[index].bytes);
    }
    request_count = 0;
    free(recorded_folder);
    recorded_folder = copy(folder);
    is_recording = recorded_folder != NULL;
    if (usual == NULL) {
        usual = sqlite3_vfs_find(NULL);
        recording_vfs = *usual;
        recording_vfs.zName = "rz-power-loss";
        recording_vfs.szOsFile = usual->szOsFile + (int)sizeof(recorded_file);
        recording_vfs.xOpen = vfs_open;
        recording_vfs.xDelete = vfs_delete;
        code = sqlite3_vfs_register(&recording_vfs, 1);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

void rz_disk_stop(void) {
    pthread_mutex_lock(&lock);
    is_recording = 0;
    pthread_mutex_unlock(&lock);
}

void rz_disk_set_mark(long long number) { note(rz_disk_mark, "", number, NULL, 0); }

size_t rz_disk_request_count(void) { return request_count; }
rz_disk_request rz_disk_request_at(size_t index) { return requests[index]; }
