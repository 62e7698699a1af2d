// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/modules: "name size refcount user,user, state 0xbase".
 */
#include "kernel/modules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int modules__parse(struct modules *out, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	FILE *file;
	int err = 0;

	*out = (struct modules){ 0 };
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &room, file) > 0) {
		struct module_info m = { 0 }, *more;

		/* A user list longer than ours is cut; such modules are not NFC's. */
		if (sscanf(line, "%55s %" SCNu64 " %*s %1023s %*s %" SCNx64, m.name, &m.size,
			   m.users, &m.base) != 4)
			continue;
		more = reallocarray(out->list, out->count + 1, sizeof(*more));
		if (!more) {
			err = -ENOMEM;
			break;
		}
		out->list = more;
		out->list[out->count++] = m;
	}
	free(line);
	fclose(file);
	if (err)
		modules__free(out);
	return err;
}

int modules__load(struct modules *out)
{
	return modules__parse(out, "/proc/modules");
}

void modules__free(struct modules *m)
{
	free(m->list);
	*m = (struct modules){ 0 };
}

bool modules__same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

const struct module_info *modules__find(const struct modules *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (modules__same_name(m->list[i].name, name))
			return &m->list[i];
	return NULL;
}

static bool depends(const struct modules *m, const char *user, const char *name, int depth)
{
	const struct module_info *on = modules__find(m, name);
	char users[sizeof(on->users)], *save = NULL, *one;

	if (!on || depth > 16)
		return false;
	memcpy(users, on->users, sizeof(users));
	for (one = strtok_r(users, ",", &save); one; one = strtok_r(NULL, ",", &save))
		if (modules__same_name(one, user) || depends(m, user, one, depth + 1))
			return true;
	return false;
}

bool modules__depends(const struct modules *m, const char *user, const char *name)
{
	return depends(m, user, name, 0);
}
