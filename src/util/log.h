/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for the user: all go to stderr, data alone goes to stdout.
 */
#ifndef NLB_LOG_H
#define NLB_LOG_H

enum log_level {
	LOG_QUIET = -1, /* errors only */
	LOG_NORMAL = 0,
	LOG_VERBOSE = 1,
};

extern enum log_level log_level;

/* What failed, on what, why, and what the user can do.  Always printed. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something the user should know. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Detail for --verbose. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* NLB_LOG_H */
