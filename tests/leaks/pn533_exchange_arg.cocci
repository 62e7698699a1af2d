// SPDX-License-Identifier: GPL-2.0-only
//
// files: drivers/nfc/pn533/pn533.c
//
// The callback of an exchange forgets its struct pn533_data_exchange_arg.
@@
identifier arg;
@@
 pn533_data_exchange_complete(...)
 {
 	<...
-	kfree(arg);
 	return 0;
 	...>
 }
