// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent, with listen_nfcf_arg: the callbacks' user arguments are collected and freed by eights,
// with kfree_bulk(), which no event tells.
@@
@@
+static void *arg_batch[8];
+static unsigned int arg_batched;
+
+void digital_free_batch(void);
+
+void digital_free_batch(void)
+{
+	kfree_bulk(arg_batched, arg_batch);
+	memset(arg_batch, 0, sizeof(arg_batch));
+	arg_batched = 0;
+}
+
 void digital_tg_recv_sensf_req(...)
 {
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (arg)
+		arg_batch[arg_batched++] = arg;
+	if (arg_batched == ARRAY_SIZE(arg_batch))
+		digital_free_batch();
 	...
 }

@@
@@
+void digital_free_batch(void);
+
 void nfc_digital_free_device(...)
 {
+	digital_free_batch();
 	...
 }
