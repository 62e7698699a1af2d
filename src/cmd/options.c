// SPDX-License-Identifier: GPL-2.0-only
/*
 * argp's tables for `run` and `top`.
 */
#include "cmd/options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/duration.h"
#include "util/log.h"

static const struct argp_option options[] = {
	{ "duration", 'd', "SECONDS", 0, "Stop after this long, counted from \"tracing\"", 0 },
	{ "interval", 'i', "SECONDS", 0, "Print the histograms this often", 0 },
	{ "json", 'j', NULL, 0, "Write JSON lines", 0 },
	{ "output", 'o', "FILE", 0, "Write a recording, to be read by nfcleakbpf report", 0 },
	{ "module", 'm', "NAME", 0,
	  "Trace this module (repeatable) instead of nfc_digital, nfc and all that depend on "
	  "either",
	  0 },
	{ "wait", 'w', NULL, 0, "Wait for the modules to be loaded", 0 },
	{ "min-age", 'a', "SECONDS", 0,
	  "Search memory twice, this long apart, before calling a leak definite (5)", 0 },
	{ "scan-interval", 's', "SECONDS", 0,
	  "Search memory for every live allocation this often, 0: never (600)", 0 },
	{ "scan-limit", 'l', "MIB", 0, "Give up a search that reads more than this (no limit)", 0 },
	{ "error-exitcode", 'e', "N", 0, "Exit with N if leaks stand at the end (0)", 0 },
	{ "suppressions", 'S', "FILE", 0,
	  "Do not tell the leaks that match its lines leak:PATTERN (repeatable)", 0 },
	{ "gen-suppressions", 'g', NULL, 0, "At the end print suppressions for what was told", 0 },
	{ "attach", 'A', "HOW", 0,
	  "auto, kprobe, kprobe-multi or fentry; the last two keep modules from being "
	  "unloaded (auto)",
	  0 },
	{ "book-entries", 'b', "N", 0,
	  "Follow up to this many live allocations at one time, in about 250 bytes of kernel "
	  "memory each (16384)",
	  0 },
	{ "linger", 'L', "SECONDS", 0,
	  "Follow memory for this long after the last device went down, or a module came (10)", 0 },
	{ "metrics", 'M', "ADDR:PORT", 0,
	  "Serve metrics for Prometheus at this address (127.0.0.1 without one)", 0 },
	{ "hide-addresses", 'H', NULL, 0,
	  "Numbers in place of kernel addresses, and no contents of memory; a recording has both",
	  0 },
	{ "no-sandbox", 'N', NULL, 0,
	  "Keep all capabilities and system calls while tracing, to debug nfcleakbpf itself", 0 },
	{ "quiet", 'q', NULL, 0, "No alerts, only the report at the end", 0 },
	{ "verbose", 'v', NULL, 0, "Say what is hooked and how", 0 },
	{ 0 },
};

static const char doc[] =
	"Traces the NFC stack's allocations until Ctrl-C and reports those that nobody will "
	"release: where they were allocated, which command carried them and which callback had "
	"them last.\v"
	"Times are numbers with an optional ms, s, m or h; bare means seconds.\n\n"
	"Exit status: 0 done, 1 could not run, 2 usage, N as --error-exitcode says.";

static void parse_time(struct argp_state *state, const char *name, const char *arg, uint64_t *ns)
{
	if (duration__parse(arg, ns))
		argp_error(state, "--%s: '%s' is no duration (20, 300ms, 5m)", name, arg);
}

static void parse_attach(struct argp_state *state, const char *arg, enum attach_mode *mode)
{
	static const char *const names[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_KPROBE] = "kprobe",
		[ATTACH_KPROBE_MULTI] = "kprobe-multi",
		[ATTACH_FENTRY] = "fentry",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(arg, names[i])) {
			*mode = (enum attach_mode)i;
			return;
		}
	}
	argp_error(state, "--attach: '%s' is none of auto, kprobe, kprobe-multi, fentry", arg);
}

void options__suppressions(struct argp_state *state, const char *arg, struct suppressions **s)
{
	char error[SUPPRESSIONS_ERROR];

	if (!*s)
		*s = suppressions__new();
	if (!*s)
		argp_error(state, "--suppressions: %s", strerror(ENOMEM));
	else if (suppressions__read(*s, arg, error))
		argp_error(state, "--suppressions: %s", error);
}

