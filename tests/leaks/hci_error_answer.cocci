// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/hci/command.c
//
// What comes with an error, as the answer to a command that somebody waits for, is not freed.
@@
expression ok, E;
identifier skb;
@@
 nfc_hci_execute_cb(void *context, struct sk_buff *skb, int err)
 {
 	<...
 	if (ok)
 		E = skb;
-	else
-		kfree_skb(skb);
 	...>
 }
