// SPDX-License-Identifier: GPL-2.0-only
/*
 * A map's cost is in the fdinfo of its file; kernels before 6.4 leave out what a
 * ring buffer has beside its entries, which is all of it.
 */
#include "util/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAP_TYPE_RINGBUF 27 /* enum bpf_map_type */

uint64_t self__field(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && *text) {
		if (!strncmp(text, name, len) && text[len] == ':')
			return strtoull(text + len + 1, NULL, 10);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return 0;
}

/* The beginning of a small file; "" where it cannot be read. */
static void read_file(int dir, const char *path, char *buf, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : 0;

	buf[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static uint64_t status_bytes(const char *name)
{
	char text[4096];

	read_file(AT_FDCWD, "/proc/self/status", text, sizeof(text));
	return self__field(text, name) << 10;
}

uint64_t self__resident(void)
{
	return status_bytes("VmRSS");
}

uint64_t self__peak(void)
{
	return status_bytes("VmHWM");
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0 };

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t self__cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t self__started(void)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), ticks = 0;
	char text[1024], *field;

	/* Field 22; the second one, in parentheses, is the only one with blanks in it. */
	read_file(AT_FDCWD, "/proc/self/stat", text, sizeof(text));
	field = strrchr(text, ')');
	for (int n = 2; field && n < 22; n++)
		field = strchr(field + 1, ' ');
	if (field)
		ticks = strtoull(field, NULL, 10);
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + ticks * (1000000000 / hz);
}

/*
 * The consumer's position is in the map's first page, the producer's in its
 * second one.
 */
uint64_t self__ring_used(int map_fd)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t at[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		void *p = mmap(NULL, (size_t)page, PROT_READ, MAP_SHARED, map_fd, i * page);

		if (p == MAP_FAILED)
			return 0;
		at[i] = __atomic_load_n((uint64_t *)p, __ATOMIC_ACQUIRE);
		munmap(p, (size_t)page);
	}
	return at[1] - at[0];
}

uint64_t self__map_bytes(void)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *entry;
	uint64_t sum = 0;
	char text[1024];

	while (dir && (entry = readdir(dir))) {
		uint64_t bytes;

		if (entry->d_name[0] == '.')
			continue;
		read_file(dirfd(dir), entry->d_name, text, sizeof(text));
		if (!self__field(text, "map_type"))
			continue;
		bytes = self__field(text, "memlock");
		if (!bytes && self__field(text, "map_type") == MAP_TYPE_RINGBUF)
			bytes = self__field(text, "max_entries");
		sum += bytes;
	}
	if (dir)
		closedir(dir);
	return sum;
}
