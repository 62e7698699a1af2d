// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/hci/core.c
//
// Of a command that cannot be sent nobody hears, and what its context holds is lost.
@@
expression msg;
identifier r;
@@
 nfc_hci_msg_tx_work(...)
 {
 	<...
-	if (msg->cb)
-		msg->cb(msg->cb_context, NULL, r);
 	...>
 }
