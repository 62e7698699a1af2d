// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read what has kernel addresses and memory in it is decided here.
 */
#include "util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int output__open(const char *path, bool secret)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, secret ? 0600 : 0666);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	/* /dev/null, a terminal, a pipe stay as they are. */
	if (fstat(fd, &st))
		goto fail;
	if (!S_ISREG(st.st_mode))
		return fd;
	/* Before anything is in it.  Another's file is not ours to change. */
	if (secret && (st.st_mode & 077) && fchmod(fd, 0600) && errno != EPERM)
		goto fail;
	if (ftruncate(fd, 0))
		goto fail;
	return fd;
fail:
	err = -errno;
	close(fd);
	return err;
}
