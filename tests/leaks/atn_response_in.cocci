// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// An initiator does not free the answer to its ATN.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
 	rc = digital_in_send_saved_skb(...);
 	if (rc)
 		goto error;
-	goto free_resp;
+	return;
 	...>
 }
