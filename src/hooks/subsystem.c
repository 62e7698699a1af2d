// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of subsystem tables.
 */
#include "hooks/subsystem.h"

const struct subsystem *const subsystems[] = {
	&subsystem_nfc,	    &subsystem_digital,	    &subsystem_nci,
	&subsystem_hci,	    &subsystem_pn533,	    &subsystem_pn533_usb,
	&subsystem_port100, &subsystem_virtual_nci, NULL,
};
