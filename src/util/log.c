// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to stderr.
 */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

enum log_level log_level = LOG_NORMAL;

static void print(const char *format, va_list args)
{
	fputs("nfcleakbpf: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

#define PRINT_FROM(level)                \
	do {                             \
		va_list args;            \
                                         \
		if (log_level < (level)) \
			return;          \
		va_start(args, format);  \
		print(format, args);     \
		va_end(args);            \
	} while (0)

void log_error(const char *format, ...)
{
	PRINT_FROM(LOG_QUIET);
}

void log_info(const char *format, ...)
{
	PRINT_FROM(LOG_NORMAL);
}

void log_debug(const char *format, ...)
{
	PRINT_FROM(LOG_VERBOSE);
}
