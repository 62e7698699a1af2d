// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_core.c
//
// nfc_llcp_mac_is_down() keeps the reference to the device's LLCP state that it has got: state and
// device outlive the module.
@@
@@
 nfc_llcp_mac_is_down(...)
 {
 	...
-	nfc_llcp_local_put(...);
 }
