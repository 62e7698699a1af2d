// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NFC core with LLCP and raw sockets: net/nfc/core.c, llcp_sock.c,
 * rawsock.c.  It queues no commands of its own; here are the functions through
 * which netlink requests and socket calls come in and allocate or send.  Those
 * that only schedule work or take something down (nfc_start_poll, nfc_stop_poll,
 * nfc_dev_down, nfc_dep_link_down) are left out: every hook makes Ctrl-C slower.
 */
#include "hooks/subsystem.h"

#define NETLINK_LOST "skbs allocated in the netlink operation"
#define SOCKET_LOST  "skbs allocated in the socket call"

static const struct hooked_function functions[] = {
	{ "nfc_dev_up", HOOK_FRAME, NETLINK_LOST, NULL },
	{ "nfc_dep_link_up", HOOK_FRAME, NETLINK_LOST, NULL },
	{ "llcp_sock_sendmsg", HOOK_FRAME, SOCKET_LOST, NULL },
	{ "llcp_sock_connect", HOOK_FRAME, SOCKET_LOST, NULL },
	{ "llcp_sock_release", HOOK_FRAME, SOCKET_LOST, NULL },
	{ "rawsock_sendmsg", HOOK_FRAME, SOCKET_LOST, NULL },
	{ NULL, 0, NULL, NULL },
};

static const char *const wrappers[] = {
	"nfc_alloc_send_skb",
	"nfc_alloc_recv_skb",
	"llcp_allocate_pdu",
	NULL,
};

static const char *const prefixes[] = { "nfc_", "af_nfc_", "llcp_", "rawsock_", NULL };

const struct subsystem subsystem_nfc = {
	.name = "NFC core and LLCP",
	.module = "nfc",
	.prefixes = prefixes,
	.functions = functions,
	.device_up = "nfc_dev_up",
	.wrappers = wrappers,
};
