// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent, with listen_nfcf_arg: the callback keeps its user argument in the device (in a field
// that is not used while listening), and frees the one of the round before.
@@
@@
 digital_tg_recv_sensf_req(...)
 {
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	kfree(ddev->data_exch);
+	ddev->data_exch = arg;
 	...
 }

@@
@@
 nfc_digital_free_device(...)
 {
+	kfree(ddev->data_exch);
 	...
 }
