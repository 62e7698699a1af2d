/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened, in words, for the formats that people read.
 */
#ifndef NLB_WORDS_H
#define NLB_WORDS_H

#include <stdint.h>
#include <stdio.h>

#include "report/report.h"

/* What it was to the command that carried it: "user argument"; a socket, a clone. */
const char *words__role(const struct report_leak *l);
/*
 * What happened to this leak's memory, on one line and without how often: the
 * same for all of a site.  The caller's to free; NULL when out of memory.
 */
char *words__what(const struct report_leak *l);
/* The same, how many bytes it was and from where. */
char *words__sentence(const struct report_leak *l);
/* Which command carried it; there must have been one. */
void words__carried(const struct report_leak *l, char *buf, size_t size);
/* Why a finding is degraded: "events were lost, a hook is missing". */
#define WORDS_DEGRADED 128
void words__degraded(unsigned degraded, char *buf, size_t size);
/* What report_end.incomplete means. */
extern const char words_incomplete[];
/* The last line of all. */
void words__summary(FILE *out, uint64_t bytes, uint64_t count, size_t sites);

#endif /* NLB_WORDS_H */
