/* A power cut, simulated: what would be on the disk if everything stopped now.
 *
 * Loaded with LD_PRELOAD. It follows what a program does to the files of the folder $POWERCUT_FOLDER, and keeps
 * $POWERCUT_DISK as a disk would: what was written to a file reaches it by fsync or fdatasync of that file, and
 * files come and go there by fsync of the folder (POSIX promises no more). $POWERCUT_LEAKS is a percentage: so
 * many of the writes reach the disk at once all the same, as an operating system may write whenever it likes,
 * and in any order. Each name in $POWERCUT_DISK is a link to a file in $POWERCUT_FILES, which holds the bytes.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES 64

/* What was written to a file and has not reached the disk, if anything: the bytes from low up to high, and its end. */
struct file {
    char name[NAME_MAX + 1];
    int changed;
    off_t low, high;
};

static struct file files[MAX_FILES];
static int known;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *bytes, *disk;
static int leaks;
static unsigned chance;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);

static void die(const char *what)
{
    perror(what);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    folder = getenv("POWERCUT_FOLDER");
    bytes = getenv("POWERCUT_FILES");
    disk = getenv("POWERCUT_DISK");
    leaks = atoi(getenv("POWERCUT_LEAKS"));
    chance = atoi(getenv("POWERCUT_SEED"));
}

/* The name within the folder of what path leads to; "" for the folder itself, NULL for anything else. */
static const char *within(const char *path)
{
    size_t length;
    if (!folder)
        return NULL;
    length = strlen(folder);
    if (strncmp(path, folder, length))
        return NULL;
    if (!path[length])
        return "";
    return path[length] == '/' && !strchr(path + length + 1, '/') ? path + length + 1 : NULL;
}

static const char *name_of(int descriptor, char *path)
{
    char link[64];
    ssize_t length;
    struct stat status;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, PATH_MAX);
    if (length < 0)
        return NULL;
    path[length] = 0;
    /* What was unlinked, no power cut brings back by its descriptor. */
    if (!within(path) || fstat(descriptor, &status) || !status.st_nlink)
        return NULL;
    return within(path);
}

static void put(char *path, const char *where, const char *name)
{
    if (snprintf(path, PATH_MAX, "%s/%s", where, name) >= PATH_MAX)
        die("a path is too long");
}

static struct file *file_of(const char *name)
{
    int at;
    for (at = 0; at < known; at++)
        if (!strcmp(files[at].name, name))
            return &files[at];
    if (known == MAX_FILES)
        die("too many files");
    strcpy(files[known].name, name);
    return &files[known++];
}

/* Have what stands in the file from low up to high, and its length, reach the disk. */
static void reach(const char *name, off_t low, off_t high)
{
    char from[PATH_MAX], to[PATH_MAX], block[65536];
    struct stat status;
    ssize_t count;
    int in, out;
    put(from, folder, name);
    put(to, bytes, name);
    in = open(from, O_RDONLY | O_CLOEXEC);
    out = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        die(name);
    while (low < high) {
        size_t wanted = high - low < (off_t)sizeof block ? (size_t)(high - low) : sizeof block;
        if ((count = pread(in, block, wanted, low)) <= 0)
            break;
        if (real_pwrite(out, block, count, low) != count)
            die(to);
        low += count;
    }
    if (fstat(in, &status) || real_ftruncate(out, status.st_size))
        die(to);
    close(in);
    close(out);
}

static void written(const char *name, off_t low, off_t high)
{
    struct file *file;
    pthread_mutex_lock(&lock);
    file = file_of(name);
    if (leaks && (int)(rand_r(&chance) % 100) < leaks) {
        reach(name, low, high);
    } else {
        file->low = file->changed && file->low < low ? file->low : low;
        file->high = file->changed && file->high > high ? file->high : high;
        file->changed = 1;
    }
    pthread_mutex_unlock(&lock);
}

static void sync_file(const char *name)
{
    struct file *file;
    pthread_mutex_lock(&lock);
    file = file_of(name);
    if (file->changed)
        reach(name, file->low, file->high);
    file->changed = 0;
    pthread_mutex_unlock(&lock);
}

/* Have the names on the disk be those in the folder. */
static void sync_folder(void)
{
    char here[PATH_MAX], there[PATH_MAX];
    struct stat wanted, found;
    struct dirent *entry;
    DIR *listing;
    pthread_mutex_lock(&lock);
    if (!(listing = opendir(disk)))
        die(disk);
    while ((entry = readdir(listing))) {
        put(here, folder, entry->d_name);
        put(there, disk, entry->d_name);
        if (entry->d_name[0] != '.' && access(here, F_OK))
            real_unlink(there);
    }
    closedir(listing);
    if (!(listing = opendir(folder)))
        die(folder);
    while ((entry = readdir(listing))) {
        if (entry->d_name[0] == '.')
            continue;
        put(here, bytes, entry->d_name);
        put(there, disk, entry->d_name);
        close(open(here, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (stat(here, &wanted))
            die(here);
        if (!stat(there, &found) && found.st_ino != wanted.st_ino)
            real_unlink(there);
        if (access(there, F_OK) && link(here, there))
            die(there);
    }
    closedir(listing);
    pthread_mutex_unlock(&lock);
}

/* What a program calls. */

ssize_t pwrite64(int descriptor, const void *data, size_t count, off_t offset)
{
    char path[PATH_MAX + 1];
    ssize_t done = real_pwrite(descriptor, data, count, offset);
    const char *name = done > 0 ? name_of(descriptor, path) : NULL;
    if (name)
        written(name, offset, offset + done);
    return done;
}

ssize_t pwrite(int descriptor, const void *data, size_t count, off_t offset)
{
    return pwrite64(descriptor, data, count, offset);
}

ssize_t write(int descriptor, const void *data, size_t count)
{
    char path[PATH_MAX + 1];
    ssize_t done = real_write(descriptor, data, count);
    const char *name = done > 0 ? name_of(descriptor, path) : NULL;
    if (name) {
        off_t end = lseek(descriptor, 0, SEEK_CUR);
        written(name, end - done, end);
    }
    return done;
}

int ftruncate64(int descriptor, off_t length)
{
    char path[PATH_MAX + 1];
    int failed = real_ftruncate(descriptor, length);
    const char *name = failed ? NULL : name_of(descriptor, path);
    if (name)
        written(name, length, length);
    return failed;
}

int ftruncate(int descriptor, off_t length)
{
    return ftruncate64(descriptor, length);
}

int fsync(int descriptor)
{
    char path[PATH_MAX + 1];
    const char *name = name_of(descriptor, path);
    if (!name)
        return 0;
    if (*name)
        sync_file(name);
    else
        sync_folder();
    return 0;
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}

int unlink(const char *path)
{
    char full[PATH_MAX + 1], parent[PATH_MAX + 1], there[PATH_MAX];
    const char *last = strrchr(path, '/'), *name;
    int failed = real_unlink(path);
    /* The program's own path need not be the one that it was told of: the way to the folder may have links in it. */
    snprintf(parent, sizeof parent, "%.*s", last ? (int)(last - path) : 1, last ? path : ".");
    if (failed || !folder || !realpath(parent, full) || strcmp(full, folder))
        return failed;
    name = last ? last + 1 : path;
    pthread_mutex_lock(&lock);
    file_of(name)->changed = 0;
    put(there, bytes, name);
    real_unlink(there);
    pthread_mutex_unlock(&lock);
    return failed;
}
