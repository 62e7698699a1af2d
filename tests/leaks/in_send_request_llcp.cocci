// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// Only a fault, for the bug is in the kernel as it is: digital_in_send() does not free the caller's
// skb when it cannot be submitted.  Every 20th DEP_REQ (known by its timeout) cannot.
@@
@@
 digital_send_cmd(...)
 {
+	static unsigned int calls;
 	struct digital_cmd *cmd;
+
+	if (timeout == 5049 && ++calls % 20 == 0)
+		return -ENOMEM;
 	...
 }
