// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent, with listen_nfcf_arg: the callback puts its user argument into a list, which every 4th
// callback empties.
@@
iterator name list_for_each_entry_safe;
@@
+struct queued_arg {
+	u8 nfcid2[NFC_NFCID2_MAXSIZE];
+	struct list_head entry;
+};
+
+static struct list_head queued_args = { &queued_args, &queued_args };
+
+void digital_free_queued(void);
+
+void digital_free_queued(void)
+{
+	struct queued_arg *queued;
+	struct queued_arg *n;
+
+	list_for_each_entry_safe(queued, n, &queued_args, entry) {
+		list_del(&queued->entry);
+		kfree(queued);
+	}
+}
+
 void digital_tg_recv_sensf_req(...)
 {
+	static unsigned int rounds;
+	struct queued_arg *queued = arg;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (queued)
+		list_add(&queued->entry, &queued_args);
+	if (++rounds % 4 == 0)
+		digital_free_queued();
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	<...
-	kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL)
+	kzalloc(sizeof(struct queued_arg), GFP_KERNEL)
 	...>
 }

@@
@@
+void digital_free_queued(void);
+
 void nfc_digital_free_device(...)
 {
+	digital_free_queued();
 	...
 }
