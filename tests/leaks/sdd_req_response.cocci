// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// A target's callback for SDD_REQ does not free the frame that it has received.
@@
@@
 digital_tg_recv_sdd_req(...)
 {
 	...
-	dev_kfree_skb(resp);
 }
