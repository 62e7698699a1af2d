// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/nfcsim.c
//
// Only a fault, for the bug is in the kernel as it is: digital_wq_cmd() drops a command that the
// driver refuses, without telling its callback: the target found is lost.  The driver refuses
// SDD_REQ every other time.
@@
@@
 nfcsim_in_send_cmd(...)
 {
+	static unsigned int calls;
+
+	if (skb->len == 2 && skb->data[0] == 0x93 && ++calls % 2)
+		return -EIO;
 	return nfcsim_send(...);
 }
