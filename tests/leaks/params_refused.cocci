// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// With sim_mdaa: a command's parameters are not freed with it when the driver refuses the command.
@@
@@
 digital_wq_cmd(...)
 {
 	<...
-	kfree(cmd->mdaa_params);
 	...>
 }
