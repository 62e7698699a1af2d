// SPDX-License-Identifier: GPL-2.0-only
/*
 * NCI, the protocol of most modern controllers: net/nfc/nci/core.c, data.c.
 *
 * A data exchange is
 *
 *   int nci_transceive(struct nfc_dev *nfc_dev, struct nfc_target *target,
 *                      struct sk_buff *skb,
 *                      data_exchange_cb_t cb, void *cb_context);
 *
 * and has no object: callback and context are kept in the connection until
 *
 *   void nci_data_exchange_complete(struct nci_dev *ndev, struct sk_buff *skb,
 *                                   __u8 conn_id, int err);
 *
 * calls them.  A device has one exchange at a time, so the nci_dev is its
 * handle; nci_transceive() gives it to nci_send_data().  What is still pending
 * when nci_close_device() has returned is never called back.
 *
 * Control messages have no callback: all are made by nci_send_cmd(), here a
 * frame so that their skbs are seen whoever sends them.
 */
#include "hooks/subsystem.h"

static const struct hooked_function functions[] = {
	{ "nci_transceive", HOOK_SUBMIT,
	  "data exchanges: no leak of a user argument, request or response can be told", NULL },
	{ "nci_send_data", HOOK_HANDLE, "when a data exchange ends", NULL },
	{ "nci_data_exchange_complete", HOOK_DISPATCH, "when a data exchange ends", NULL },
	{ "nci_close_device", HOOK_ABORT,
	  "data exchanges that are not called back when their device closes", NULL },
	{ "nci_send_cmd", HOOK_FRAME, "skbs of control messages", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const wrappers[] = {
	"nci_send_cmd",
	NULL,
};

static const char *const command_types[] = { "DATA_EXCHANGE", NULL };

static const char *const prefixes[] = { "nci_", NULL };

const struct subsystem subsystem_nci = {
	.name = "NCI",
	.module = "nci",
	.needs = "nfc",
	.prefixes = prefixes,
	.functions = functions,
	.wrappers = wrappers,
	.command_types = command_types,
	.nr_command_types = 1,
	.timeout_ms = 3000, /* NCI_DATA_TIMEOUT, include/net/nfc/nci.h */
	.arguments = {
		[HOOK_SUBMIT] = { .device = 1, .request = 3, .callback = 4, .argument = 5 },
		[HOOK_HANDLE] = { .command = 1, .request = 3 },
		[HOOK_DISPATCH] = { .command = 1, .response = 2 },
		[HOOK_ABORT] = { .command = 1 },
		[HOOK_CALLBACK] = { .argument = 1, .response = 2 },
	},
};
