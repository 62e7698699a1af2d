// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// A clone of a PDU that a raw socket refuses is not freed.  Every 5th is refused.
@@
identifier clone;
@@
 nfc_llcp_send_to_raw_sock(...)
 {
+	static unsigned int clones;
 	<...
-	if (sock_queue_rcv_skb(sk, clone))
-		kfree_skb(clone);
+	if (++clones % 5)
+		sock_queue_rcv_skb(sk, clone);
 	...>
 }
