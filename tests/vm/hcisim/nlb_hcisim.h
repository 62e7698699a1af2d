/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the simulated HCI controller's driver and its controller, in user space,
 * agree on.
 */
#ifndef NLB_HCISIM_H
#define NLB_HCISIM_H

#include <linux/ioctl.h>

#define HCISIM_NAME  "nlb_hcisim" /* in /dev */
#define HCISIM_FRAME 29		  /* bytes at most, as a pn544 has them */

#define HCISIM_INDEX  _IOR('h', 1, int) /* of its NFC device */
#define HCISIM_REFUSE _IO('h', 2)	/* so many frames of the stack's */

#endif /* NLB_HCISIM_H */
