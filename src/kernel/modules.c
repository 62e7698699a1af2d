// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/modules: "name size refcount user,user, state 0xbase".
 */
#include "kernel/modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0, or -EINVAL for a line that is not of that form. */
static int parse_line(char *line, struct module_info *m)
{
	char *save = NULL, *name, *size, *users, *base;

	name = strtok_r(line, " \n", &save);
	size = strtok_r(NULL, " \n", &save);
	strtok_r(NULL, " \n", &save); /* references */
	users = strtok_r(NULL, " \n", &save);
	strtok_r(NULL, " \n", &save); /* state */
	base = strtok_r(NULL, " \n", &save);
	if (!base)
		return -EINVAL;
	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	/* A list longer than ours is cut; no module of NFC has so many users. */
	snprintf(m->users, sizeof(m->users), "%s", users);
	m->size = strtoull(size, NULL, 10);
	m->base = strtoull(base, NULL, 16);
	return 0;
}

int modules__add(struct modules *m, const struct module_info *module)
{
	struct module_info *more = reallocarray(m->list, m->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->list = more;
	more[m->count++] = *module;
	return 0;
}

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
		struct module_info m;

		if (!parse_line(line, &m))
			err = modules__add(out, &m);
		if (err)
			break;
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

void module_symbols__free(struct module_symbols *s)
{
	free(s->list);
	free(s->strings);
	memset(s, 0, sizeof(*s));
}

uint64_t module_symbols__find(const struct module_symbols *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->list[i].name, name))
			return s->list[i].addr;
	return 0;
}

uint64_t module_symbols__find_reduced(const struct module_symbols *s, const char *name)
{
	uint64_t addr = module_symbols__find(s, name);
	size_t len = strlen(name);

	for (size_t i = 0; !addr && i < s->count; i++) {
		const char *found = s->list[i].name;

		if (strncmp(found, name, len) != 0 || strncmp(found + len, ".isra.", 6) != 0)
			continue;
		/* Behind another suffix, as .cold, is not where it begins. */
		if (!strchr(found + len + 6, '.'))
			addr = s->list[i].addr;
	}
	return addr;
}
