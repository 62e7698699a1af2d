// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read what has kernel addresses and memory in it is decided here.
 */
#include "util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int output__reserve(const char *path, bool secret, bool *made)
{
	mode_t mode = secret ? 0600 : 0666;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	*made = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int output__empty(int fd, bool secret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	/* /dev/null, a terminal, a pipe stay as they are. */
	if (!S_ISREG(st.st_mode))
		return 0;
	/* Before anything is in it.  Another's file is not ours to change. */
	if (secret && (st.st_mode & 077) && fchmod(fd, 0600) && errno != EPERM)
		return -errno;
	return ftruncate(fd, 0) ? -errno : 0;
}

int output__open(const char *path, bool secret)
{
	bool made;
	int fd = output__reserve(path, secret, &made), err;

	if (fd < 0)
		return fd;
	err = output__empty(fd, secret);
	if (!err)
		return fd;
	close(fd);
	return err;
}
