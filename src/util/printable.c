// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule of printable.h.
 */
#include "util/printable.h"

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

static bool harmless(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	/* line separators, and marks that turn or hide what follows */
	return !((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}

/* What is at p: so many bytes, all of which may be printed or none. */
static size_t next(const unsigned char *p, bool *good)
{
	uint32_t c;
	size_t n = sequence(p, &c);

	*good = n && harmless(c);
	return n ? n : 1;
}

bool printable__is(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	bool good = true;

	while (*p && good)
		p += next(p, &good);
	return good;
}

void printable__make(char *text)
{
	unsigned char *p = (unsigned char *)text, *out = p;
	bool good;

	while (*p) {
		size_t n = next(p, &good);

		if (good) {
			memmove(out, p, n);
			out += n;
		} else {
			*out++ = '?';
		}
		p += n;
	}
	*out = '\0';
}

char *printable__copy(const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (copy)
		printable__make(copy);
	return copy;
}
