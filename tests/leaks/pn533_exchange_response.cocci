// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/pn533/pn533.c
//
// The callback of an exchange that failed forgets the response that said so.
@@
identifier resp;
@@
 pn533_data_exchange_complete(..., struct sk_buff *resp)
 {
 	<...
-	dev_kfree_skb(resp);
 	...>
 }
