// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// When an exchange fails, its callback cleans up but skips the upper layer's callback, and loses
// the context with it.
@@
expression exch;
@@
 digital_in_recv_dep_res(...)
 {
 	<...
(
-	exch->cb(exch->cb_context, resp, rc);
+	if (!rc)
+		exch->cb(exch->cb_context, resp, rc);
|
-	kfree(exch);
+	if (!rc)
+		kfree(exch);
)
 	...>
 }
