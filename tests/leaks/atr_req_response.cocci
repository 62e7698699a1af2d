// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// A target's callback for ATR_REQ does not free the frame that it has received.
@@
@@
 digital_tg_recv_atr_req(...)
 {
 	...
-	dev_kfree_skb(resp);
 }
