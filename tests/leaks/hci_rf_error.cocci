// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/hci/core.c
//
// An answer that the controller has marked as damaged is refused, and not freed.
@@
identifier hdev, skb, err;
@@
 hci_transceive_cb(void *context, struct sk_buff *skb, int err)
 {
 	struct nfc_hci_dev *hdev = context;
 	<...
+	if (err == 0 && skb->data[skb->len - 1]) {
+		hdev->async_cb(hdev->async_cb_context, NULL, -EIO);
+		return;
+	}
 	if (err == 0)
 		skb_trim(skb, skb->len - 1);
 	...>
 }
