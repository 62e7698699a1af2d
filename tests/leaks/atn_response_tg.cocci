// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// A target does not free an ATN after it has answered it.
@@
@@
 digital_tg_recv_dep_req(...)
 {
 	<...
 	ddev->atn_count++;
-	goto free_resp;
+	return;
 	...>
 }
