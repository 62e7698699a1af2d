// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// A datagram that was queued for a socket has one user too many, and outlives its reader.
@@
@@
 nfc_llcp_recv_ui(...)
 {
 	<...
 	skb_get(skb);
+	skb_get(skb);
 	...>
 }
