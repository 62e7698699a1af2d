// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/hci/core.c
//
// The fragments of a message are forgotten when it has been put together.
@@
expression hdev;
@@
 nfc_hci_recv_from_llc(...)
 {
 	<...
-	skb_queue_purge(&hdev->rx_hcp_frags);
+	__skb_queue_head_init(&hdev->rx_hcp_frags);
 	...>
 }
