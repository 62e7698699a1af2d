// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/port100.c
//
// The callback of a target's frame forgets the response that says that nobody came.
@@
identifier resp;
@@
 port100_tg_comm_rf_complete(..., struct sk_buff *resp)
 {
 	<...
-	kfree_skb(resp);
 	...>
 }
