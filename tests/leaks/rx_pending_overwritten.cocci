// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// LLCP does not free a PDU when it is through with it: the next one takes its place.
@@
@@
 nfc_llcp_rx_work(...)
 {
 	...
-	kfree_skb(local->rx_pending);
-	local->rx_pending = NULL;
 }
