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

uint64_t self__resident(void)
{
	char text[4096];

	read_file(AT_FDCWD, "/proc/self/status", text, sizeof(text));
	return self__field(text, "VmRSS") << 10;
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
