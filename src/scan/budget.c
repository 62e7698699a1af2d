// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sums of budget.h.
 */
#include "scan/budget.h"

#include <stdbool.h>

void budget__pay(struct budget *b, uint64_t ns, uint64_t now)
{
	bool first = !b->as_of && !b->left;

	/* A debt moves as_of ahead: until then nothing is earned, and a search that
	 * somebody asked for in between adds to it.
	 */
	if (now > b->as_of) {
		b->left += (now - b->as_of) / BUDGET_SHARE;
		b->as_of = now;
	}
	if (first || b->left > BUDGET_BURST_NS)
		b->left = BUDGET_BURST_NS;
	if (b->left >= ns) {
		b->left -= ns;
	} else {
		b->as_of += (ns - b->left) * BUDGET_SHARE;
		b->left = 0;
	}
	b->not_before = (b->as_of > now ? b->as_of : now) + BUDGET_PAUSE_NS;
}
