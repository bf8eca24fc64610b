/* Put in front of libc (LD_PRELOAD): every fsync and fdatasync is done, and then waits WAIT microseconds
 * more, as on a slower disk. The journal's benchmark compiles it; nothing else uses it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int done = sync(file);
    struct timespec wait = {0, WAIT * 1000L};
    nanosleep(&wait, 0);
    return done;
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
