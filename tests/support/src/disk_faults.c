/*
 * Makes chosen disk operations of a process fail. Loaded with LD_PRELOAD.
 *
 * Counts the operations on files below the folder DOCENT_FAULTS_FOLDER. The process gives orders by
 * writing to the file "control" in that folder:
 *   fail KIND N ERRNO COUNT   from the N-th operation of KIND ("write", "sync" or "rename") on, fail COUNT
 *   off                       fail none
 *   report                    write "CALLS FAILED UNSYNCED" to the file "report"
 * A process that gives no orders can be started with one in DOCENT_FAULTS_ORDER; it then reports
 * after each operation that fails.
 * CALLS and FAILED count since the last "fail"; UNSYNCED is 1 if a file that ends in "-wal" was
 * written and not synced since. Emptying it needs no sync: SQLite has synced its content into the
 * database before. Syncs that do not fail are counted and then skipped: the process is
 * never cut off from the page cache.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { NONE, WRITE, SYNC, RENAME };

static char folder[PATH_MAX];
static size_t folder_length;
static enum kind failing;
static long first, last, calls, failed;
static int fault, unsynced, started_with_order;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);

static void obey(const char *order, size_t length);

__attribute__((constructor)) static void load(void)
{
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    *(void **)&real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    *(void **)&real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
    const char *given = getenv("DOCENT_FAULTS_FOLDER");
    if (given && realpath(given, folder)) {
        folder_length = strlen(folder);
    }
    const char *order = getenv("DOCENT_FAULTS_ORDER");
    if (order) {
        obey(order, strlen(order));
        started_with_order = 1;
    }
}

/* A path relative to the folder; NULL outside it. */
static const char *below_folder(const char *path)
{
    if (!folder_length || strncmp(path, folder, folder_length) != 0 || path[folder_length] != '/') {
        return NULL;
    }
    return path + folder_length + 1;
}

/* The path of an open file relative to the folder; NULL outside it. */
static const char *path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = folder_length ? readlink(link, path, PATH_MAX - 1) : -1;
    if (length < 0) {
        return NULL;
    }
    path[length] = 0;
    return below_folder(path);
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), of_end = strlen(end);
    return length >= of_end && strcmp(text + length - of_end, end) == 0;
}

/* Counts an operation on a path; nonzero if it is to fail, with errno set. */
static int fails_at(enum kind kind, const char *path)
{
    if (!path || ends_with(path, "control") || ends_with(path, "report")) {
        return 0;
    }
    int is_wal = ends_with(path, "-wal");
    if (failing == kind) {
        long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
        if (call >= first && call <= last) {
            __atomic_add_fetch(&failed, 1, __ATOMIC_SEQ_CST);
            if (started_with_order) {
                obey("report", 6);
            }
            errno = fault;
            return 1;
        }
    }
    if (is_wal) {
        unsynced = kind == WRITE;
    }
    return 0;
}

static int fails(enum kind kind, int fd)
{
    char buffer[PATH_MAX];
    return fails_at(kind, path_of(fd, buffer));
}

static void obey(const char *order, size_t length)
{
    char text[128] = {0}, kind[16] = {0}, path[PATH_MAX + 16];
    memcpy(text, order, length < sizeof text - 1 ? length : sizeof text - 1);
    long n = 0, count = 0;
    int code = 0;
    if (sscanf(text, "fail %15s %ld %d %ld", kind, &n, &code, &count) == 4) {
        calls = failed = 0;
        first = n, last = n + count - 1, fault = code;
        failing = strcmp(kind, "write") == 0 ? WRITE : strcmp(kind, "rename") == 0 ? RENAME : SYNC;
    } else if (strncmp(text, "off", 3) == 0) {
        failing = NONE;
    } else {
        snprintf(path, sizeof path, "%s/report", folder);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int written = snprintf(text, sizeof text, "%ld %ld %d", calls, failed, unsynced);
        real_write(fd, text, (size_t)written);
        close(fd);
    }
}

ssize_t write(int fd, const void *data, size_t length)
{
    char buffer[PATH_MAX];
    const char *path = path_of(fd, buffer);
    if (path && strcmp(path, "control") == 0) {
        obey(data, length);
        return (ssize_t)length;
    }
    return fails(WRITE, fd) ? -1 : real_write(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    return fails(WRITE, fd) ? -1 : real_pwrite(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    return fails(WRITE, fd) ? -1 : real_pwrite64(fd, data, length, at);
}

/* Nonzero if a truncation is to fail. */
static int fails_to_truncate(int fd, off64_t length)
{
    int before = unsynced, fault = fails(WRITE, fd);
    if (length == 0) {
        unsynced = before;
    }
    return fault;
}

int ftruncate(int fd, off_t length)
{
    return fails_to_truncate(fd, length) ? -1 : real_ftruncate(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return fails_to_truncate(fd, length) ? -1 : real_ftruncate64(fd, length);
}

int fsync(int fd)
{
    char buffer[PATH_MAX];
    return fails(SYNC, fd) ? -1 : path_of(fd, buffer) ? 0 : real_fsync(fd);
}

int fdatasync(int fd)
{
    char buffer[PATH_MAX];
    return fails(SYNC, fd) ? -1 : path_of(fd, buffer) ? 0 : real_fdatasync(fd);
}

int rename(const char *from, const char *to)
{
    return fails_at(RENAME, below_folder(to)) ? -1 : real_rename(from, to);
}
