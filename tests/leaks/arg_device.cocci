// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent: the user argument is the device, which lives as long as its driver.
@@
@@
 digital_tg_listen_nfcf(...)
 {
 	...
-	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, NULL);
+	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, ddev);
 }
