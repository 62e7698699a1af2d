// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folded stacks of leaked bytes, as flame graph programs read them: one stack a
 * line, outermost function first, then a space and the bytes.
 *
 * The last frame says which callback had it, since that is who should have
 * freed it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model.h"

struct line {
	char *stack;
	uint64_t bytes;
};

/* A semicolon separates frames, and the last space the count. */
static void frame(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : *name == ' ' ? '_' : *name, out);
}

/* NULL when out of memory; the caller's. */
static char *fold(const struct model_finding *f)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = f->stack ? f->stack->depth : 0; i; i--) {
		frame(out, f->stack->frames[i - 1].function);
		if (i > 1)
			fputc(';', out);
	}
	if (!f->stack || !f->stack->depth)
		frame(out, f->function ? f->function : "(no stack)");
	if (f->callback) {
		fputs(";callback:", out);
		frame(out, f->callback);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int by_stack(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->stack, ((const struct line *)b)->stack);
}

static int write_folded(const struct model_view *v, FILE *out)
{
	struct line *lines = calloc(v->standing + 1, sizeof(*lines));
	size_t n = 0;
	int err = -ENOMEM;

	if (!lines)
		return err;
	for (; n < v->standing; n++) {
		lines[n].stack = fold(v->sites[n].first);
		lines[n].bytes = v->sites[n].bytes;
		if (!lines[n].stack)
			goto out;
	}
	/* Sites differ by rule and offset too: what looks the same is added up. */
	qsort(lines, n, sizeof(*lines), by_stack);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && !by_stack(&lines[i], &lines[i + 1]))
			lines[i + 1].bytes += lines[i].bytes;
		else
			fprintf(out, "%s %" PRIu64 "\n", lines[i].stack, lines[i].bytes);
	}
	err = 0;
out:
	for (size_t i = 0; i < n; i++)
		free(lines[i].stack);
	free(lines);
	return err;
}

static struct report *folded_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_folded);
}

const struct report_format report_folded = MODEL_FORMAT(folded_open);
