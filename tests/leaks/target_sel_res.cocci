// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c
//
// The target found, passed on from command to command since SENS_RES, is not freed by the last of
// their callbacks.
@@
expression target;
@@
 digital_in_recv_sel_res(...)
 {
 	<...
-	kfree(target);
 	...>
 }
