// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/nfcsim.c
//
// No bug: a simulator with which a lost frame does not end the link.  An initiator waits 500 ms for
// an answer instead of 5 s, which is less than the target waits for the next request (1500 ms), and
// what "dropframe" drops is a target's answer: the initiator then sends ATN and asks again.
@@
@@
 nfcsim_send(...)
 {
 	...
-	dev->recv_timeout = timeout;
+	dev->recv_timeout = timeout == 5049 ? 500 : timeout;
 	...
-	if (dev->dropframe)
+	if (dev->dropframe && timeout == 1500)
 	{ ... }
 	...
 }
