// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/rawsock.c
//
// Every 4th answer is not put into the socket's queue, and kept by the callback.
@@
identifier sk, skb;
expression err;
@@
 rawsock_data_exchange_complete(...)
 {
+	static unsigned int calls;
 	<...
-	err = sock_queue_rcv_skb(sk, skb);
+	err = ++calls % 4 ? sock_queue_rcv_skb(sk, skb) : 0;
 	...>
 }
