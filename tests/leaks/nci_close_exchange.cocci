// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/nci/core.c
//
// An exchange that is pending when the device is closed is never called back.
@@
@@
 nci_close_device(...)
 {
 	<...
-	if (test_bit(NCI_DATA_EXCHANGE, ...))
-		nci_data_exchange_complete(...);
 	...>
 }
