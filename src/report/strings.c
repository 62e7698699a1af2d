// SPDX-License-Identifier: GPL-2.0-only
/*
 * The strings of strings.h.
 */
#include "report/strings.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/footprint.h"
#include "util/printable.h"

const char *strings__clean(struct strings *s, const char *text, int *err)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	char *copy;

	if (!text)
		return NULL;
	copy = printable__copy(text, strlen(text));
	if (!copy)
		goto fail;
	for (const char *p = copy; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	for (;; hash++) {
		char *known = table__get(&s->table, hash);

		if (!known)
			break;
		if (!strcmp(known, copy)) {
			free(copy);
			return known;
		}
	}
	if (table__set(&s->table, hash, copy))
		goto fail;
	s->bytes += footprint__text(copy);
	return copy;
fail:
	free(copy);
	*err = -ENOMEM;
	return "?";
}

void strings__free(struct strings *s)
{
	size_t i = 0;
	char *text;

	while ((text = table__next(&s->table, &i)))
		free(text);
	table__free(&s->table);
}
