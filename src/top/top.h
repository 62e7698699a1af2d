/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The full-screen front of a trace: what is reported goes into a snapshot, the
 * snapshot through a view onto the screen, keys to the view.
 */
#ifndef NLB_TOP_H
#define NLB_TOP_H

#include "report/front.h"

/*
 * Its format's open() takes the terminal, see screen__possible(); end() or
 * close() gives it back.  out is where the last line goes; quiet means nothing.
 */
extern const struct front front_top;

#endif /* NLB_TOP_H */
