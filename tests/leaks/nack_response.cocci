// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// A target does not free a NACK after it has sent its answer again.
@@
@@
 digital_tg_recv_dep_req(...)
 {
 	<...
 	if (DIGITAL_NFC_DEP_NACK_BIT_SET(pfb)) {
 		...
-		goto free_resp;
+		return;
 	}
 	...>
 }
