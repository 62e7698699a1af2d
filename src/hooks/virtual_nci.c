// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual NCI controller, drivers/nfc/virtual_ncidev.c: what it receives is
 * written to its device file.  It is how a table looks for a driver that queues
 * nothing of its own: only where a task comes in and allocates skbs.
 */
#include "hooks/subsystem.h"

static const struct hooked_function functions[] = {
	{ "virtual_ncidev_write", HOOK_FRAME, "skbs received", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const prefixes[] = { "virtual_nci", NULL };

const struct subsystem subsystem_virtual_nci = {
	.name = "virtual NCI controller",
	.module = "virtual_ncidev",
	.needs = "nci",
	.prefixes = prefixes,
	.functions = functions,
};
