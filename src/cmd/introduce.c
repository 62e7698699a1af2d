// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the tables of src/hooks to the session, which records what it is told.
 */
#include "cmd/introduce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "version.h"

/* ---- subsystems ---- */

static int set_role(struct session *session, struct names *names, const char *function,
		    const char *module, enum role role)
{
	uint32_t name = names__intern(names, function, module);

	return name ? session__set_role(session, name, role) : -ENOMEM;
}

/* A function that submits, and what it calls its commands. */
static int set_submit(struct session *session, struct names *names, const char *function,
		      const struct subsystem *s)
{
	uint32_t name = names__intern(names, function, s->module);
	int err = set_role(session, names, function, s->module, ROLE_SUBMIT);

	for (size_t n = 0; n < s->nr_command_types && !err; n++)
		if (s->command_types[n])
			err = session__set_command(session, name, (uint8_t)n, s->command_types[n]);
	return err;
}

int introduce__subsystems(struct session *session, struct names *names)
{
	int err = 0;

	for (size_t i = 0; subsystems[i] && !err; i++) {
		const struct subsystem *s = subsystems[i];

		for (const char *const *d = s->dispatchers; d && *d && !err; d++)
			err = set_role(session, names, *d, s->module, ROLE_DISPATCH);
		for (const struct hooked_function *f = s->functions; f->name && !err; f++)
			if (f->role == HOOK_SUBMIT)
				err = set_submit(session, names, f->name, s);
	}
	return err;
}

/* ---- the run ---- */

void introduce__run(struct session *session, const struct hooks *hooks, const char *release,
		    uint64_t now)
{
	size_t count = hooks__count(hooks), modules = hooks__nr_modules(hooks), n = 0, attached = 0;
	char **missing = calloc(count + 1, sizeof(*missing));
	const char **names = calloc(modules + 1, sizeof(*names));

	for (size_t i = 0; names && i < modules; i++)
		names[i] = hooks__module(hooks, i);
	for (size_t i = 0; missing && i < count; i++) {
		const struct hook *h = hooks__at(hooks, i);

		attached += h->state == HOOK_ATTACHED;
		if (h->state == HOOK_MISSING &&
		    asprintf(&missing[n], "%s %s%s%s: %s; lost: %s", h->mechanism, h->target,
			     *h->module ? " of " : "", h->module, h->reason, h->lost) > 0)
			n++;
	}
	if (names && missing)
		session__start(session,
			       &(struct report_start){
				       .version = NFCLEAKBPF_VERSION,
				       .kernel = release,
				       .modules = names,
				       .nr_modules = modules,
				       .hooks = attached,
				       .missing = (const char *const *)missing,
				       .nr_missing = n,
			       },
			       now);
	for (size_t i = 0; missing && i < n; i++)
		free(missing[i]);
	free(missing);
	free(names);
}
