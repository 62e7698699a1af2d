// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PN531, PN532 and PN533: drivers/nfc/pn533/pn533.c, with USB's part of it.
 *
 *   int __pn533_send_async(struct pn533 *dev, u8 cmd_code, struct sk_buff *req,
 *                          pn533_send_async_complete_t complete_cb,
 *                          void *complete_cb_context);
 *
 * and pn533_send_cmd_direct_async(), which has the same arguments and passes by
 * the queue, each allocate a struct pn533_cmd.  pn533_send_async_complete() runs
 * its callback and frees it; in Debian's builds it is part of the work function.
 * What the queue holds is freed without its callback by pn533_wq_cmd(), when
 * the device refuses it, and by pn53x_common_clean().
 */
#include "hooks/subsystem.h"

/* What completes a command does not name it: responses are known from callbacks alone. */
#define FIRST_LOST    "the response of its first run"
#define COMMANDS_LOST "commands: no leak of a user argument, request or response can be told"

static const struct hooked_function functions[] = {
	{ "__pn533_send_async", HOOK_SUBMIT, COMMANDS_LOST, NULL },
	{ "pn533_send_cmd_direct_async", HOOK_SUBMIT, COMMANDS_LOST, NULL },
	{ "pn533_data_exchange_complete", HOOK_CALLBACK, FIRST_LOST, NULL },
	{ "pn533_poll_complete", HOOK_CALLBACK, FIRST_LOST, NULL },
	{ "pn533_alloc_skb", HOOK_FRAME, "skbs of commands", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const dispatchers[] = {
	"pn533_wq_cmd_complete",
	"pn533_send_async_complete",
	NULL,
};

static const char *const wrappers[] = {
	"pn533_alloc_skb",
	NULL,
};

/* PN533_CMD_*, drivers/nfc/pn533/pn533.h */
static const char *const command_types[] = {
	[0x02] = "GET_FIRMWARE_VERSION",
	[0x14] = "SAM_CONFIGURATION",
	[0x18] = "RESET",
	[0x32] = "RF_CONFIGURATION",
	[0x40] = "IN_DATA_EXCHANGE",
	[0x42] = "IN_COMM_THRU",
	[0x4a] = "IN_LIST_PASSIVE_TARGET",
	[0x50] = "IN_ATR",
	[0x52] = "IN_RELEASE",
	[0x56] = "IN_JUMP_FOR_DEP",
	[0x60] = "IN_AUTOPOLL",
	[0x86] = "TG_GET_DATA",
	[0x8c] = "TG_INIT_AS_TARGET",
	[0x8e] = "TG_SET_DATA",
	[0x94] = "TG_SET_META_DATA",
};

static const char *const prefixes[] = { "pn53", NULL };

const struct subsystem subsystem_pn533 = {
	.name = "PN533 driver",
	.module = "pn533",
	.needs = "nfc",
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

/* Responses are allocated where a transfer has ended: in an interrupt. */
static const struct hooked_function usb_functions[] = {
	{ "pn533_recv_response", HOOK_FRAME, "skbs of responses", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const usb_prefixes[] = { "pn533_usb_",	   "pn533_acr122_",
					    "pn533_submit_urb_",   "pn533_recv_ack",
					    "pn533_recv_response", "pn533_ack_complete",
					    "pn533_out_complete",  NULL };

const struct subsystem subsystem_pn533_usb = {
	.name = "PN533 driver, USB",
	.module = "pn533_usb",
	.needs = "pn533",
	.prefixes = usb_prefixes,
	.functions = usb_functions,
};
