// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/nci/core.c
//
// The part of a message that has been received is lost with its device.
@@
expression skb;
@@
 nci_free_device(...)
 {
 	<...
-	if (skb)
-		kfree_skb(skb);
 	...>
 }
