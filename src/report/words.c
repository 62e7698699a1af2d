// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened, in words: the same in every format that people read.
 */
#include "report/words.h"

#include <inttypes.h>
#include <stdio.h>

static const char *role_of(const struct allocation *a)
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

	return words[a->kind];
}

char *words__sentence(const struct report_leak *l)
{
	const char *callback = l->callback ? l->callback : "a callback";
	const char *command = l->command ? l->command : "command";
	char from[256] = "", *text = NULL;
	int n;

	if (l->function)
		snprintf(from, sizeof(from), " from %s+0x%x", l->function, l->offset);
	switch (l->a->rule) {
	case RULE_CALLBACK_KEPT:
		n = asprintf(&text, "%s returned without releasing its %s: %" PRIu64 " bytes%s",
			     callback, role_of(l->a), l->a->size, from);
		break;
	case RULE_COMMAND_DROPPED:
		n = asprintf(&text,
			     "%s for %s was dropped without calling it, and its %s not released: "
			     "%" PRIu64 " bytes%s",
			     command, callback, role_of(l->a), l->a->size, from);
		break;
	case RULE_SUBMIT_FAILED:
		n = asprintf(&text,
			     "%s failed for %s, and nobody released the %s: %" PRIu64 " bytes%s",
			     l->submit ? l->submit : "submitting", callback, role_of(l->a),
			     l->a->size, from);
		break;
	case RULE_OWNER_GONE:
		n = asprintf(&text,
			     "a device or module is gone and its %s not released: %" PRIu64
			     " bytes%s",
			     role_of(l->a), l->a->size, from);
		break;
	case RULE_UNREFERENCED:
		n = asprintf(&text, "nothing refers to this %s any more: %" PRIu64 " bytes%s",
			     role_of(l->a), l->a->size, from);
		break;
	default:
		n = asprintf(&text, "%s leaked: %" PRIu64 " bytes%s", role_of(l->a), l->a->size,
			     from);
		break;
	}
	return n < 0 ? NULL : text;
}

void words__carried(const struct report_leak *l, char *buf, size_t size)
{
	snprintf(buf, size, "carried by %s%s%s, queued with %s for %s",
		 l->command ? l->command : "a command", l->device ? " on " : "",
		 l->device ? l->device : "", l->submit ? l->submit : "?",
		 l->callback ? l->callback : "?");
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
