// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent, with listen_nfcf_arg: the callback leaves the freeing to RCU, by kfree_rcu(), which
// collects objects for up to five seconds and frees them all at once, without an event.
@@
@@
+struct rcu_free {
+	u8 nfcid2[NFC_NFCID2_MAXSIZE];
+	struct rcu_head rcu;
+};
+
 void digital_tg_recv_sensf_req(...)
 {
+	struct rcu_free *later = arg;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (later)
+		kfree_rcu(later, rcu);
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	<...
-	kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL)
+	kzalloc(sizeof(struct rcu_free), GFP_KERNEL)
 	...>
 }
