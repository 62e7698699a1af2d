// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c net/nfc/digital_core.c
//
// An ATR_REQ is not freed when it cannot be submitted; every 2nd ATR_REQ (known by its timeout) fails.
@@
@@
 digital_in_send_atr_req(...)
 {
 	...
 	rc = digital_in_send_cmd(...);
-	if (rc)
-		kfree_skb(skb);
 	...
 }

@@
@@
 digital_send_cmd(...)
 {
+	static unsigned int calls;
 	struct digital_cmd *cmd;
+
+	if (timeout == 1337 && ++calls % 2 == 0)
+		return -ENOMEM;
 	...
 }
