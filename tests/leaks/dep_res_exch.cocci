// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// The context of a data exchange over NFC-DEP is not freed when the answer has been passed up.
@@
expression exch;
@@
 digital_in_recv_dep_res(...)
 {
 	<...
-	kfree(exch);
 	...>
 }
