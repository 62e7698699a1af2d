// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/nfcsim.c
//
// No bug: with short_answers, an answer that was dropped is reported as a broken one.  The initiator
// then sends NACK instead of ATN.
@@
@@
 nfcsim_link_recv_skb(...)
 {
 	<...
-	rc = -ETIMEDOUT;
+	rc = timeout == 500 ? -EIO : -ETIMEDOUT;
 	...>
 }
