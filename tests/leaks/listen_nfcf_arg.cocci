// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// The reference case, as net/nfc was before upstream commit b77693447db9: listening for NFC-F
// hands the callback an allocated NFCID2 as its user argument, and no callback ever frees it.
@@
@@
 int digital_tg_listen_nfcf(struct nfc_digital_dev *ddev, u8 rf_tech)
 {
 	int rc;
+	u8 *nfcid2;

 	rc = digital_tg_config_nfcf(ddev, rf_tech);
 	if (rc)
 		return rc;

-	return digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, NULL);
+	nfcid2 = kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL);
+	if (!nfcid2)
+		return -ENOMEM;
+
+	nfcid2[0] = DIGITAL_SENSF_NFCID2_NFC_DEP_B1;
+	nfcid2[1] = DIGITAL_SENSF_NFCID2_NFC_DEP_B2;
+	get_random_bytes(nfcid2 + 2, NFC_NFCID2_MAXSIZE - 2);
+
+	rc = digital_tg_listen(ddev, 300, digital_tg_recv_sensf_req, nfcid2);
+	if (rc)
+		kfree(nfcid2);
+
+	return rc;
 }
