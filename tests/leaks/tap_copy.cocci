// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// The copy of a PDU that is made for raw sockets that listen to the link is not freed.
@@
@@
 nfc_llcp_send_to_raw_sock(...)
 {
 	<...
-	kfree_skb(skb_copy);
 	...>
 }
