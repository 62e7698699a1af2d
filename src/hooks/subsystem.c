// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of subsystem tables, and what src/kernel is told of them.
 */
#include "hooks/subsystem.h"

#include "kernel/builtin.h"

const struct subsystem *const subsystems[] = {
	&subsystem_nfc,	    &subsystem_digital,
	&subsystem_nci,	    &subsystem_hci,
	&subsystem_pn533,   &subsystem_pn533_usb,
	&subsystem_port100, &subsystem_virtual_nci,
	&subsystem_nfcsim,  NULL,
};

#define NR_SUBSYSTEMS (sizeof(subsystems) / sizeof(*subsystems) - 1)
#define MAX_ANCHORS   8

const struct builtin_part *subsystem__parts(void)
{
	static struct builtin_part parts[NR_SUBSYSTEMS + 1];
	static const char *anchors[NR_SUBSYSTEMS][MAX_ANCHORS + 1];

	for (size_t i = 0; i < NR_SUBSYSTEMS; i++) {
		const struct subsystem *s = subsystems[i];

		for (size_t n = 0; n < MAX_ANCHORS && s->functions[n].name; n++)
			anchors[i][n] = s->functions[n].name;
		parts[i] = (struct builtin_part){ s->module, s->needs, s->prefixes, anchors[i] };
	}
	return parts;
}
