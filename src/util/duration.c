// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durations as users write them.
 */
#include "util/duration.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int duration__parse(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 } };
	char *end;
	double x;

	/* strtod() takes "inf", "nan", "0x" and blanks; users mean none of them. */
	if (!isdigit((unsigned char)*text) || (text[0] == '0' && (text[1] | 32) == 'x'))
		return -EINVAL;
	x = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		x *= units[i].ns;
		if (!isfinite(x) || x > 100 * 365.25 * 86400e9)
			return -EINVAL;
		*ns = (uint64_t)x;
		return 0;
	}
	return -EINVAL;
}
