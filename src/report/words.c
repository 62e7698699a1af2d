// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened, in words: the same in every format that people read.
 */
#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *words__role(const struct report_leak *l)
{
	static const char *const words[NR_KINDS] = {
		[KIND_OBJECT] = "object",
		[KIND_SKB] = "skb",
		[KIND_USER_ARGUMENT] = "user argument",
		[KIND_REQUEST] = "request",
		[KIND_RESPONSE] = "response",
		[KIND_PARAMS] = "params",
		[KIND_COMMAND] = "command",
	};
	const char *origin = report__origin(l);

	if (l->a->sock)
		return "socket";
	if (l->a->kind == KIND_SKB && origin && strcmp(origin, "new") != 0)
		return !strcmp(origin, "clone") ? "clone of an skb" : "copy of an skb";
	return words[l->a->kind];
}

char *words__what(const struct report_leak *l)
{
	const char *callback = l->callback ? l->callback : "a callback";
	const char *command = l->command ? l->command : "command";
	const char *holder = report__holder(l), *had, *role = words__role(l);
	char *text = NULL;
	int n;

	/* Worth a word only if it is another function. */
	if (!holder || holder == l->function)
		holder = had = "";
	else
		had = l->a->sock ? "; it was held for " : ", last held by ";
	switch (l->a->rule) {
	case RULE_CALLBACK_KEPT:
		n = asprintf(&text, "%s returned without releasing its %s", callback, role);
		break;
	case RULE_COMMAND_DROPPED:
		n = asprintf(&text,
			     "%s for %s was dropped without calling it, and its %s not released",
			     command, callback, role);
		break;
	case RULE_SUBMIT_FAILED:
		n = asprintf(&text, "%s failed for %s, and nobody released the %s",
			     l->submit ? l->submit : "submitting", callback, role);
		break;
	case RULE_OWNER_GONE:
		n = asprintf(&text, "%s, and its %s not released%s%s",
			     l->a->sock ? "a socket was closed" : "a device or module is gone",
			     l->a->sock ? "memory" : role, had, holder);
		break;
	case RULE_UNREFERENCED:
		n = asprintf(&text, "nothing refers to this %s any more%s%s", role, had, holder);
		break;
	default:
		n = asprintf(&text, "%s leaked", role);
		break;
	}
	return n < 0 ? NULL : text;
}

char *words__sentence(const struct report_leak *l)
{
	char *what = words__what(l), *text = NULL, from[256] = "";

	if (!what)
		return NULL;
	if (l->function)
		snprintf(from, sizeof(from), " from %s+0x%x", l->function, l->offset);
	if (asprintf(&text, "%s: %" PRIu64 " bytes%s", what, l->a->size, from) < 0)
		text = NULL;
	free(what);
	return text;
}

const char words_incomplete[] = "the recording stops before the end of the run";

void words__carried(const struct report_leak *l, char *buf, size_t size)
{
	snprintf(buf, size, "carried by %s%s%s, queued with %s%s%s for %s%s%s",
		 l->command ? l->command : "a command", l->device ? " on " : "",
		 l->device ? l->device : "", l->submit ? l->submit : "?",
		 l->submitter ? " by " : "", l->submitter ? l->submitter : "",
		 l->callback ? l->callback : "?", l->upper ? ", on behalf of " : "",
		 l->upper ? l->upper : "");
}

void words__degraded(unsigned degraded, char *buf, size_t size)
{
	static const struct {
		enum degraded bit;
		const char *text;
	} reasons[] = {
		{ DEGRADED_LOST_EVENTS, "events were lost" },
		{ DEGRADED_MISSED_HOOKS, "a hook did not run" },
		{ DEGRADED_NO_STACK, "its stack was left out" },
		{ DEGRADED_NO_HOOK, "a hook is missing" },
	};
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons) && n < size; i++)
		if (degraded & reasons[i].bit)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
					      reasons[i].text);
}

void words__summary(FILE *out, uint64_t bytes, uint64_t count, size_t sites)
{
	if (count)
		fprintf(out,
			"SUMMARY: nfcleakbpf: %" PRIu64 " bytes leaked in %" PRIu64
			" allocations at %zu site%s\n",
			bytes, count, sites, sites == 1 ? "" : "s");
	else
		fprintf(out, "SUMMARY: nfcleakbpf: no leaks found\n");
}
