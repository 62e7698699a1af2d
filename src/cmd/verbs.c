// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemleak's verbs as subcommands: one line to the running `run`, its answer to
 * stdout.  The answer is read to its end before any of it is printed, so that a pager
 * that waits for its reader does not keep the server waiting.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/control.h"
#include "serve/line.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/runtime.h"

#define PATIENCE      30    /* seconds for an answer that needs no waiting */
#define STOP_PATIENCE 60000 /* milliseconds from the end's beginning to the end */
#define ANSWER_MAX    (64UL << 20)

enum argument { NO_ARGUMENT, MAY_HAVE, MUST_HAVE };

struct command_line {
	const struct client_verb *verb;
	const char *argument;
	bool json;
	char line[LINE_MAX_BYTES + 2]; /* what is asked, with its newline */
	size_t nr_line;
};

struct client_verb {
	const char *name;
	enum argument argument;
	bool json;
	const char *args_doc;
	const char *doc;
};

static const struct client_verb verbs[] = {
	{ "scan", MAY_HAVE, false, "[SECONDS|on|off]",
	  "Searches memory now for every live allocation that is older than --min-age, waits "
	  "until that is done and says how many new suspected leaks it found.\v"
	  "With an argument, also as scan=SECONDS, sets how often that is done by itself: every so "
	  "many SECONDS (or 90s, 5m, 2h; at least 1 s), on (as it was at the start) or off (0)." },
	{ "clear", NO_ARGUMENT, false, NULL,
	  "What 'nfcleakbpf show' lists now it does not list again, only what is found from now "
	  "on. The report at the end still has everything." },
	{ "show", NO_ARGUMENT, true, NULL,
	  "Lists the leaks that stand, in the layout of this kernel's /sys/kernel/debug/kmemleak." },
	{ "status", NO_ARGUMENT, true, NULL, "Tells how the running 'nfcleakbpf run' is doing." },
	{ "dump", MUST_HAVE, false, "ADDR",
	  "Tells everything that is known about the live allocation that contains the address." },
	{ "stop", NO_ARGUMENT, false, NULL,
	  "Ends the running 'nfcleakbpf run' as Ctrl-C does, and waits for its end." },
};

/* ---- the command line ---- */

