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

/* A semicolon separates frames, and the last space the count. */
static void frame(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : *name == ' ' ? '_' : *name, out);
}

static void line(FILE *out, const struct model_finding *f, uint64_t bytes)
{
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
	fprintf(out, " %" PRIu64 "\n", bytes);
}

/* A name or none. */
static int compare(const char *a, const char *b)
{
	if (a == b)
		return 0;
	return !a ? -1 : !b ? 1 : strcmp(a, b);
}

/* By what their lines say. */
static int by_stack(const void *a, const void *b)
{
	const struct model_finding *x = (*(const struct model_site *const *)a)->first;
	const struct model_finding *y = (*(const struct model_site *const *)b)->first;
	size_t i = x->stack ? x->stack->depth : 0, k = y->stack ? y->stack->depth : 0;
	int order = 0;

	if (!i && !k)
		order = compare(x->function, y->function);
	for (; !order && i && k; i--, k--)
		order = compare(x->stack->frames[i - 1].function, y->stack->frames[k - 1].function);
	if (!order)
		order = i < k ? -1 : i > k;
	return order ? order : compare(x->callback, y->callback);
}

static int write_folded(const struct model_view *v, FILE *out)
{
	const struct model_site **sites = calloc(v->standing + 1, sizeof(*sites));
	uint64_t bytes = 0;

	if (!sites)
		return -ENOMEM;
	for (size_t i = 0; i < v->standing; i++)
		sites[i] = &v->sites[i];
	/* Sites differ by rule and offset too: what looks the same is added up. */
	qsort(sites, v->standing, sizeof(*sites), by_stack);
	for (size_t i = 0; i < v->standing; i++) {
		bytes += sites[i]->bytes;
		if (i + 1 < v->standing && !by_stack(&sites[i], &sites[i + 1]))
			continue;
		line(out, sites[i]->first, bytes);
		bytes = 0;
	}
	free(sites);
	return 0;
}

static struct report *folded_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_folded);
}

const struct report_format report_folded = MODEL_FORMAT(folded_open);
