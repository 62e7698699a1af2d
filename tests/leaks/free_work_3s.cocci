// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// Innocent, with listen_nfcf_arg: the callback leaves the freeing to a delayed work, 3 s later.
@@
@@
+struct late_free {
+	void *arg;
+	struct delayed_work work;
+};
+
+static void late_free_work(struct work_struct *work)
+{
+	struct late_free *late = container_of(to_delayed_work(work), struct late_free, work);
+
+	kfree(late->arg);
+	kfree(late);
+}
+
 void digital_tg_recv_sensf_req(...)
 {
+	struct late_free *late;
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	late = kzalloc(sizeof(*late), GFP_KERNEL);
+	if (late) {
+		late->arg = arg;
+		INIT_DELAYED_WORK(&late->work, late_free_work);
+		schedule_delayed_work(&late->work, 3 * HZ);
+	} else {
+		kfree(arg);
+	}
 	...
 }
