/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a run stands, gathered once for all who ask: status and metrics.
 */
#ifndef NLB_STANDING_H
#define NLB_STANDING_H

#include <stddef.h>

#include "cmd/control.h"
#include "serve/metrics.h"
#include "serve/status.h"

/* Findings that stand as a user sees them: without those that are suppressed. */
void standing__findings(const struct control_subject *subject, struct run_findings *f);
/*
 * All but hidden, which is 0.  modules has room for as many as are traced; what
 * is in there is valid until the next event.
 */
void standing__status(const struct control_subject *subject, struct run_status *s,
		      const char **modules);

/* An http_page (serve/http.h) of metrics; ctx is a struct control_subject. */
char *standing__page(void *ctx, enum metrics_format format, size_t *len);

#endif /* NLB_STANDING_H */
