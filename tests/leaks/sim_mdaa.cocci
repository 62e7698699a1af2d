// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/nfcsim.c
//
// No bug: a simulator that can listen in the mode in which the hardware does anti-collision itself.
// It refuses every 3rd time.
@@
identifier ops;
@@
+static int nfcsim_tg_listen_mdaa(struct nfc_digital_dev *ddev,
+				 struct digital_tg_mdaa_params *params, u16 timeout,
+				 nfc_digital_cmd_complete_t cb, void *arg)
+{
+	struct nfcsim *dev = nfc_digital_get_drvdata(ddev);
+	static unsigned int calls;
+
+	if (++calls % 3 == 0)
+		return -EIO;
+
+	dev->up = true;
+	dev->mode = NFCSIM_MODE_TARGET;
+	dev->rf_tech = NFC_DIGITAL_RF_TECH_106A;
+
+	return nfcsim_send(ddev, NULL, timeout, cb, arg);
+}
+
 static const struct nfc_digital_ops ops = {
+	.tg_listen_mdaa = nfcsim_tg_listen_mdaa,
 	...
 };
