// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NFC Digital Protocol stack: net/nfc/digital_core.c and its neighbours.
 *
 * digital_tg_listen(), digital_in_send_cmd() and digital_tg_send_cmd() are
 * inline; the one function that submits is
 *
 *   int digital_send_cmd(struct nfc_digital_dev *ddev, u8 cmd_type,
 *                        struct sk_buff *skb,
 *                        struct digital_tg_mdaa_params *params, u16 timeout,
 *                        nfc_digital_cmd_complete_t cmd_cb, void *cb_context);
 *
 * digital_send_cmd_complete(ddev, arg, resp) has a callback's prototype but is
 * none: its argument is the command.
 */
#include "hooks/subsystem.h"

static const struct hooked_function functions[] = {
	{ "digital_send_cmd", HOOK_SUBMIT,
	  "commands: no leak of a user argument, request or response can be told", NULL },
	{ "digital_send_cmd_complete", HOOK_COMPLETE,
	  "responses: known only from callbacks, so not for a callback's first run", NULL },
	{ "nfc_digital_unregister_device", HOOK_FRAME,
	  "who holds what while a device is unregistered", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const dispatchers[] = {
	"digital_wq_cmd_complete",
	"nfc_digital_unregister_device",
	NULL,
};

static const char *const wrappers[] = {
	"digital_skb_alloc",
	NULL,
};

/* DIGITAL_CMD_*, net/nfc/digital.h */
static const char *const command_types[] = {
	"IN_SEND", "TG_SEND", "TG_LISTEN", "TG_LISTEN_MDAA", "TG_LISTEN_MD", NULL,
};

static const char *const prefixes[] = { "digital_", "nfc_digital_", NULL };

const struct subsystem subsystem_digital = {
	.name = "NFC Digital Protocol",
	.module = "nfc_digital",
	.needs = "nfc",
	.prefixes = prefixes,
	.functions = functions,
	.dispatchers = dispatchers,
	.wrappers = wrappers,
	.command_types = command_types,
	.nr_command_types = 5,
	.arguments = {
		[HOOK_SUBMIT] = { .device = 1, .type = 2, .request = 3, .params = 4,
				  .timeout = 5, .callback = 6, .argument = 7 },
		[HOOK_COMPLETE] = { .device = 1, .command = 2, .response = 3 },
		[HOOK_CALLBACK] = { .device = 1, .argument = 2, .response = 3 },
	},
};
