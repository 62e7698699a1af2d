/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers where there is little room for them.
 */
#ifndef NLB_FIGURES_H
#define NLB_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define FIGURE_SIZE 32 /* of the buffers for all of these */

/*
 * In at most width columns (4 or more): all digits if they fit, else rounded
 * down with a unit, of thousands and of 1024 bytes each.
 */
void figure__count(char *buf, uint64_t n, int width);
void figure__bytes(char *buf, uint64_t n, int width);
/* So many a second: with one decimal below a hundred. */
void figure__rate(char *buf, double rate, int width);
/* "0.3 s", "12 s", "3m05s", "2h07m", "4d03h" */
void figure__duration(char *buf, uint64_t ns);

/*
 * The height of a bar among those that are at most most high: 0 for nothing, 1
 * to 8 for the rest.
 */
unsigned figure__bar(uint64_t n, uint64_t most);
/* The character for it: Unicode's blocks, or ASCII. */
wchar_t figure__bar_char(unsigned bar, bool utf8);

#endif /* NLB_FIGURES_H */
