/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of a format: keeps kernel addresses and the contents of memory from it,
 * so that what it writes can be given to anybody.  No format has to know.
 *
 * An object's address becomes the allocation's number (report_leak.a->id), so the
 * same object has the same one everywhere in all reports of one run, and frames have
 * the numbers of names__veil().  There are no first bytes and no checksum.  What a
 * format looks up by itself goes through its names, which are veiled as well.
 */
#ifndef NLB_VEIL_H
#define NLB_VEIL_H

#include "report/report.h"

/*
 * Opens *format, behind a veil if hide is true: then *format is changed to what the
 * report returned wants.  *own is the format's own report, for taps and fronts; it
 * goes with the one returned.  names must outlive both.  NULL when out of memory.
 */
struct report *veil__open(const struct report_format **format, FILE *out, const struct names *names,
			  bool quiet, bool hide, struct report **own);

#endif /* NLB_VEIL_H */
