// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer that has ended leaves in the kernel: nothing.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "native/native.h"

void own_programs(struct ids *out)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char path[300], line[128];
		uint32_t id;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", d->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "prog_id: %" SCNu32, &id) == 1 && out->count < IDS_MAX)
				out->ids[out->count++] = id;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
}

static size_t still_loaded(const struct ids *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < ids->count; i++) {
		int fd = bpf_prog_get_fd_by_id(ids->ids[i]);

		if (fd < 0)
			continue;
		close(fd);
		n++;
	}
	return n;
}

/* Of anybody, by name. */
static size_t nlb_programs(void)
{
	uint32_t id = 0;
	size_t n = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len))
			n += !strncmp(info.name, "nlb_", 4);
		close(fd);
	}
	return n;
}

void test_nothing_left(const struct ids *ids)
{
	/* The kernel frees programs some time after their last user. */
	for (unsigned i = 0; i < 50 && still_loaded(ids); i++)
		usleep(100000);
	result(ids->count > 5 && !still_loaded(ids), "none of %zu programs is left loaded",
	       ids->count);
}

/* Others may be running the tracer just now: it must become none for a moment. */
void test_nobody_left(void)
{
	for (unsigned i = 0; i < 100 && nlb_programs(); i++)
		usleep(100000);
	result(!nlb_programs(), "no program called nlb_... is loaded");
}
