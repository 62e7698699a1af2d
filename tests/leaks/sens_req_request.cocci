// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// The request is not freed when it cannot be submitted; every 3rd submission fails.
@@
@@
 digital_in_send_sens_req(...)
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
+	if (++calls % 3 == 0)
+		return -ENOMEM;
 	...
 }
