// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent: the user argument points into the middle of an object, to which nothing else points
// while the command is under way.  The callback hands it to the next round, and frees it every 4th
// time.
@@
@@
+u8 *digital_spare;
+
 void digital_tg_recv_sensf_req(...)
 {
+	static unsigned int rounds;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (arg) {
+		digital_spare = (u8 *)arg - 64;
+		if (++rounds % 4 == 0) {
+			kfree(digital_spare);
+			digital_spare = NULL;
+		}
+	}
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	int rc;
+	u8 *object;
 	...
-	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, NULL);
+	object = digital_spare;
+	digital_spare = NULL;
+	if (!object)
+		object = kzalloc(128, GFP_KERNEL);
+	if (!object)
+		return -ENOMEM;
+
+	rc = digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, object + 64);
+	if (rc)
+		kfree(object);
+
+	return rc;
 }

@@
@@
+extern u8 *digital_spare;
+
 void nfc_digital_free_device(...)
 {
+	kfree(digital_spare);
+	digital_spare = NULL;
 	...
 }
