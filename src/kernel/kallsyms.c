// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kallsyms: "address type name", and for modules a tab and "[module]".
 *
 * The kernel prints its own symbols first, those of each CPU's area as offsets.
 * They are sorted there but for a few; here they are sorted all.  Local constants,
 * more than a quarter of them, are left out: nobody asks for those.
 */
#include "kernel/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/query.h"

#define LINE 1024 /* a line that is longer is none */

struct kallsyms {
	struct entry {
		uint64_t addr;
		uint32_t name; /* into names */
	} __attribute__((packed)) * list;
	size_t count, room;
	char *names;
	size_t size, names_room;
	uint64_t start, end; /* of the kernel */
	bool read;
	int err;	/* of reading */
	unsigned users; /* of the shared one; 0: not shared */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kallsyms *shared;

static int add(struct kallsyms *k, uint64_t addr, const char *name)
{
	size_t len = strlen(name) + 1;

	if (k->count == k->room) {
		size_t room = k->room ? k->room + k->room / 2 : 4096;
		struct entry *more = reallocarray(k->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		k->list = more;
		k->room = room;
	}
	if (k->size + len > k->names_room) {
		size_t room = k->names_room + k->names_room / 2 + 65536;
		char *more = realloc(k->names, room);

		if (!more)
			return -ENOMEM;
		k->names = more;
		k->names_room = room;
	}
	memcpy(k->names + k->size, name, len);
	k->list[k->count++] = (struct entry){ addr, (uint32_t)k->size };
	k->size += len;
	return k->size > UINT32_MAX - LINE ? -E2BIG : 0;
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* As they stood in the file. */
	return x->name < y->name ? -1 : x->name > y->name;
}

/* Takes a line apart: 1 if it is a symbol of the kernel itself. */
static int parse_line(char *line, uint64_t *addr, char **name)
{
	char *at, *end;

	*addr = strtoull(line, &at, 16);
	if (at == line || at[0] != ' ' || !at[1] || at[1] == 'r' || at[2] != ' ')
		return 0;
	*name = at + 3;
	end = *name + strcspn(*name, "\t\n");
	if (end == *name || *end == '\t')
		return 0; /* of a module */
	*end = '\0';
	return 1;
}

static int find(const struct kallsyms *k, const char *name, uint64_t *addr)
{
	*addr = 0;
	for (size_t i = 0; *name && i < k->count; i++) {
		if (strcmp(k->names + k->list[i].name, name) != 0)
			continue;
		*addr = k->list[i].addr;
		return *addr ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static int read_all(struct kallsyms *k, const char *path)
{
	char line[LINE], *name, *buffer;
	FILE *file = fopen(path, "re");
	bool whole = true;
	uint64_t addr;
	int err = 0;

	if (!file)
		return -errno;
	buffer = malloc(65536);
	if (buffer)
		setvbuf(file, buffer, _IOFBF, 65536);
	while (!err && fgets(line, sizeof(line), file)) {
		bool begins = whole;

		whole = strchr(line, '\n');
		if (begins && parse_line(line, &addr, &name) && addr)
			err = add(k, addr, name);
	}
	if (ferror(file))
		err = -EIO;
	fclose(file);
	free(buffer);
	if (err)
		return err;
	if (k->count)
		qsort(k->list, k->count, sizeof(*k->list), by_address);
	find(k, "_stext", &k->start);
	find(k, "_end", &k->end);
	/* Not every kernel names its end. */
	if (!k->end && k->count)
		k->end = k->list[k->count - 1].addr + 1;
	return 0;
}

int kallsyms__parse(struct kallsyms **out, const char *path)
{
	struct kallsyms *k = calloc(1, sizeof(*k));
	int err = k ? read_all(k, path) : -ENOMEM;

	*out = NULL;
	if (err) {
		kallsyms__close(k);
		return err;
	}
	k->read = true;
	*out = k;
	return 0;
}

int kallsyms__open(struct kallsyms **out)
{
	pthread_mutex_lock(&lock);
	if (!shared)
		shared = calloc(1, sizeof(*shared));
	if (shared)
		shared->users++;
	*out = shared;
	pthread_mutex_unlock(&lock);
	return *out ? 0 : -ENOMEM;
}

void kallsyms__close(struct kallsyms *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&lock);
	if (k->users && --k->users) {
		pthread_mutex_unlock(&lock);
		return;
	}
	if (k == shared)
		shared = NULL;
	pthread_mutex_unlock(&lock);
	free(k->list);
	free(k->names);
	free(k);
}

/* Reads the file, once. */
static bool have_read(struct kallsyms *k)
{
	pthread_mutex_lock(&lock);
	if (!k->read) {
		k->err = read_all(k, KALLSYMS);
		k->read = true;
	}
	pthread_mutex_unlock(&lock);
	return !k->err;
}

void kallsyms__why_hidden(const char *path, char *buf, size_t size)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char first;
	ssize_t n = fd < 0 ? -1 : read(fd, &first, 1);

	/* What systemd puts in its place is for nobody, and empty for who may read everything. */
	if (path && n <= 0)
		snprintf(buf, size,
			 "%s cannot be read (%s): where a service manager or a container hides it "
			 "from this process (ProtectKernelTunables=yes or ProcSubset=pid in a "
			 "systemd unit), turn that off",
			 path, n ? strerror(errno) : "it is empty");
	else
		snprintf(buf, size,
			 "the kernel hides addresses: it takes CAP_SYSLOG, and "
			 "kernel.kptr_restrict to be 0 or 1 (sysctl kernel.kptr_restrict=1)");
	if (fd >= 0)
		close(fd);
}

int kallsyms__find(struct kallsyms *k, const char *name, uint64_t *addr)
{
	*addr = 0;
	return have_read(k) ? find(k, name, addr) : k->err;
}

size_t kallsyms__count(struct kallsyms *k)
{
	return have_read(k) ? k->count : 0;
}

uint64_t kallsyms__address(const struct kallsyms *k, size_t i)
{
	return k->list[i].addr;
}

const char *kallsyms__name(const struct kallsyms *k, size_t i)
{
	return k->names + k->list[i].name;
}

size_t kallsyms__place(const struct kallsyms *k, uint64_t addr)
{
	size_t low = 0, high = k->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->list[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool kallsyms__resolve(struct kallsyms *k, uint64_t addr, struct symbol *out)
{
	const struct entry *e;
	char text[sizeof(out->text)];
	size_t low, next;

	if (!have_read(k) || addr < k->start || addr >= k->end)
		return false;
	low = next = kallsyms__place(k, addr + 1);
	if (!low--)
		return false;
	/* The first of those at one address. */
	while (low && k->list[low - 1].addr == k->list[low].addr)
		low--;
	e = &k->list[low];
	snprintf(text, sizeof(text), "%s+0x%" PRIx64 "/0x%" PRIx64, k->names + e->name,
		 addr - e->addr, (next < k->count ? k->list[next].addr : k->end) - e->addr);
	symbol__parse(out, text);
	return true;
}
