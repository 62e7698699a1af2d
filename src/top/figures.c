// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers as they are shown, see figures.h.
 */
#include "top/figures.h"

#include <inttypes.h>
#include <stdio.h>

static void scaled(char *buf, uint64_t n, int width, uint64_t base)
{
	static const char units[] = "KMGTPE";
	uint64_t unit = 1;
	unsigned tenths;
	int u = -1;

	if (snprintf(buf, FIGURE_SIZE, "%" PRIu64, n) <= width)
		return;
	/* Three digits and the unit are what always fits. */
	while (n / unit >= 1000 && u < 5) {
		unit *= base;
		u++;
	}
	/* One decimal, unless that makes it too long; rounding must not make it ten. */
	tenths = (unsigned)((double)(n % unit) * 10 / (double)unit);
	if (snprintf(buf, FIGURE_SIZE, "%" PRIu64 ".%u%c", n / unit, tenths > 9 ? 9 : tenths,
		     units[u]) > width)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 "%c", n / unit, units[u]);
}

void figure__count(char *buf, uint64_t n, int width)
{
	scaled(buf, n, width, 1000);
}

void figure__bytes(char *buf, uint64_t n, int width)
{
	scaled(buf, n, width, 1024);
}

void figure__rate(char *buf, double rate, int width)
{
	if (!(rate > 0))
		rate = 0;
	if (rate < 99.95)
		snprintf(buf, FIGURE_SIZE, "%.1f", rate);
	else
		scaled(buf, rate < 1e18 ? (uint64_t)rate : UINT64_C(1000000000000000000), width,
		       1000);
}

void figure__duration(char *buf, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (s < 10)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 ".%" PRIu64 " s", s, ns / 100000000 % 10);
	else if (s < 60)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
}

unsigned figure__bar(uint64_t n, uint64_t most)
{
	unsigned bar;

	if (!n || !most)
		return 0;
	bar = (unsigned)((double)n / (double)most * 8 + 0.5);
	return bar < 1 ? 1 : bar > 8 ? 8 : bar;
}

wchar_t figure__bar_char(unsigned bar, bool utf8)
{
	static const wchar_t ascii[] = L" _.-:=+*#";

	if (bar > 8)
		bar = 8;
	if (utf8)
		return bar ? (wchar_t)(0x2580 + bar) : L' ';
	return ascii[bar];
}
