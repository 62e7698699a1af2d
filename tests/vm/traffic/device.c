// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices and the link between two of them, and waiting.  The clock of an
 * emulated guest runs unevenly, so nothing here waits for a time: it waits for
 * a condition, with a limit.  One condition needs an explanation: a device may
 * only be powered off once the driver has let go of its last command, because
 * nfcsim never completes a command that comes back to a powered-off device, and
 * from then on the device's command queue stands still until the module goes.
 * The kernel does not say when that is; the stacks of the kworkers do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traffic.h"

#define DEBUGFS	      "/sys/kernel/debug/nfcsim"
#define QUIET_SCANS   3
#define LINK_ATTEMPTS 10
#define LINK_WAIT_MS  6000 /* the kernel gives up on ATR_RES after 1.4 s */
#define MAX_TARGETS   8

/*
 * Wait until cond() is 1 while taking in events.  Without fmt a timeout is
 * returned in silence.
 */
int wait_for(struct traffic *t, cond_fn cond, void *arg, unsigned int ms, const char *fmt, ...)
{
	uint64_t end = now_ms() + ms;
	char what[200];
	va_list ap;
	int ret;

	for (;;) {
		struct pollfd pfd = { .fd = nfc_event_fd(t), .events = POLLIN };

		step_alive();
		ret = nfc_events(t);
		if (ret)
			return ret;
		ret = cond(t, arg);
		if (ret)
			return ret < 0 ? ret : 0;
		if (stop_requested() && !t->closing)
			return -EINTR;
		if (now_ms() >= end)
			break;
		poll(&pfd, 1, 5);
	}

	if (!fmt)
		return -ETIMEDOUT;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	return complain(-ETIMEDOUT, "waited %u ms for %s", ms, what);
}

static ssize_t read_proc(const char *pid, const char *file, char *buf, size_t size)
{
	char path[300];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		len = errno == ESRCH ? 0 : -errno;
	close(fd);
	if (len >= 0)
		buf[len] = '\0';

	return len;
}

/* Does this task run, or is it about to? */
static bool running(const char *pid)
{
	char buf[512], *end;

	if (read_proc(pid, "stat", buf, sizeof(buf)) <= 0)
		return false;
	end = strrchr(buf, ')');
	return end && end[1] && end[2] == 'R';
}

/*
 * Is a kworker inside the NFC stack?  1, 0 or a negative errno.  One that runs may be: of that
 * one 6.1 cannot tell the stack while a return of its is probed, and warns (rethook.c).
 */
static int workers_busy(void)
{
	char buf[4096];
	struct dirent *de;
	ssize_t len;
	int ret = 0;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return complain(-errno, "opening /proc to see if the driver is idle");

	while (!ret && (de = readdir(proc))) {
		if (de->d_name[0] < '1' || de->d_name[0] > '9')
			continue;
		len = read_proc(de->d_name, "comm", buf, sizeof(buf));
		if (len <= 0 || strncmp(buf, "kworker", 7))
			continue;
		if (running(de->d_name)) {
			ret = 1;
			break;
		}
		len = read_proc(de->d_name, "stack", buf, sizeof(buf));
		if (len < 0)
			ret = complain((int)len,
				       "reading /proc/%s/stack to see if the driver is idle",
				       de->d_name);
		else if (len > 0 && (strstr(buf, "[nfc") || strstr(buf, "nfcsim_")))
			ret = 1;
	}
	closedir(proc);

	return ret;
}

static int is_quiet(struct traffic *t, void *arg)
{
	unsigned int *clean = arg;
	int busy;

	(void)t;
	busy = workers_busy();
	if (busy < 0)
		return busy;
	*clean = busy ? 0 : *clean + 1;

	return *clean >= QUIET_SCANS;
}

/* Until no kworker has been inside the NFC stack for a few looks at them. */
int wait_quiet(struct traffic *t)
{
	unsigned int clean = 0;

	return wait_for(t, is_quiet, &clean, t->timeout, "the NFC workqueues to become idle");
}

