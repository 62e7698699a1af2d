/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal: cells to it, keys from it, and left behind as it was found,
 * however the process ends.  There is one.
 */
#ifndef NLB_SCREEN_H
#define NLB_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top/canvas.h"

struct screen;

/*
 * Can standard input and output be used as a screen?  0, or a negative errno and
 * in why, of that size, what is missing.  Changes nothing.
 */
int screen__possible(char *why, size_t size);

/*
 * Takes the terminal and standard error (see messages.h), and LC_CTYPE from the
 * environment.  NULL with errno if that is not possible.
 */
struct screen *screen__open(void);
/* NULL is none; may be called in the middle of anything but a signal handler. */
void screen__close(struct screen *s);

/* Makes the canvas as large as the terminal is now.  0 or -ENOMEM. */
int screen__fit(struct screen *s, struct canvas *c);
void screen__draw(struct screen *s, const struct canvas *c);

/*
 * The next key (view.h), 0 if there is none for now.  That the terminal's size has
 * changed is noticed here, and is a key that means nothing.
 */
uint32_t screen__key(struct screen *s);
/* Will there never be another key: is the terminal gone? */
bool screen__gone(const struct screen *s);
/* Lines that were meant for standard error. */
void screen__messages(struct screen *s, void (*each)(void *ctx, const char *line), void *ctx);

#endif /* NLB_SCREEN_H */
