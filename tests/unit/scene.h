/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace to be rendered: some rounds of a few leaky and many innocent exchanges
 * on a pretended NFC stack, with real stacks, driven through a ledger as
 * src/cmd/run.c does.  All formats are shown the same.
 */
#ifndef NLB_TEST_SCENE_H
#define NLB_TEST_SCENE_H

#include "report/model.h"

#define SCENE_WALL    1795449600000000000ULL /* 2026-11-23T16:00:00Z, when tracing begins */
#define SCENE_MONO    5000000000ULL	     /* the same on the monotonic clock */
#define SCENE_HOSTILE "</script><img src=x onerror=alert(1)>\"'&;\x1b[31m\xff \n]]>"

struct scene {
	unsigned sites;	 /* that leak */
	unsigned rounds; /* each leaks so often */
	unsigned noise;	 /* innocent exchanges per round */
	bool hostile;	 /* names that want out of where they are put */
	bool definite;	 /* two searches find nothing */
	bool degraded;
	bool late;		/* the first leak is freed in the end: retracted */
	bool healed;		/* one free was missed, and its address used again */
	bool no_start;		/* nothing but findings and the end */
	bool no_taps;		/* nor the events */
	bool nameless;		/* one frame has no symbol, only an address */
	bool veiled;		/* addresses and contents are hidden */
	bool stops;		/* before the end of the run */
	const char *suppressed; /* lines of a file; NULL: nothing is */
	const char *kernel;	/* NULL: 6.12 */
};

/* What the ledger said of itself in the end, to compare with. */
struct scene_sum {
	struct ledger_stats stats;
	uint64_t leaked_bytes;
};

/*
 * Renders it to out.  Returns what the model's status is, or 0.  sum and look
 * may be NULL; look is called between end() and close().
 */
int scene__render(const struct scene *s, const struct report_format *format, FILE *out,
		  struct scene_sum *sum, void (*look)(const struct model_view *v));
/* The same as text; the caller's to free. */
char *scene__text(const struct scene *s, const struct report_format *format, size_t *size);

#endif /* NLB_TEST_SCENE_H */
