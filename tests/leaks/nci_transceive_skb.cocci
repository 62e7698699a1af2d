// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/nci/core.c
//
// What is to be sent is lost when an exchange cannot begin: no connection, no target, busy.
@@
identifier skb;
@@
 nci_transceive(..., struct sk_buff *skb, ...)
 {
 	<...
-	kfree_skb(skb);
 	return ...;
 	...>
 }
