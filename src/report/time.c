// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time as it is written.
 */
#include <stdio.h>
#include <time.h>

#include "report/report.h"

void report__time(uint64_t ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char date[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, size, "%s.%06uZ", date, (unsigned)(ns / 1000 % 1000000));
}
