// SPDX-License-Identifier: GPL-2.0-only
/*
 * HCI, the ETSI protocol of older controllers (pn544, microread): net/nfc/hci.
 *
 * Whatever is sent, waiting for its answer or not, goes through
 *
 *   int nfc_hci_hcp_message_tx(struct nfc_hci_dev *hdev, u8 pipe, u8 type,
 *                              u8 instruction, const u8 *payload,
 *                              size_t payload_len, data_exchange_cb_t cb,
 *                              void *cb_context, unsigned long completion_delay);
 *
 * which allocates the struct hci_msg and copies the payload into skbs of its own:
 * the request is not passed on.  The callback of an exchange is given the device,
 * which has kept what the socket is to be called with.
 *
 * Nothing completes a command by its address: responses are known from callbacks
 * alone.  All that have an answer end in one of two, drivers' own apart.
 */
#include "hooks/subsystem.h"

#define FIRST_LOST "the response of its first run"

static const struct hooked_function functions[] = {
	{ "nfc_hci_hcp_message_tx", HOOK_SUBMIT,
	  "commands: no leak of a user argument or response can be told", NULL },
	{ "nfc_hci_execute_cb", HOOK_CALLBACK, FIRST_LOST, NULL },
	{ "hci_transceive_cb", HOOK_CALLBACK, FIRST_LOST, NULL },
	{ "nfc_hci_recv_frame", HOOK_FRAME, "skbs put together of fragments", NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const dispatchers[] = {
	"__nfc_hci_cmd_completion", "nfc_hci_resp_received",	 "nfc_hci_failure",
	"nfc_hci_msg_tx_work",	    "nfc_hci_unregister_device", NULL,
};

/* The message's type: NFC_HCI_HCP_*, net/nfc/hci/hci.h */
static const char *const command_types[] = { "HCP_COMMAND", "HCP_EVENT", "HCP_RESPONSE", NULL };

static const char *const prefixes[] = { "nfc_hci_", "hci_",	  "nfc_llc_",
					"llc_nop_", "llc_shdlc_", NULL };

const struct subsystem subsystem_hci = {
	.name = "HCI",
	.module = "hci",
	.needs = "nfc",
	.prefixes = prefixes,
	.functions = functions,
	.dispatchers = dispatchers,
	.command_types = command_types,
	.nr_command_types = 3,
	.arguments = {
		[HOOK_SUBMIT] = { .device = 1, .type = 3, .callback = 7, .argument = 8,
				  .timeout = 9 },
		[HOOK_CALLBACK] = { .argument = 1, .response = 2 },
	},
};
