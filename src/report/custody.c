// SPDX-License-Identifier: GPL-2.0-only
/*
 * Through whose hands an allocation went, from its stack and its command.
 */
#include <string.h>

#include "report/report.h"

const char *report__origin(const struct report_leak *leak)
{
	const struct stack *s = leak->stack;

	if (!leak->a->skb || !s)
		return NULL;
	/* Above the site are the core's functions that made it. */
	for (size_t i = 0; i < s->depth && i < s->site; i++) {
		const char *text = s->frames[i].text;

		if (!strncmp(text, "skb_clone", strlen("skb_clone")))
			return "clone";
		/* skb_copy(), skb_copy_expand(), __pskb_copy_fclone() */
		if (!strncmp(text, "skb_copy", strlen("skb_copy")) || strstr(text, "pskb_copy"))
			return "copy";
	}
	return "new";
}

const char *report__holder(const struct report_leak *leak)
{
	switch (leak->a->kind) {
	case KIND_USER_ARGUMENT:
	case KIND_RESPONSE:
		if (leak->a->rule == RULE_SUBMIT_FAILED)
			break;
		return leak->callback ? leak->callback : leak->function;
	default:
		break;
	}
	if (leak->a->sock && leak->upper)
		return leak->upper;
	/* A command that was given up on leaves what it carried where it came from. */
	if (leak->submitter)
		return leak->submitter;
	return leak->submit ? leak->submit : leak->function;
}
