// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent, with listen_nfcf_arg: the callback leaves the freeing to a timer, half a second later,
// which runs in an interrupt and lies inside the object that goes.
@@
@@
+struct late_free {
+	u8 nfcid2[NFC_NFCID2_MAXSIZE];
+	struct timer_list timer;
+};
+
+static void late_free_timer(struct timer_list *timer)
+{
+	kfree(container_of(timer, struct late_free, timer));
+}
+
 void digital_tg_recv_sensf_req(...)
 {
+	struct late_free *late = arg;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (late) {
+		timer_setup(&late->timer, late_free_timer, 0);
+		mod_timer(&late->timer, jiffies + HZ / 2);
+	}
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	<...
-	kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL)
+	kzalloc(sizeof(struct late_free), GFP_KERNEL)
 	...>
 }
