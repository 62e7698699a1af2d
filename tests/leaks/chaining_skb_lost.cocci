// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_dep.c
//
// What is left of a chain of frames, sent or received, is forgotten when the link is lost.
@@
identifier fn = {digital_in_recv_dep_res, digital_tg_recv_dep_req};
@@
 fn(...)
 {
 	<...
-	kfree_skb(ddev->chaining_skb);
 	ddev->chaining_skb = NULL;
 	...>
 }
