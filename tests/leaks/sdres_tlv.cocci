// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_commands.c net/nfc/llcp_core.c
//
// The answers to a service discovery request are not freed once they are in the PDU.  An initiator
// here asks for a service on every new link, which otherwise only user space does.
@@
@@
 nfc_llcp_send_snl_sdres(...)
 {
 	<...
-	nfc_llcp_free_sdp_tlv(...);
 	...>
 }

@@
@@
 nfc_llcp_mac_is_up(...)
 {
+	struct nfc_llcp_sdp_tlv *sdreq;
+	struct hlist_head sdreqs = HLIST_HEAD_INIT;
 	...
 	if (rf_mode == NFC_RF_INITIATOR) {
+		sdreq = nfc_llcp_build_sdreq_tlv(1, "urn:nfc:sn:none", 15);
+		if (sdreq) {
+			hlist_add_head(&sdreq->node, &sdreqs);
+			nfc_llcp_send_snl_sdreq(local, &sdreqs, sdreq->tlv_len);
+		}
 		...
 	} else { ... }
 	...
 }
