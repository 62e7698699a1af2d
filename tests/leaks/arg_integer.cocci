// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent: the user argument is a number, which is small and no address, or large and looks like
// one.
@@
@@
 digital_tg_listen_nfcf(...)
 {
+	static unsigned long number = 1;
 	...
-	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, NULL);
+	number ^= (unsigned long)ddev | 5;
+	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, (void *)number);
 }
