/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The full-screen view: what it looks like at any size, and what keys do to it.
 * Pure: snapshots and keys in, cells out, so that all of it is tested without a
 * terminal.
 */
#ifndef NLB_VIEW_H
#define NLB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "top/canvas.h"
#include "top/snapshot.h"

/* Keys are characters; those that are none are above all characters. */
enum view_key {
	VIEW_KEY_TAB = '\t',
	VIEW_KEY_ENTER = '\n',
	VIEW_KEY_ESCAPE = 0x1b,
	VIEW_KEY_UP = 0x110000,
	VIEW_KEY_DOWN,
	VIEW_KEY_LEFT,
	VIEW_KEY_RIGHT,
	VIEW_KEY_PAGE_UP,
	VIEW_KEY_PAGE_DOWN,
	VIEW_KEY_HOME,
	VIEW_KEY_END,
	VIEW_KEY_BACKSPACE,
	VIEW_KEY_BACKTAB,
	VIEW_KEY_HELP,
	VIEW_KEY_OTHER, /* means nothing */
};

enum view_act { VIEW_STAY, VIEW_QUIT };

struct view;

/* NULL when out of memory. */
struct view *view__new(void);
void view__free(struct view *v);

/* What a key does with the snapshot that was drawn last. */
enum view_act view__key(struct view *v, const struct snapshot *s, uint32_t key);
/* Draws all of the canvas. */
void view__draw(struct view *v, const struct snapshot *s, struct canvas *c);
/* Should the snapshot stay as it is? */
bool view__paused(const struct view *v);
/* Shown in the last line; NULL: nothing any more. */
void view__message(struct view *v, const char *text);

#endif /* NLB_VIEW_H */
