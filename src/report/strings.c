// SPDX-License-Identifier: GPL-2.0-only
/*
 * The strings of strings.h.
 */
#include "report/strings.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid sequence at p, 0: there is none. */
static size_t sequence(const unsigned char *p, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint32_t c = n == 1 ? *p : *p & (0x7fU >> n);

	if (n > 1 && (*p < 0xc2 || *p > 0xf4))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0; /* also at the terminating zero */
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*out = c;
	return n;
}

static int printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return 0;
	/* line separators, and marks that turn or hide what follows */
	return !((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}

static void clean(const char *text, char *out)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c;

	while (*p) {
		size_t n = sequence(p, &c);

		if (n && printable(c)) {
			memcpy(out, p, n);
			out += n;
		} else {
			*out++ = '?';
		}
		p += n ? n : 1;
	}
	*out = '\0';
}

const char *strings__clean(struct strings *s, const char *text, int *err)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	char *copy;

	if (!text)
		return NULL;
	copy = malloc(strlen(text) + 1);
	if (!copy)
		goto fail;
	clean(text, copy);
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
