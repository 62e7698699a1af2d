/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard error while the terminal is a screen: whatever is written to it, by
 * whomever in this process, is kept instead of tearing the picture, can be shown
 * as it comes, and is written at the end to where it was meant to go.
 */
#ifndef NLB_MESSAGES_H
#define NLB_MESSAGES_H

#define MESSAGES_KEPT 200 /* lines; of more the latest */

struct messages;

/* From here on standard error is kept.  NULL with errno if it cannot be. */
struct messages *messages__take(void);
/* Calls each() for every whole line since the last call, without its newline. */
void messages__read(struct messages *m, void (*each)(void *ctx, const char *line), void *ctx);
/* Standard error is what it was; writes to it what was kept.  NULL is none. */
void messages__release(struct messages *m);
/* The same from a signal handler: frees nothing and writes what was not read. */
void messages__crash(struct messages *m);

#endif /* NLB_MESSAGES_H */
