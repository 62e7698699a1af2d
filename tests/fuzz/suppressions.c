// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of suppressions that nobody would write, against names that no kernel
 * has: up to the first zero byte a callback, up to the second the text of a
 * stack frame, then the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *take(const uint8_t **data, size_t *size)
{
	size_t len = strnlen((const char *)*data, *size);
	char *text = strndup((const char *)*data, len);

	len += len < *size;
	*data += len;
	*size -= len;
	return text;
}

static void require(bool so, const char *what)
{
	if (so)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *callback = take(&data, &size), *text = take(&data, &size);
	char error[SUPPRESSIONS_ERROR] = "", line[SUPPRESSION_MAX + 8], *again;
	struct stack_frame frame = { .text = text };
	struct stack stack = { .depth = 1, .frames = &frame };
	struct allocation a = { .size = 8 };
	struct report_leak l = { .a = &a, .stack = &stack, .callback = callback };
	struct suppressions *s = suppressions__new();
	struct suppression *hit;
	int err;

	err = suppressions__parse(s, "fuzz", (const char *)data, size, error);
	require(!err == !*error, "an error has a text");
	hit = suppressions__match(s, &l);
	for (size_t i = 0; i < suppressions__count(s); i++) {
		const struct suppression *one = suppressions__at(s, i);

		require(strlen(one->pattern) <= SUPPRESSION_MAX, "no pattern is too long");
		require(hit || !suppression__matches(one->pattern, callback, strlen(callback)),
			"what matches the callback matches the finding");
		/* What was understood is understood again, and as the same. */
		if (asprintf(&again, "leak:%s\n", one->pattern) < 0)
			abort();
		require(!suppressions__parse(s, "again", again, strlen(again), error) &&
				!strcmp(suppressions__at(s, suppressions__count(s) - 1)->pattern,
					suppressions__at(s, i)->pattern),
			"a pattern can be written and read");
		free(again);
		if (i > 100)
			break;
	}
	suppressions__free(s);
	/* A proposal can be read and hides what it is for. */
	s = suppressions__new();
	if (suppression__propose(&l, line + 5, sizeof(line) - 6)) {
		memcpy(line, "leak:", 5);
		require(!suppressions__parse(s, "proposed", line, strlen(line), error) &&
				suppressions__match(s, &l),
			"a proposal matches");
	}
	suppressions__free(s);
	free(callback);
	free(text);
	return 0;
}