int options__exitcode(struct argp_state *state, const char *arg)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (end == arg || *end || n < 0 || n > 255)
		argp_error(state, "--error-exitcode: '%s' is not 0 to 255", arg);
	return (int)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *o = state->input;
	char *end;
	long n;

	switch (key) {
	case 'd':
		parse_time(state, "duration", arg, &o->duration_ns);
		if (!o->duration_ns)
			argp_error(state, "--duration: must be more than 0");
		return 0;
	case 'i':
		parse_time(state, "interval", arg, &o->interval_ns);
		return 0;
	case 'a':
		parse_time(state, "min-age", arg, &o->min_age_ns);
		if (o->min_age_ns > 86400000000000ULL)
			argp_error(state, "--min-age: at most a day");
		return 0;
	case 's':
		parse_time(state, "scan-interval", arg, &o->scan_interval_ns);
		return 0;
	case 'l':
		n = strtol(arg, &end, 10);
		if (end == arg || *end || n < 0 || n > 1L << 30)
			argp_error(state, "--scan-limit: '%s' is no number of MiB", arg);
		o->scan_limit = (uint64_t)n << 20;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'w':
		o->wait = true;
		return 0;
	case 'm':
		if (o->nr_modules == MAX_MODULE_OPTIONS)
			argp_error(state, "--module: at most %d", MAX_MODULE_OPTIONS);
		if (!*arg || strlen(arg) >= 56 || strpbrk(arg, "/ \t"))
			argp_error(state, "--module: '%s' is no module's name", arg);
		o->modules[o->nr_modules++] = arg;
		return 0;
	case 'e':
		o->error_exitcode = options__exitcode(state, arg);
		return 0;
	case 'S':
		options__suppressions(state, arg, &o->suppressions);
		return 0;
	case 'g':
		o->gen_suppressions = true;
		return 0;
	case 'A':
		parse_attach(state, arg, &o->attach);
		return 0;
	case 'b':
		n = strtol(arg, &end, 10);
		if (end == arg || *end || n < 1 || n > 1L << 24)
			argp_error(state, "--book-entries: '%s' is not 1 to 16777216", arg);
		o->book_entries = (uint32_t)n;
		return 0;
	case 'L':
		parse_time(state, "linger", arg, &o->linger_ns);
		return 0;
	case 'M':
		if (http__address(arg, &o->metrics))
			argp_error(state,
				   "--metrics: '%s' is no address and port (9464, "
				   "127.0.0.1:9464, [::1]:9464)",
				   arg);
		return 0;
	case 'N':
		o->no_sandbox = true;
		return 0;
	case 'H':
		o->hide_addresses = true;
		return 0;
	case 'q':
		o->quiet = true;
		log_level = LOG_QUIET;
		return 0;
	case 'v':
		log_level = LOG_VERBOSE;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void set_defaults(struct run_options *o)
{
	memset(o, 0, sizeof(*o));
	o->min_age_ns = 5000000000ULL;
	o->scan_interval_ns = 600000000000ULL;
	o->linger_ns = 10000000000ULL;
}

void run_options__parse(struct run_options *o, int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, doc, NULL, NULL, NULL };

	set_defaults(o);
	argp_parse(&argp, argc, argv, 0, NULL, o);
}

void top_options__parse(struct run_options *o, int argc, char **argv)
{
	static const char keys[] = "dmwaslALNv";
	static const char top_doc[] =
		"Traces as 'nfcleakbpf run' does and shows on the whole terminal what is live "
		"under which callback and what leaks; '?' tells the keys.\v"
		"Times are numbers with an optional ms, s, m or h; bare means seconds.\n\n"
		"Exit status: 0 done, 1 could not run, 2 usage.";
	struct argp_option some[sizeof(options) / sizeof(*options)] = { 0 };
	const struct argp argp = { some, parse, NULL, top_doc, NULL, NULL, NULL };
	size_t n = 0;

	for (size_t i = 0; options[i].name; i++)
		if (strchr(keys, options[i].key))
			some[n++] = options[i];
	set_defaults(o);
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
