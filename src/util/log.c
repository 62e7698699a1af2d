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
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): all callers start it */
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_NORMAL)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_VERBOSE)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}
