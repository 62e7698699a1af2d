// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sony's Port100 (RC-S380): drivers/nfc/port100.c, a driver of the Digital stack.
 *
 *   int port100_send_cmd_async(struct port100 *dev, u8 cmd_code, struct sk_buff *req,
 *                              port100_send_async_complete_t complete_cb,
 *                              void *complete_cb_context);
 *
 * allocates the command and its response.  Its user argument is mostly a struct
 * port100_cb_arg, which carries what the Digital stack wants to be called back
 * with (digital_send_cmd_complete() and the Digital command).
 */
#include "hooks/subsystem.h"

static const struct hooked_function functions[] = {
	{ "port100_send_cmd_async", HOOK_SUBMIT,
	  "commands: no leak of a user argument, request or response can be told", NULL },
	/* Responses are known from callbacks alone. */
	{ "port100_in_comm_rf_complete", HOOK_CALLBACK, "the response of its first run", NULL },
	{ "port100_tg_comm_rf_complete", HOOK_CALLBACK, "the response of its first run", NULL },
	{ "port100_probe", HOOK_FRAME, "skbs allocated while the device is probed", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const dispatchers[] = {
	"port100_wq_cmd_complete",
	"port100_send_async_complete",
	NULL,
};

static const char *const wrappers[] = {
	"port100_alloc_skb",
	NULL,
};

/* PORT100_CMD_* */
static const char *const command_types[] = {
	[0x00] = "IN_SET_RF",
	[0x02] = "IN_SET_PROTOCOL",
	[0x04] = "IN_COMM_RF",
	[0x06] = "SWITCH_RF",
	[0x20] = "GET_FIRMWARE_VERSION",
	[0x28] = "GET_COMMAND_TYPE",
	[0x2a] = "SET_COMMAND_TYPE",
	[0x40] = "TG_SET_RF",
	[0x42] = "TG_SET_PROTOCOL",
	[0x46] = "TG_SET_RF_OFF",
	[0x48] = "TG_COMM_RF",
};

static const char *const prefixes[] = { "port100_", NULL };

const struct subsystem subsystem_port100 = {
	.name = "Port100 driver",
	.module = "port100",
	.needs = "nfc_digital",
	.prefixes = prefixes,
	.functions = functions,
	.dispatchers = dispatchers,
	.wrappers = wrappers,
	.command_types = command_types,
	.nr_command_types = sizeof(command_types) / sizeof(*command_types),
	.arguments = {
		[HOOK_SUBMIT] = { .device = 1, .type = 2, .request = 3, .callback = 4,
				  .argument = 5 },
		[HOOK_CALLBACK] = { .device = 1, .argument = 2, .response = 3 },
	},
};
