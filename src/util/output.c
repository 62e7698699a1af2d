// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may read what has kernel addresses and memory in it is decided here.
 */
#include "util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct output *o, int err)
{
	snprintf(o->problem, sizeof(o->problem), "%s", strerror(-err));
	return err;
}

/* Its owner can read it, and let others do so, whatever its mode is made. */
static int check_owner(struct output *o)
{
	struct stat st;

	if (fstat(o->fd, &st))
		return fail(o, -errno);
	if (!S_ISREG(st.st_mode) || st.st_uid == geteuid())
		return 0;
	snprintf(o->problem, sizeof(o->problem),
		 "it belongs to user %u, who could read what comes into it: choose another name, "
		 "or remove it",
		 st.st_uid);
	return -EPERM;
}

int output__reserve(struct output *o, const char *path, bool secret)
{
	mode_t mode = secret ? 0600 : 0666;
	int err;

	*o = (struct output){ .path = path, .secret = secret };
	o->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	o->made = o->fd >= 0;
	if (o->fd < 0 && errno == EEXIST)
		o->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
	if (o->fd < 0)
		return fail(o, -errno);
	/* What was made just now is ours, whomever its file system says it belongs to. */
	err = secret && !o->made ? check_owner(o) : 0;
	if (err)
		close(o->fd);
	return err;
}

int output__empty(struct output *o)
{
	struct stat st;

	if (fstat(o->fd, &st))
		return fail(o, -errno);
	/* Before anything is in it. */
	if (o->secret && S_ISREG(st.st_mode) && (st.st_mode & 077) && fchmod(o->fd, 0600)) {
		int err = -errno;

		snprintf(o->problem, sizeof(o->problem),
			 "others may read it (its mode is %04o), and that cannot be changed (%s): "
			 "write to another file system",
			 st.st_mode & 07777, strerror(-err));
		return err;
	}
	/* /dev/null, a terminal, a pipe stay as they are. */
	if (S_ISREG(st.st_mode) && ftruncate(o->fd, 0))
		return fail(o, -errno);
	o->emptied = true;
	return 0;
}

int output__write(struct output *o, const void *data, size_t size, size_t *written)
{
	const char *bytes = data;
	int err = 0;

	*written = 0;
	while (!err && *written < size) {
		ssize_t n = write(o->fd, bytes + *written, size - *written);

		if (n > 0)
			*written += (size_t)n;
		else if (!n || errno != EINTR)
			err = fail(o, n ? -errno : -ENOSPC);
	}
	return err;
}

/* All of it, or stdio takes it for an error; errno then says which. */
static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
	struct output *o = cookie;
	size_t written = 0;
	int err = o->emptied ? 0 : output__empty(o);

	if (!err)
		err = output__write(o, buf, size, &written);
	if (err)
		errno = -err;
	return (ssize_t)written;
}

FILE *output__stream(struct output *o)
{
	return fopencookie(o, "w", (cookie_io_functions_t){ .write = stream_write });
}

int output__close(struct output *o)
{
	/* An empty file is neither a recording nor a report. */
	if (!o->emptied && o->made)
		unlink(o->path);
	return close(o->fd) ? fail(o, -errno) : 0;
}
