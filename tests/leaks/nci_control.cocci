// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/nci/ntf.c
//
// Notifications of credits are not freed.
@@
identifier skb;
@@
 nci_ntf_packet(..., struct sk_buff *skb)
 {
 	<...
-	kfree_skb(skb);
+	if (skb->len != 3)
+		kfree_skb(skb);
 	...>
 }
