// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulator, drivers/nfc/nfcsim.c.  All that it does, it does in work items and in what
 * Digital calls, so there is nothing to hook.  As a module it needs no table; with this one it
 * is known also where it is built into the kernel.
 */
#include "hooks/subsystem.h"

static const struct hooked_function functions[] = {
	{ NULL, 0, NULL, NULL },
};

static const char *const prefixes[] = { "nfcsim_", NULL };

const struct subsystem subsystem_nfcsim = {
	.name = "NFC simulator",
	.module = "nfcsim",
	.needs = "nfc_digital",
	.prefixes = prefixes,
	.functions = functions,
};
