// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of subsystem tables.
 */
#include "hooks/subsystem.h"

const struct subsystem *const subsystems[] = {
	&subsystem_nfc,
	&subsystem_digital,
	NULL,
};
