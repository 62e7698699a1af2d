// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// With listen_nfcf_arg: the callback frees its user argument, but not every 20th time.
@@
@@
 digital_tg_recv_sensf_req(...)
 {
+	static unsigned int rounds;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (++rounds % 20)
+		kfree(arg);
 	...
 }
