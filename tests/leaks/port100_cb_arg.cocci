// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/port100.c
//
// The callback of an initiator's frame forgets its struct port100_cb_arg.
@@
identifier arg;
@@
 port100_in_comm_rf_complete(...)
 {
 	<...
-	kfree(arg);
 	...>
 }
