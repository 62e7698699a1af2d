// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent: the user arguments were allocated when the driver was loaded, before anybody traced it.
// The callback frees them one by one; when none are left, new ones are made on the way.
@@
@@
+void *digital_pool[16];
+
 void digital_tg_recv_sensf_req(...)
 {
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	kfree(arg);
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	int rc;
+	static unsigned int next;
+	void *nfcid2;
 	...
-	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, NULL);
+	if (next < ARRAY_SIZE(digital_pool)) {
+		nfcid2 = digital_pool[next];
+		digital_pool[next++] = NULL;
+	} else {
+		nfcid2 = kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL);
+	}
+
+	rc = digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, nfcid2);
+	if (rc)
+		kfree(nfcid2);
+
+	return rc;
 }

@@
expression ddev;
@@
+extern void *digital_pool[16];
+
 struct nfc_digital_dev *nfc_digital_allocate_device(...)
 {
+	int i;
 	...
+	for (i = 0; i < ARRAY_SIZE(digital_pool); i++)
+		if (!digital_pool[i])
+			digital_pool[i] = kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL);
 	ddev = kzalloc(sizeof(*ddev), GFP_KERNEL);
 	...
 }

@@
@@
 nfc_digital_free_device(...)
 {
+	int i;
+
+	for (i = 0; i < ARRAY_SIZE(digital_pool); i++) {
+		kfree(digital_pool[i]);
+		digital_pool[i] = NULL;
+	}
 	...
 }
