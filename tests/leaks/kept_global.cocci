// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent, with listen_nfcf_arg: the callback keeps its user argument in a variable of the module,
// and frees the one of the round before.
@@
@@
+void *digital_last_arg;
+
 void digital_tg_recv_sensf_req(...)
 {
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	kfree(digital_last_arg);
+	digital_last_arg = arg;
 	...
 }

@@
@@
+extern void *digital_last_arg;
+
 void nfc_digital_free_device(...)
 {
+	kfree(digital_last_arg);
+	digital_last_arg = NULL;
 	...
 }
