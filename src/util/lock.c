// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file with a lock on it, which goes with the process however it ends.
 */
#include "util/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/log.h"

int lock__take(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), err;
	char pid[32] = "";
	ssize_t n;

	if (fd < 0) {
		err = -errno;
		log_error("cannot open %s: %s%s", path, strerror(-err),
			  err == -EACCES ? "; without root, name a directory of your own: "
					   "RUNTIME_DIRECTORY=DIR nfcleakbpf run"
					 : "");
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		n = read(fd, pid, sizeof(pid) - 1);
		pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
		log_error("already running as process %s; stop that one first (kill %s)",
			  *pid ? pid : "?", *pid ? pid : "PID");
		err = -EBUSY;
		goto fail;
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) || write(fd, pid, (size_t)n) != n) {
		err = -errno;
		log_error("cannot write %s: %s", path, strerror(-err));
		goto fail;
	}
	return fd;
fail:
	close(fd);
	return err;
}

/* A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 4123 00:18:1042 0 EOF". */
static int holder_of(const char *line, const struct stat *file)
{
	unsigned long long inode;
	unsigned major, minor;
	int pid;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
	if (sscanf(line, "%*u: FLOCK %*s WRITE %d %x:%x:%llu", &pid, &major, &minor, &inode) != 4)
		return 0;
	return inode == file->st_ino && makedev(major, minor) == file->st_dev ? pid : 0;
}

int lock__holder(const char *path)
{
	struct stat st;
	char line[256];
	int pid = 0;
	FILE *f;

	if (stat(path, &st))
		return 0;
	f = fopen("/proc/locks", "re");
	while (f && !pid && fgets(line, sizeof(line), f))
		pid = holder_of(line, &st);
	if (f)
		fclose(f);
	return pid;
}
