// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that have no object: a data exchange of NCI is two words in its
 * connection.  What is known of one is its handle, a device that has one such
 * command at a time, and the functions that are called with the handle: one that
 * runs the callback, one that ends whatever is left.
 *
 * The next command may be submitted while the callback of the last one still
 * runs: from then on the handle is the new one's, and the old one ends with the
 * call that runs its callback.
 */
#include "ledger/internal.h"

#include <errno.h>

static int on_handle(struct ledger *l, const struct event *e)
{
	struct task *t = task_of(l, e->tid);
	struct command *c = t ? t->submitting : NULL, *last;

	/* Called by others, too, and for other things. */
	if (!c || c->addr || !e->handle.handle || c->request_value != e->handle.request)
		return 0;
	last = command_at(l, e->handle.handle);
	if (last && !last->dispatcher)
		command_dropped(l, last, e->time);
	c->handle = true;
	return command_bind(l, c, e->handle.handle);
}

static int on_dispatch(struct ledger *l, const struct event *e)
{
	struct command *c = command_at(l, e->handle.handle);
	struct task *t;

	if (!c || !c->handle || c->dispatcher)
		return 0;
	t = task_make(l, e->tid);
	if (!t)
		return -ENOMEM;
	if (t->dispatching)
		t->dispatching->dispatcher = NULL; /* its return was missed */
	t->dispatching = c;
	c->dispatcher = t;
	c->completed = true;
	c->response_value = e->handle.response;
	c->response = carry(l, c, e->handle.response, KIND_RESPONSE, 0, e->time);
	return 0;
}

static void on_dispatched(struct ledger *l, const struct event *e)
{
	struct task *t = task_of(l, e->tid);
	struct command *c = t ? t->dispatching : NULL;
	struct cargo response;

	if (!c)
		return;
	t->dispatching = NULL;
	c->dispatcher = NULL;
	if (c->called || !callback_hooked(l, c->carrier.callback)) {
		command_returned(l, c, e->time);
	} else {
		/* It was not for this one: others answer at the same time. */
		response = c->response;
		release(l, &c->response, NULL);
		c->response = (struct cargo){ 0 };
		c->completed = false;
		suspect_carried(l, &response, RULE_COMMAND_DROPPED, e->time);
	}
	task_settle(l, t);
}

static int on_abort(struct ledger *l, const struct event *e)
{
	struct task *t = task_make(l, e->tid);

	if (!t)
		return -ENOMEM;
	t->aborting = e->handle.handle;
	task_settle(l, t);
	return 0;
}

static void on_aborted(struct ledger *l, const struct event *e)
{
	struct task *t = task_of(l, e->tid);
	struct command *c = t ? command_at(l, t->aborting) : NULL;

	if (!t)
		return;
	t->aborting = 0;
	if (c && c->handle && !c->dispatcher)
		command_dropped(l, c, e->time);
	task_settle(l, t);
}

int handle_event(struct ledger *l, const struct event *e)
{
	switch (e->type) {
	case EVENT_HANDLE:
		return on_handle(l, e);
	case EVENT_DISPATCH:
		return on_dispatch(l, e);
	case EVENT_DISPATCHED:
		on_dispatched(l, e);
		return 0;
	case EVENT_ABORT:
		return on_abort(l, e);
	case EVENT_ABORTED:
		on_aborted(l, e);
		return 0;
	default:
		return 0;
	}
}
