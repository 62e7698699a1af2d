// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// The copies that LLCP keeps of what it has sent are taken from their queue when they are
// acknowledged, and not freed.
@@
@@
 nfc_llcp_recv_hdlc(...)
 {
 	<...
 	skb_unlink(s, &llcp_sock->tx_pending_queue);
-	kfree_skb(s);
 	...>
 }
