// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// An initiator that sends a chain of frames does not free the ACKs that it gets for them.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
 	rc = digital_in_send_dep_req(...);
 	if (rc)
 		goto error;
-	goto free_resp;
+	return;
 	...>
 }
