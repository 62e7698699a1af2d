// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_commands.c
//
// A DM PDU is built and not sent if it answers a DISC.
@@
@@
 nfc_llcp_send_dm(...)
 {
 	<...
+	if (reason == LLCP_DM_DISC)
+		return 0;
 	skb_queue_head(&local->tx_queue, skb);
 	...>
 }
