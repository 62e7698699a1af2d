// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/nci/data.c
//
// Data for a connection that there is not is not freed.
@@
identifier skb;
@@
 nci_rx_data_packet(..., struct sk_buff *skb)
 {
 	<...
-	kfree_skb(skb);
 	return;
 	...>
 }
