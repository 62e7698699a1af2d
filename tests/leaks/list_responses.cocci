// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c net/nfc/digital_core.c
//
// Innocent: an initiator collects the ACKs that it gets and frees them by eights, with
// kfree_skb_list().
@@
@@
+static struct sk_buff *acks;
+static unsigned int nr_acks;
+
+void digital_free_acks(void);
+
+void digital_free_acks(void)
+{
+	kfree_skb_list(acks);
+	acks = NULL;
+	nr_acks = 0;
+}
+
 void digital_in_recv_dep_res(...)
 {
 	<...
-	dev_kfree_skb(resp);
+	resp->next = acks;
+	acks = resp;
+	if (++nr_acks == 8)
+		digital_free_acks();
 	...>
 }

@@
@@
+void digital_free_acks(void);
+
 void nfc_digital_free_device(...)
 {
+	digital_free_acks();
 	...
 }
