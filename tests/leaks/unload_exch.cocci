// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// When a device goes, the callbacks of its commands are not called: their user arguments are lost.
@@
@@
 nfc_digital_unregister_device(...)
 {
 	<...
-	if (cmd->cmd_cb)
-		cmd->cmd_cb(...);
 	...>
 }
