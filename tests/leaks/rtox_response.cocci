// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// An initiator does not free a target's request for more time (RTOX).  The kernel's target never
// asks for more time; here it does, instead of answering ATN, and then answers as it should have.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
 	rc = digital_in_send_rtox(...);
 	if (rc)
 		goto error;
-	goto free_resp;
+	return;
 	...>
 }

@@
identifier res;
@@
 digital_tg_send_atn(...)
 {
 	...
-	res->pfb = DIGITAL_NFC_DEP_PFB_SUPERVISOR_PDU;
+	res->pfb = DIGITAL_NFC_DEP_PFB_SUPERVISOR_PDU | DIGITAL_NFC_DEP_PFB_TIMEOUT_BIT;
+	skb_put_u8(skb, 1);
 	...
 }

@@
@@
 digital_tg_recv_dep_req(...)
 {
 	<...
 	if (DIGITAL_NFC_DEP_PFB_IS_TIMEOUT(pfb)) {
-		rc = -EINVAL;
-		goto exit;
+		ddev->atn_count = 0;
+		rc = digital_tg_send_saved_skb(ddev);
+		if (rc)
+			goto exit;
+		goto free_resp;
 	}
 	...>
 }
