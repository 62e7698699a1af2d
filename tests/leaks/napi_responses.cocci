// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// Innocent: an initiator frees the ACKs that it gets with napi_consume_skb(), which keeps the
// structure for the CPU's next skb, and tells nobody.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
-	dev_kfree_skb(resp);
+	local_bh_disable();
+	napi_consume_skb(resp, 1);
+	local_bh_enable();
 	...>
 }
