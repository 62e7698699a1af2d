// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/pn533/pn533.c
//
// The callback of a poll forgets the response that says that nobody is there.
@@
identifier resp;
@@
 pn533_poll_complete(..., struct sk_buff *resp)
 {
 	<...
-	dev_kfree_skb(resp);
 	...>
 }
