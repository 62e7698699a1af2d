// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// When an exchange fails for another reason than a timeout, its callback returns at once: the
// upper layer's callback is skipped, and the context with it.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	...
 	if (IS_ERR(resp)) {
 		...
+		if (rc != -ETIMEDOUT && rc != -EIO)
+			return;
 		if (...) { ... } else if (...) { ... }
 		goto exit;
 	}
 	...
 }
