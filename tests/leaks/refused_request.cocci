// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c drivers/nfc/nfcsim.c
//
// The request is not freed with a command that the driver refuses.  It refuses every 5th.
@@
@@
 digital_wq_cmd(...)
 {
 	<...
-	kfree_skb(cmd->req);
 	...>
 }

@@
@@
 nfcsim_in_send_cmd(...)
 {
+	static unsigned int calls;
+
+	if (++calls % 5 == 0)
+		return -EIO;
 	return nfcsim_send(...);
 }