static int is_working(struct traffic *t, void *arg)
{
	(void)t;
	(void)arg;

	return workers_busy();
}

/* Until the poll just started on d really does something. */
int wait_working(struct traffic *t, const struct dev *d)
{
	int err;

	err = wait_for(t, is_working, NULL, t->timeout, NULL);
	if (err == -ETIMEDOUT)
		return complain(
			-EIO,
			"%s took the poll but does nothing (a command of its is stuck: it was powered off while the driver waited; reload nfcsim)",
			d->name);

	return err;
}

int device_up(struct traffic *t, struct dev *d)
{
	int err;

	err = nfc_dev_up(t, d);
	if (err && err != -EALREADY)
		return complain(err, "powering up %s", d->name);
	d->powered = true;

	return 0;
}

int start_poll(struct traffic *t, struct dev *d, uint32_t im, uint32_t tm)
{
	int err;

	err = nfc_start_poll(t, d, im, tm);
	if (err)
		return complain(err, "starting a poll on %s (initiator 0x%x, target 0x%x)", d->name,
				im, tm);

	return 0;
}

/* It is no error if the poll has ended of itself. */
int stop_poll(struct traffic *t, struct dev *d)
{
	int err;

	err = nfc_stop_poll(t, d);
	if (err && err != -EINVAL)
		return complain(err, "stopping the poll on %s%s", d->name,
				err == -EBUSY ? " (another process started it)" : "");

	return 0;
}

static int end_activity(struct traffic *t, struct dev *d)
{
	struct target targets[MAX_TARGETS];
	int n, err;

	err = nfc_link_down(t, d);
	if (err && err != -EALREADY)
		return complain(err, "taking the link of %s down", d->name);

	n = nfc_targets(t, d, targets, MAX_TARGETS);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		err = nfc_deactivate(t, d, targets[i].idx);
		if (err && err != -ENOTCONN)
			return complain(err, "deactivating target %u of %s", targets[i].idx,
					d->name);
	}

	return stop_poll(t, d);
}

/*
 * End whatever n devices are doing: links, targets, polls; wait until the
 * kernel is through with it, and if asked to, power the devices off.  Called on
 * every way out, so it does not listen to stop requests.
 */
int release(struct traffic *t, struct dev **devs, unsigned int n, bool down)
{
	bool closing = t->closing;
	bool again = true;
	int err = 0, ret;

	t->closing = true;
	/* A link may come up at the last moment; it then has to go again. */
	for (unsigned int i = 0; !err && again && i < LINK_ATTEMPTS; i++) {
		for (unsigned int j = 0; j < n; j++) {
			ret = end_activity(t, devs[j]);
			if (!err)
				err = ret;
		}
		ret = wait_quiet(t);
		if (!err)
			err = ret;
		again = false;
		for (unsigned int j = 0; j < n; j++)
			again |= devs[j]->link;
	}

	for (unsigned int j = 0; down && !err && j < n; j++) {
		err = nfc_dev_down(t, devs[j]);
		if (err == -EALREADY)
			err = 0;
		if (err)
			complain(err, "powering down %s", devs[j]->name);
		else
			devs[j]->powered = false;
	}
	t->closing = closing;

	return err;
}

int device_down(struct traffic *t, struct dev *d)
{
	return release(t, &d, 1, true);
}

struct link_wait {
	struct dev *im, *tm;
	unsigned int im_up, tm_up, found;
};

static int is_found(struct traffic *t, void *arg)
{
	struct link_wait *w = arg;

	(void)t;
	return w->im->seen.targets_found != w->found;
}

static int is_linked(struct traffic *t, void *arg)
{
	struct link_wait *w = arg;

	(void)t;
	return w->im->seen.link_up != w->im_up && w->tm->seen.link_up != w->tm_up;
}

/*
 * Power both devices up, let tm listen and im poll until im has found tm.
 * From then on tm waits 300 ms for what comes next.
 */
