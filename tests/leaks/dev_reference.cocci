// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/netlink.c
//
// Powering a device up keeps the reference to the device that it has got, so that the device
// outlives its driver.
@@
@@
 nfc_genl_dev_up(...)
 {
 	...
-	nfc_put_device(dev);
 	...
 }
