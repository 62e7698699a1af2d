// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/rawsock.c
//
// The reference to its socket that an exchange holds is not given back when the answer has come.
@@
@@
 rawsock_data_exchange_complete(...)
 {
 	<...
-	sock_put(sk);
 	return;
 	...>
 }
