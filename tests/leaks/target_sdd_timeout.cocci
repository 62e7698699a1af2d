// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// The target found, passed on from SENS_RES, is lost when nothing answers SDD_REQ.  Every 2nd time
// the other side does not answer.
@@
expression target;
@@
 digital_in_recv_sdd_res(...)
 {
 	<...
-	kfree(target);
 	...>
 }

@@
@@
 digital_tg_send_sdd_res(...)
 {
+	static unsigned int calls;
 	struct sk_buff *skb;
 	...
+	if (++calls % 2)
+		return -ENOMEM;
 	skb = digital_skb_alloc(...);
 	...
 }
