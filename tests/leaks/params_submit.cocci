// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// With sim_mdaa, as net/nfc was before upstream commit 58e7dcc9ca29: the parameters of
// digital_tg_listen_mdaa() are not freed when the command cannot be submitted.  Every 4th cannot.
@@
@@
 digital_tg_listen_mdaa(...)
 {
 	...
-	if (rc)
-		kfree(params);
 	...
 }

@@
@@
 digital_send_cmd(...)
 {
+	static unsigned int calls;
 	struct digital_cmd *cmd;
+
+	if (cmd_type == DIGITAL_CMD_TG_LISTEN_MDAA && ++calls % 2 == 0)
+		return -ENOMEM;
 	...
 }
