// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/nfcsim.c net/nfc/digital_core.c
//
// No bug: a simulator that goes round a hundred times faster, for tests which need tens of
// thousands of innocent callbacks.  Listening ends after 2 ms instead of 300 (by a high resolution
// timer: a tick is 4 ms), no frame is delayed, and polling goes on to the next technology at once.
// Sending keeps its timeouts, so that links between the two devices still work.
@@
@@
 nfcsim_send(...)
 {
 	...
-	dev->recv_timeout = timeout;
+	dev->recv_timeout = skb ? timeout : min_t(u16, timeout, 2);
 	...
 }

@@
expression condition, queue;
@@
 nfcsim_link_recv_skb(...)
 {
 	...
-	rc = wait_event_interruptible_timeout(queue, condition, msecs_to_jiffies(timeout));
+	rc = !wait_event_interruptible_hrtimeout(queue, condition, ms_to_ktime(timeout));
 	...
 }

@@
@@
 nfcsim_send(...)
 {
 	<...
-	delay = 3 + (delay & 0x07);
+	delay = 0;
 	...>
 }

@@
@@
 digital_poll_next_tech(...)
 {
 	...
 	schedule_delayed_work(&ddev->poll_work,
-		msecs_to_jiffies(DIGITAL_POLL_INTERVAL)
+		0
 		);
 	...
 }
