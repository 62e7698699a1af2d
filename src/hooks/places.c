// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the text of the traced modules lies, as the filter of bpf/ knows it.  Programs read it
 * while it is written: no module's range is ever out of it because of another's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hooks/internal.h"

/* Its place among the filter's ranges, until it goes; "": one that is free. */
static struct place *place_of(struct hooks *h, const char *module)
{
	for (size_t i = 0; i < NLB_MAX_RANGES; i++)
		if (!strcmp(h->places[i].module, module))
			return &h->places[i];
	return NULL;
}

static bool touch(const struct nlb_range *a, const struct nlb_range *b)
{
	return a->size && (a->start + a->size == b->start || b->start + b->size == a->start);
}

/*
 * Neighbours, as parts of the kernel are, share a place: these never go.  Returns whether
 * there was one.
 */
static bool join_place(struct hooks *h, struct nlb_range range)
{
	struct place *joined = NULL;

	for (size_t i = 0; i < NLB_MAX_RANGES; i++) {
		struct place *p = &h->places[i];

		if (!p->built_in || !touch(&p->text, &range))
			continue;
		range.start = p->text.start < range.start ? p->text.start : range.start;
		range.size += p->text.size;
		if (joined)
			*p = (struct place){ 0 };
		else
			joined = p;
		joined->text = range;
	}
	return joined;
}

int places__take(struct hooks *h, const char *module)
{
	struct memory_range text[BUILTIN_TEXT];
	int count = kernel__module_text(h->kernel, module, text, BUILTIN_TEXT);
	bool built_in = kernel__built_in(h->kernel, module);
	struct entry *e;
	int taken = 0;

	for (; taken < count; taken++) {
		struct nlb_range range = { .start = text[taken].start, .size = text[taken].size };
		struct place *place;

		if (built_in && join_place(h, range))
			continue;
		place = place_of(h, "");
		if (!place)
			break;
		snprintf(place->module, sizeof(place->module), "%s", module);
		place->built_in = built_in;
		place->text = range;
	}
	if (count > 0 && taken == count)
		return 0;
	e = plan__entry(h, "filter", "text", module, "what this module allocates", NULL);
	if (!e)
		return -ENOMEM;
	if (count < 0)
		plan__state(e, HOOK_MISSING, "it is not known where it lies: %s", strerror(-count));
	else
		plan__state(e, HOOK_MISSING, "%d modules are traced already", NLB_MAX_RANGES);
	return 0;
}

void places__leave(struct hooks *h, const char *module)
{
	struct place *place;

	while ((place = place_of(h, module)))
		*place = (struct place){ 0 };
}

/*
 * The span encloses all ranges at any moment, for whoever reads its start first: so it is
 * made wider by its size, and then begins earlier; and the other way round.
 */
static void widen_span(struct nlb_range *span, uint64_t low, uint64_t high)
{
	uint64_t end = span->start + span->size;

	if (!span->size) {
		__atomic_store_n(&span->start, low, __ATOMIC_SEQ_CST);
		__atomic_store_n(&span->size, high - low, __ATOMIC_SEQ_CST);
		return;
	}
	low = low < span->start ? low : span->start;
	high = high > end ? high : end;
	__atomic_store_n(&span->size, high - low, __ATOMIC_SEQ_CST);
	__atomic_store_n(&span->start, low, __ATOMIC_SEQ_CST);
}

static void narrow_span(struct hooks *h, struct nlb_range *span, uint64_t low, uint64_t high)
{
	if (span->start != low) {
		__atomic_store_n(&span->start, low, __ATOMIC_SEQ_CST);
		/* Who has read where it began takes its old end for granted. */
		if (arm__wait_for_programs(h))
			return; /* it ends later than need be */
	}
	__atomic_store_n(&span->size, high - low, __ATOMIC_SEQ_CST);
}

void places__write(struct hooks *h)
{
	struct nlb_filter *f = &h->skel->bss->filter;
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < NLB_MAX_RANGES; i++) {
		const struct nlb_range *text = &h->places[i].text;
		uint64_t end = text->start + text->size;

		if (!text->size)
			continue;
		low = text->start < low ? text->start : low;
		high = end > high ? end : high;
	}
	if (h->armed && high)
		widen_span(&f->span, low, high);
	/* A range is written size last; a torn one is empty. */
	for (size_t i = 0; i < NLB_MAX_RANGES; i++) {
		const struct nlb_range *text = &h->places[i].text;

		if (f->ranges[i].start == text->start && f->ranges[i].size == text->size)
			continue;
		__atomic_store_n(&f->ranges[i].size, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&f->ranges[i].start, text->start, __ATOMIC_SEQ_CST);
		__atomic_store_n(&f->ranges[i].size, text->size, __ATOMIC_SEQ_CST);
	}
	if (h->armed && high)
		narrow_span(h, &f->span, low, high);
	else
		__atomic_store_n(&f->span.size, 0, __ATOMIC_SEQ_CST);
}
