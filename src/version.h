/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NLB_VERSION_H
#define NLB_VERSION_H

#define NFCLEAKBPF_VERSION "0.1.0"

#endif /* NLB_VERSION_H */
