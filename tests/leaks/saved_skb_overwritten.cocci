// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// The copy that an initiator keeps of its last request is not freed when the answer has come: the
// next request's copy takes its place.
@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
-	kfree_skb(ddev->saved_skb);
-	ddev->saved_skb = NULL;
 	resp = digital_recv_dep_data_gather(...);
 	...>
 }

@@
@@
 digital_in_recv_dep_res(...)
 {
 	<...
 	ddev->chaining_skb = NULL;
-	kfree_skb(ddev->saved_skb);
-	ddev->saved_skb = NULL;
+	if (rc) {
+		kfree_skb(ddev->saved_skb);
+		ddev->saved_skb = NULL;
+	}
 	...>
 }
