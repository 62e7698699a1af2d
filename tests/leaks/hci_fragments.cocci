// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/hci/core.c
//
// When a fragment of a message cannot be sent, those behind it are lost.
@@
expression msg;
@@
 nfc_hci_msg_tx_work(...)
 {
 	<...
-	skb_queue_purge(&msg->msg_frags);
 	...>
 }
