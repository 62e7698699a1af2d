// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's log is where kmemleak's users look, and what journald and the
 * console show as well; its readers can tell by the facility that a program wrote it.
 */
#include "serve/notice.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

void notice__add(struct notice *n, uint64_t now)
{
	if (!n->pending++)
		n->since = now;
}

uint64_t notice__due(struct notice *n, uint64_t now)
{
	if (!n->pending || now < n->since + NOTICE_COLLECT_NS ||
	    (n->last && now < n->last + NOTICE_INTERVAL_NS))
		return 0;
	return notice__flush(n, now);
}

uint64_t notice__flush(struct notice *n, uint64_t now)
{
	uint64_t count = n->pending;

	n->pending = 0;
	if (count)
		n->last = now;
	return count;
}

void notice__write(uint64_t count)
{
	static const char text[] = "new suspected memory leaks (see nfcleakbpf show)";
	int fd = open("/dev/kmsg", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	char line[128];
	ssize_t done = -1;
	int n;

	n = snprintf(line, sizeof(line), "<%d>nfcleakbpf: %" PRIu64 " %s\n", LOG_USER | LOG_INFO,
		     count, text);
	if (fd >= 0) {
		done = write(fd, line, (size_t)n);
		close(fd);
	}
	if (done < 0) {
		openlog("nfcleakbpf", 0, LOG_USER);
		syslog(LOG_INFO, "%" PRIu64 " %s", count, text);
		closelog();
	}
}
