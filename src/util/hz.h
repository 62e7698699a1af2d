/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's tick.
 */
#ifndef NLB_HZ_H
#define NLB_HZ_H

/* CONFIG_HZ of the running kernel, 250 where it cannot be found out. */
unsigned hz__of_kernel(void);

#endif /* NLB_HZ_H */
