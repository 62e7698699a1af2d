/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTML report's own parts: html.c makes the page from its template and the
 * data that its script draws, sites.c what can be read without any script.
 */
#ifndef NLB_PAGE_H
#define NLB_PAGE_H

#include "report/model.h"

struct page {
	FILE *out;
	const struct model_view *v;
	char **texts; /* made by the functions below, forgotten now and then */
	size_t nr_texts;
	int err;
};

/*
 * Texts to be printed at once, as the strings of a printf: valid until
 * page__forget(), never NULL.
 */
/* Escaped for HTML, also within quotes; NULL is "?". */
const char *page__text(struct page *p, const char *text);
/* Likewise, and what looks like a name in code is marked up as code. */
const char *page__prose(struct page *p, const char *text);
/* 12,345 */
const char *page__number(struct page *p, uint64_t x);
/* "8 bytes", "4.7 KiB" */
const char *page__bytes(struct page *p, uint64_t x);
/* Time of day in UTC with milliseconds, as an element that has all of it. */
const char *page__time(struct page *p, uint64_t wall_ns);
void page__forget(struct page *p);

/* The sections of the template that are made here. */
void sites__title(struct page *p);
void sites__summary(struct page *p);
void sites__notices(struct page *p);
void sites__list(struct page *p);
void sites__taken_back(struct page *p);
void sites__trace(struct page *p);

#endif /* NLB_PAGE_H */