int find_target(struct traffic *t, struct dev *im, struct dev *tm, struct target *target)
{
	struct link_wait w = { .im = im, .tm = tm };
	int err;

	err = device_up(t, tm);
	if (!err)
		err = device_up(t, im);
	if (!err)
		err = nfc_events(t);
	if (err)
		return err;

	w.found = im->seen.targets_found;
	err = start_poll(t, tm, 0, NFC_PROTO_NFC_DEP_MASK);
	if (!err)
		err = start_poll(t, im, NFC_PROTO_NFC_DEP_MASK, 0);
	if (err)
		return err;

	err = wait_for(t, is_found, &w, t->timeout, "%s to find %s", im->name, tm->name);
	if (err)
		return err;

	err = nfc_targets(t, im, target, 1);
	if (err < 0)
		return err;
	if (!err)
		return complain(-ENOENT, "target of %s: event but no target", im->name);

	return 0;
}

static int link_try(struct traffic *t, struct dev *im, struct dev *tm, uint32_t *idx)
{
	struct link_wait w = { .im = im, .tm = tm };
	struct target target;
	int err;

	err = nfc_events(t);
	if (err)
		return err;
	w.im_up = im->seen.link_up;
	w.tm_up = tm->seen.link_up;

	err = find_target(t, im, tm, &target);
	if (err)
		return err;
	err = nfc_link_up(t, im, target.idx);
	if (err)
		return complain(err, "bringing the link of %s to target %u up", im->name,
				target.idx);

	err = wait_for(t, is_linked, &w, LINK_WAIT_MS, NULL);
	if (!err)
		*idx = target.idx;

	return err == -ETIMEDOUT ? -EAGAIN : err;
}

/*
 * Bring the link up.  The kernel says nothing when the other side did not
 * answer in time (a busy guest), so this tries again.
 */
int link_up(struct traffic *t, struct dev *im, struct dev *tm, uint32_t *target)
{
	struct dev *devs[] = { im, tm };
	int err;

	for (unsigned int i = 0; i < LINK_ATTEMPTS; i++) {
		step(2 * t->timeout / 1000 + 30, "link %s-%s, attempt %u", im->name, tm->name,
		     i + 1);
		err = link_try(t, im, tm, target);
		if (err != -EAGAIN)
			return err;
		err = release(t, devs, 2, false);
		if (err)
			return err;
	}

	return complain(-ETIMEDOUT, "link of %s to %s, %d times tried", im->name, tm->name,
			LINK_ATTEMPTS);
}

int two_devices(struct traffic *t, struct dev **im, struct dev **tm)
{
	if (t->ndevs < 2)
		return complain(-ENODEV, "a link needs two NFC devices, there are %u", t->ndevs);
	*im = &t->devs[0];
	*tm = &t->devs[1];

	return 0;
}

static int dropframe_open(const struct dev *d, int flags)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "/%s/dropframe", d->name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return complain(-errno, "opening %s (is debugfs mounted, is %s an nfcsim device?)",
				path, d->name);

	return fd;
}

/* Lose the next frames that d sends. */
int dropframe_set(const struct dev *d, unsigned int frames)
{
	char text[16];
	int fd, len, err = 0;

	fd = dropframe_open(d, O_WRONLY);
	if (fd < 0)
		return fd;
	len = snprintf(text, sizeof(text), "%u\n", frames);
	if (write(fd, text, (size_t)len) != len)
		err = complain(errno ? -errno : -EIO, "writing %u to the dropframe file of %s",
			       frames, d->name);
	close(fd);

	return err;
}

int dropframe_get(const struct dev *d)
{
	char text[16] = "";
	ssize_t len;
	int fd;

	fd = dropframe_open(d, O_RDONLY);
	if (fd < 0)
		return fd;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return complain(len ? -errno : -EIO, "reading the dropframe file of %s", d->name);

	return atoi(text);
}
