// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// A command is not freed after its callback.
@@
identifier cmd;
@@
 digital_wq_cmd_complete(...)
 {
 	<...
-	kfree(cmd);
 	...>
 }
