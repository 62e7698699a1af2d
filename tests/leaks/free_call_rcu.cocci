// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent, with listen_nfcf_arg: the callback leaves the freeing to RCU, by call_rcu().
@@
@@
+struct rcu_free {
+	u8 nfcid2[NFC_NFCID2_MAXSIZE];
+	struct rcu_head rcu;
+};
+
+static void rcu_free_now(struct rcu_head *rcu)
+{
+	kfree(container_of(rcu, struct rcu_free, rcu));
+}
+
 void digital_tg_recv_sensf_req(...)
 {
+	struct rcu_free *later = arg;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (later)
+		call_rcu(&later->rcu, rcu_free_now);
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
