/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is any NFC device powered?  As the kernel says over generic netlink (family
 * "nfc", linux/nfc.h); nobody needs a privilege to ask.
 */
#ifndef NLB_KERNEL_DEVICES_H
#define NLB_KERNEL_DEVICES_H

struct devices;

/* NULL when out of memory; what cannot be asked is known by devices__powered(). */
struct devices *devices__new(void);
void devices__free(struct devices *d);

/*
 * How many devices are powered: 0 also where NFC is not loaded.  A negative errno
 * where the kernel does not answer: then nobody knows.
 */
int devices__powered(struct devices *d);

#endif /* NLB_KERNEL_DEVICES_H */
