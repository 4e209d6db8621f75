// Makes the system calls fail that change files under FAULT_UNDER. Load this library before libc, with LD_PRELOAD.
//
// FAULT_AT is the number of the call, counted from 1. FAULT says what happens: an errno fails this call, a negative errno
// fails this call and all later ones, and "kill" kills the process at this call. If the process ends by itself, the number
// of calls is written to FAULT_LOG.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 4096 };
static atomic_bool ours[FILES];
static atomic_long calls;

static int below(const char* path) {
  const char* under = getenv("FAULT_UNDER");
  return path != NULL && under != NULL && strstr(path, under) != NULL;
}

// Returns whether this call has to fail, and sets errno if so.
static int fails(void) {
  const char *at = getenv("FAULT_AT"), *fault = getenv("FAULT");
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (at == NULL || fault == NULL) return 0;
  if (call == atol(at) && strcmp(fault, "kill") == 0) kill(getpid(), SIGKILL);
  const int number = atoi(fault);
  if (call != atol(at) && !(number < 0 && call > atol(at))) return 0;
  errno = abs(number);
  return 1;
}

__attribute__((destructor)) static void write_log(void) {
  const char* path = getenv("FAULT_LOG");
  FILE* file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opened(int fd, int is_ours) {
  if (fd >= 0 && fd < FILES) atomic_store(&ours[fd], is_ours);
  return fd;
}

#define OPEN(name)                                              \
  int name(const char* path, int flags, ...) {                  \
    va_list rest;                                               \
    va_start(rest, flags);                                      \
    const mode_t mode = va_arg(rest, mode_t);                   \
    va_end(rest);                                               \
    const int writes = below(path) && (flags & O_ACCMODE) != O_RDONLY; \
    if (writes && fails()) return -1;                           \
    return opened(REAL(name)(path, flags, mode), writes);       \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void* from, size_t size) {
  if (fd >= 0 && fd < FILES && atomic_load(&ours[fd]) && fails()) return -1;
  return REAL(write)(fd, from, size);
}

int fsync(int fd) {
  if (fd >= 0 && fd < FILES && atomic_load(&ours[fd]) && fails()) return -1;
  return REAL(fsync)(fd);
}

int ftruncate64(int fd, off64_t size) {
  if (fd >= 0 && fd < FILES && atomic_load(&ours[fd]) && fails()) return -1;
  return REAL(ftruncate64)(fd, size);
}

int mkdir(const char* path, mode_t mode) { return below(path) && fails() ? -1 : REAL(mkdir)(path, mode); }
int rename(const char* from, const char* to) { return below(to) && fails() ? -1 : REAL(rename)(from, to); }
int unlink(const char* path) { return below(path) && fails() ? -1 : REAL(unlink)(path); }
int rmdir(const char* path) { return below(path) && fails() ? -1 : REAL(rmdir)(path); }
int unlinkat(int folder, const char* path, int flags) { return fails() ? -1 : REAL(unlinkat)(folder, path, flags); }
