// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands in flight, for whoever shows them.
 */
#include "ledger/internal.h"

static void each_of(const struct command *list,
		    void (*each)(void *ctx, const struct in_flight *command), void *ctx)
{
	for (const struct command *c = list->next; c != list; c = c->next) {
		const struct in_flight command = {
			.carrier = c->carrier,
			.queued_at = c->queued_at,
			.timeout_ms = c->timeout_ms,
			.submitting = c->submitter,
			.completed = c->completed,
			.called = c->called,
			.overdue = c->overdue,
		};

		each(ctx, &command);
	}
}

void ledger__each_command(const struct ledger *l,
			  void (*each)(void *ctx, const struct in_flight *command), void *ctx)
{
	each_of(&l->unbound, each, ctx);
	each_of(&l->bound, each, ctx);
}