/* False: it is longer than a request may be. */
static bool make_line(struct command_line *c)
{
	const char *argument = c->json ? "json" : c->argument ? c->argument : "";
	int n = snprintf(c->line, sizeof(c->line), "%s%s%s\n", c->verb->name, *argument ? " " : "",
			 argument);

	c->nr_line = (size_t)n;
	return n > 0 && c->nr_line < sizeof(c->line);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *c = state->input;
	struct scan_order order;
	uint64_t addr;

	switch (key) {
	case 'j':
		c->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->verb->argument == NO_ARGUMENT || c->argument)
			argp_error(state, "'%s' is too much", arg);
		c->argument = arg;
		return 0;
	case ARGP_KEY_END:
		if (c->verb->argument == MUST_HAVE && !c->argument)
			argp_error(state, "%s is missing", c->verb->args_doc);
		if (c->argument && !strcmp(c->verb->name, "scan") &&
		    line__scan(c->argument, &order))
			argp_error(state, "'%s' is none of on, off, SECONDS (at least 1)",
				   c->argument);
		if (c->argument && !strcmp(c->verb->name, "dump") &&
		    line__address(c->argument, &addr))
			argp_error(state, "'%s' is no address (0x and up to 16 digits)",
				   c->argument);
		if (!make_line(c))
			argp_error(state, "'%s' is too long", c->argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argv[0] is "nfcleakbpf VERB" or "nfcleakbpf VERB=ARGUMENT". */
static void parse_command_line(struct command_line *c, int argc, char **argv)
{
	static const struct argp_option json[] = {
		{ "json", 'j', NULL, 0, "Write JSON, see docs/control.md", 0 },
		{ 0 },
	};
	static const struct argp_option none[] = { { 0 } };
	struct argp argp = { none, parse, NULL, NULL, NULL, NULL, NULL };
	char *name = strchr(argv[0], ' '), *value;

	name = name ? name + 1 : argv[0];
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			c->verb = &verbs[i];
	if (!c->verb || (value && (c->verb->argument == NO_ARGUMENT || !*value))) {
		log_error("no command '%s=%s'; 'nfcleakbpf --help' lists them", name,
			  value ? value : "");
		exit(EXIT_USAGE);
	}
	c->argument = value;
	argp.options = c->verb->json ? json : none;
	argp.args_doc = c->verb->args_doc;
	argp.doc = c->verb->doc;
	argp_parse(&argp, argc, argv, 0, NULL, c);
}

/* ---- the connection ---- */

static void say_roots(const char *lock)
{
	int pid = lock__holder(lock);
	char whose[64] = "";

	if (pid)
		snprintf(whose, sizeof(whose), "the run is root's (process %d), and ", pid);
	log_error("not permitted: %sonly root may talk to it (use sudo)", whose);
}

/*
 * Nobody listens there.  While a run starts or ends it has no socket; and root's is
 * elsewhere than that of a user who has a directory of his own.
 */
static void say_nobody(const char *socket)
{
	char own[RUNTIME_PATH_MAX], roots[RUNTIME_PATH_MAX];
	int pid = lock__holder(runtime__path(RUNTIME_LOCK, own));

	if (pid)
		log_error("process %d is just starting or ending: try again in a few seconds", pid);
	else if (geteuid() && lock__holder(runtime__root_path(RUNTIME_LOCK, roots)))
		say_roots(roots);
	else
		log_error("no nfcleakbpf run is running, nobody listens at %s: start one with "
			  "'nfcleakbpf run'",
			  socket);
}

static int open_connection(void)
{
	struct timeval patience = { PATIENCE, 0 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	char lock[RUNTIME_PATH_MAX];

	_Static_assert(sizeof(addr.sun_path) == RUNTIME_PATH_MAX, "it fits");
	runtime__path(RUNTIME_SOCKET, addr.sun_path);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
		goto fail;
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED) {
		say_nobody(addr.sun_path);
		close(fd);
		return -ENOENT;
	}
	if (errno == EACCES) {
		say_roots(runtime__path(RUNTIME_LOCK, lock));
		close(fd);
		return -EACCES;
	}
	if (errno == EAGAIN) {
		log_error("the run does not answer: too many are asking");
		close(fd);
		return -EAGAIN;
	}
fail:
	err = -errno;
	log_error("cannot connect to %s: %s", addr.sun_path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

struct answer {
	char *text;
	size_t size, room;
};

/* All of it, until the other side closes.  0 or a negative errno. */
static int read_answer(int fd, struct answer *a)
{
	struct timeval for_ever = { 0, 0 };
	bool later = false;
	ssize_t n;

	for (;;) {
		if (a->size == a->room) {
			size_t room = a->room ? a->room * 2 : 65536;
			char *more = room <= ANSWER_MAX ? realloc(a->text, room) : NULL;

			if (!more)
				return -ENOMEM;
			a->text = more;
			a->room = room;
		}
		n = recv(fd, a->text + a->size, a->room - a->size, 0);
		if (!n || (n < 0 && errno == ECONNRESET))
			return 0;
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n > 0)
			a->size += (size_t)n;
		if (!later && a->size >= 6 && !memcmp(a->text, "later\n", 6)) {
			later = true;
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
		}
	}
}

/* ---- the answer ---- */

/* Takes one line off the front.  0, or -EPROTO where there is none. */
static int next_status(const char **at, const char *end, struct status_line *s)
{
	const char *line = *at,
		   *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

	if (!newline || line__status(line, (size_t)(newline - line), s))
		return -EPROTO;
	*at = newline + 1;
	return 0;
}

static int print_answer(const struct answer *a)
{
	const char *at = a->text, *end = a->text + a->size;
	struct status_line s;
	int err = next_status(&at, end, &s);

	if (!err && s.what == STATUS_LATER)
		err = next_status(&at, end, &s);
	if (err || s.what == STATUS_LATER ||
	    (s.what == STATUS_OK && s.length > (size_t)(end - at))) {
		log_error("the run ended before it had answered");
		return EXIT_CANNOT;
	}
	if (s.what == STATUS_ERROR) {
		log_error("%s", s.text);
		return EXIT_CANNOT;
	}
	fwrite(at, 1, (size_t)s.length, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("the answer could not be written: %s", strerror(errno));
		return EXIT_CANNOT;
	}
	if (*s.text)
		log_error("%s", s.text);
	return EXIT_DONE;
}

/* The process, so that its very end can be waited for; -1: it cannot. */
static int process_of(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return -1;
	return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

static int wait_for_end(int process)
{
	struct pollfd p = { .fd = process, .events = POLLIN };

	if (process < 0)
		return EXIT_DONE; /* it is gone already */
	if (poll(&p, 1, STOP_PATIENCE) == 1)
		return EXIT_DONE;
	log_error("the run was told to stop and has not ended yet");
	return EXIT_CANNOT;
}

int cmd_verb(int argc, char **argv)
{
	struct command_line c = { 0 };
	struct answer a = { 0 };
	int fd, process = -1, err, status = EXIT_CANNOT;

	parse_command_line(&c, argc, argv);
	fd = open_connection();
	if (fd < 0)
		return EXIT_CANNOT;
	if (!strcmp(c.verb->name, "stop"))
		process = process_of(fd);
	if (send(fd, c.line, c.nr_line, MSG_NOSIGNAL) != (ssize_t)c.nr_line) {
		log_error("the run cannot be told: %s", strerror(errno));
		goto out;
	}
	err = read_answer(fd, &a);
	if (err == -ETIMEDOUT)
		log_error("the run does not answer");
	else if (err)
		log_error("the answer cannot be read: %s", strerror(-err));
	else
		status = print_answer(&a);
	if (!strcmp(c.verb->name, "stop") && !err && status == EXIT_DONE)
		status = wait_for_end(process);
out:
	free(a.text);
	if (process >= 0)
		close(process);
	close(fd);
	return status;
}
