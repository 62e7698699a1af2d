// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// The context of a data exchange is not freed when the exchange is over.
@@
@@
 digital_in_send_complete(...)
 {
 	...
-	kfree(data_exch);
 }
