// SPDX-License-Identifier: GPL-2.0-only
/*
 * `nfcleakbpf report`: renders recordings, or compares two.  Needs no root and
 * no NFC: a recording can be looked at anywhere.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "record/playback.h"
#include "record/reader.h"
#include "report/diff.h"
#include "report/filter.h"
#include "report/model.h"
#include "report/report.h"
#include "report/veil.h"
#include "util/log.h"
#include "util/output.h"

static const struct session_taps model_taps = { model__clock, model__before, model__after };

/* One line a format. */
static const struct format {
	const char *name;
	const struct report_format *format;
	const struct session_taps *taps; /* NULL: findings are all that it needs */
	/* 0, or why it could not write all there is; NULL: the stream's error tells */
	int (*status)(const struct report *r);
	bool one;	   /* a file of it is of one recording */
	bool suppressions; /* it has a place for those that are generated */
} formats[] = {
	{ "text", &report_text, NULL, NULL, false, true },
	{ "json", &report_json, NULL, NULL, false, true },
	{ "kmemleak", &report_kmemleak, &model_taps, model__status, false, false },
	{ "html", &report_html, &model_taps, model__status, true, false },
	{ "pprof", &report_pprof, &model_taps, model__status, true, false },
	{ "folded", &report_folded, &model_taps, model__status, false, false },
	{ "perfetto", &report_perfetto, &model_taps, model__status, true, false },
};

#define FORMAT_TEXT (&formats[0])
#define FORMAT_JSON (&formats[1])

#define NR_FORMATS (sizeof(formats) / sizeof(*formats))

struct report_options {
	const struct format *format;
	const char *output;
	bool diff, quiet, hide_addresses;
	struct suppressions *suppressions; /* NULL: none */
	bool gen_suppressions;
	int error_exitcode;
	char **files;
	int nr_files;
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "", 0 }, /* its text lists the formats */
	{ "output", 'o', "FILE", 0, "Write there, and not to standard output", 0 },
	{ "quiet", 'q', NULL, 0, "No alerts, only the report at the end", 0 },
	{ "suppressions", 'S', "FILE", 0,
	  "Do not tell the leaks that match its lines leak:PATTERN (repeatable)", 0 },
	{ "gen-suppressions", 'g', NULL, 0, "At the end print suppressions for what was told", 0 },
	{ "hide-addresses", 'H', NULL, 0,
	  "Numbers in place of kernel addresses, and no contents of memory", 0 },
	{ "verbose", 'v', NULL, 0, "Say how much was read", 0 },
	{ "diff", 'd', NULL, 0, "Compare two recordings: BEFORE and AFTER", 0 },
	{ "json", 'j', NULL, 0, "The same as --format json", 0 },
	{ "error-exitcode", 'e', "N", 0, "With --diff: exit with N if AFTER has new leaks (0)", 0 },
	{ 0 },
};

static const char doc[] =
	"Renders recordings made by nfcleakbpf run --output: what the live run said, and with "
	"--format json the same lines. --diff says what a patch has changed: sites of leaks that "
	"are new, gone, more or fewer in relation to the commands that were sent.\v"
	"Exit status: 0 done, 1 a recording could not be read to its end or the report not "
	"written, 2 usage, N as --error-exitcode says.";

static void parse_format(struct argp_state *state, const char *name, struct report_options *o)
{
	char all[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < NR_FORMATS; i++) {
		if (!strcmp(formats[i].name, name)) {
			o->format = &formats[i];
			return;
		}
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "",
				      formats[i].name);
	}
	argp_error(state, "--format: '%s' is none of %s", name, all);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_options *o = state->input;

	switch (key) {
	case 'f':
		parse_format(state, arg, o);
		return 0;
	case 'j':
		parse_format(state, "json", o);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'S':
		options__suppressions(state, arg, &o->suppressions);
		return 0;
	case 'g':
		o->gen_suppressions = true;
		return 0;
	case 'H':
		o->hide_addresses = true;
		return 0;
	case 'v':
		log_level = LOG_VERBOSE;
		return 0;
	case 'd':
		o->diff = true;
		return 0;
	case 'e':
		o->error_exitcode = options__exitcode(state, arg);
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		o->nr_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which recording?");
		return 0;
	case ARGP_KEY_END:
		if (o->diff && o->nr_files != 2)
			argp_error(state, "--diff compares two recordings: BEFORE AFTER");
		if (o->diff && o->format != FORMAT_TEXT && o->format != FORMAT_JSON)
			argp_error(state, "--diff has the formats text and json");
		if (o->diff && (o->suppressions || o->gen_suppressions))
			argp_error(state, "--diff compares everything, also what is suppressed");
		if (!o->diff && o->error_exitcode)
			argp_error(state, "--error-exitcode is for --diff");
		if (o->format->one && o->nr_files > 1)
			argp_error(state, "--format %s is of one recording: make a file of each",
				   o->format->name);
		if (o->gen_suppressions && !o->format->suppressions)
			argp_error(state,
				   "--gen-suppressions: %s has no place for them, text and json do",
				   o->format->name);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The formats' names are in one place only. */
static char *filter_help(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size = 0;
	FILE *f;

	(void)input;
	if (key != 'f')
		return (char *)text;
	f = open_memstream(&help, &size);
	if (!f)
		return (char *)text;
	for (size_t i = 0; i < NR_FORMATS; i++)
		fprintf(f, "%s%s", !i ? "" : i + 1 < NR_FORMATS ? ", " : " or ", formats[i].name);
	fputs(" (text)", f);
	fclose(f);
	return help;
}

/* What a user should know of a recording, and whether all of it was read. */
static bool judge(const char *path, const struct reader *reader, const struct playback_result *r)
{
	char saved[128];

	snprintf(saved, sizeof(saved),
		 "reported is what comes before, %.1f s in %" PRIu64 " blocks (%" PRIu64 " bytes)",
		 (double)r->ns / 1e9, reader__blocks(reader), reader__bytes(reader));
	log_debug("%s: %" PRIu64 " events in %" PRIu64 " blocks of %" PRIu64 " bytes together",
		  path, r->events, reader__blocks(reader), reader__bytes(reader));
	switch (r->reading) {
	case READING_DAMAGED:
	case READING_FAILED:
		log_error("%s %s; %s", path, r->problem, saved);
		return false;
	case READING_FOREIGN:
	case READING_NEWER:
		log_error("%s %s", path, r->problem);
		return false;
	default:
		break;
	}
	if (!r->complete)
		log_info("%s is incomplete: the run did not come to its end%s%s; %s", path,
			 *r->problem ? ", " : "", r->problem, saved);
	else if (!r->traced)
		log_info("%s: no NFC module was loaded during the run", path);
	if (r->differs)
		log_info("%s: this nfcleakbpf judges differently from the one that recorded, or "
			 "that one was short of memory: the report is not quite that of the run",
			 path);
	return true;
}

struct played {
	FILE *in;
	struct reader *reader;
	struct playback *playback;
	struct playback_result result;
};

static void played_free(struct played *p)
{
	playback__free(p->playback);
	reader__free(p->reader);
	if (p->in)
		fclose(p->in);
}

static bool open_recording(struct played *p, const char *path)
{
	*p = (struct played){ .in = fopen(path, "re") };
	if (!p->in) {
		log_error("cannot open %s: %s", path, strerror(errno));
		return false;
	}
	p->reader = reader__new(p->in);
	if (p->reader)
		p->playback = playback__new(p->reader);
	if (!p->playback)
		log_error("%s: %s", path, strerror(ENOMEM));
	return p->playback;
}

/* Whether all of it could be played; as much as could be was. */
static bool play(struct played *p, const char *path)
{
	playback__run(p->playback, &p->result);
	return judge(path, p->reader, &p->result);
}

static bool play_to_format(struct played *p, const struct report_options *o, int number, FILE *out)
{
	const char *path = o->files[number];
	const struct format *f = o->format;
	const struct report_format *format = f->format;
	struct report *report, *below, *filter;
	bool good;
	int err;

	if (!open_recording(p, path))
		return false;
	if (o->nr_files > 1 && f == FORMAT_TEXT)
		fprintf(out, "%s==> %s <==\n", number ? "\n" : "", path);
	below = veil__open(&format, out, playback__names(p->playback), o->quiet, o->hide_addresses,
			   &report);
	filter = filter__open(format, below, o->suppressions, o->gen_suppressions);
	if (!filter || playback__set_format(p->playback, &report_filtered, filter)) {
		log_error("%s: %s", path, strerror(ENOMEM));
		return false;
	}
	playback__set_taps(p->playback, f->taps, report);
	good = play(p, path);
	err = f->status ? f->status(report) : 0;
	if (err)
		log_error("%s: the report is not complete: %s", path, strerror(-err));
	/* No module came, so it has neither beginning nor end. */
	if (good && f->one && !p->result.traced) {
		log_error("%s: nothing was traced, and of nothing there is no %s: record while an "
			  "NFC module is loaded",
			  path, f->name);
		good = false;
	}
	fflush(out);
	return good && !err;
}

static int render(const struct report_options *o, FILE *out)
{
	int status = EXIT_DONE;
	struct played p;

	for (int i = 0; i < o->nr_files; i++) {
		if (!play_to_format(&p, o, i, out))
			status = EXIT_CANNOT;
		played_free(&p);
	}
	return status;
}

/* ---- comparing ---- */

static void no_finding(void *ctx, const struct allocation *a, uint64_t now)
{
	(void)ctx;
	(void)a;
	(void)now;
}

static void no_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)was;
	no_finding(ctx, a, now);
}

static void no_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)w;
	no_finding(ctx, NULL, now);
}

static const struct ledger_ops silent = { no_finding, no_update, no_finding, no_warning };

/* What a recording ends with; one that is damaged is nothing to compare with. */
static struct tally *tally(const char *path)
{
	const struct session *session;
	struct tally *t = NULL;
	struct played p;

	if (!open_recording(&p, path))
		goto out;
	playback__set_ops(p.playback, &silent, NULL);
	if (play(&p, path)) {
		session = playback__session(p.playback);
		if (session)
			t = tally__new(session__ledger(session), playback__names(p.playback),
				       (double)p.result.ns / 1e9, p.result.complete);
		if (!t)
			log_error("%s: %s", path,
				  session ? strerror(ENOMEM) : "nothing was recorded");
	}
out:
	played_free(&p);
	return t;
}

static int compare(const struct report_options *o, FILE *out)
{
	struct tally *before = tally(o->files[0]), *after = tally(o->files[1]);
	struct diff *d = before && after ? diff__new(before, after) : NULL;
	int status = EXIT_CANNOT;

	if (before && after && !d)
		log_error("cannot compare %s with %s: %s", o->files[0], o->files[1],
			  strerror(ENOMEM));
	if (!d)
		goto out;
	if (o->format == FORMAT_JSON)
		diff__json(d, out);
	else
		diff__text(d, out);
	status = diff__count(d, DIFF_NEW) ? o->error_exitcode : EXIT_DONE;
out:
	diff__free(d);
	tally__free(before);
	tally__free(after);
	return status;
}

/* A slip of the finger must not cost a recording. */
static bool overwrites(const struct report_options *o)
{
	struct stat out, in;

	if (stat(o->output, &out) || !S_ISREG(out.st_mode))
		return false;
	for (int i = 0; i < o->nr_files; i++)
		if (!stat(o->files[i], &in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return true;
	return false;
}

/* NULL: it was said why. */
static FILE *open_output(const struct report_options *o, struct output *file)
{
	/* A comparison has neither addresses nor memory in it. */
	bool secret = !o->hide_addresses && !o->diff;
	FILE *out = NULL;

	if (overwrites(o)) {
		log_error("%s is the recording itself: write the report elsewhere", o->output);
	} else if (output__reserve(file, o->output, secret)) {
		log_error("cannot write %s: %s", o->output, file->problem);
	} else {
		out = output__stream(file);
		if (!out) {
			log_error("cannot write %s: %s", o->output, strerror(errno));
			output__close(file);
		}
	}
	return out;
}

/* Whether all of it was written; an empty report is one too. */
static bool close_output(FILE *out, struct output *file, bool told)
{
	bool written = !ferror(out) & !fclose(out);

	if (written && told && !file->emptied)
		written = !output__empty(file);
	written &= !output__close(file);
	if (!written)
		log_error("the report could not be written: %s", file->problem);
	return written;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "RECORDING...\n-d BEFORE AFTER",
					  doc,	   NULL,  filter_help,
					  NULL };
	struct report_options o = { .format = FORMAT_TEXT };
	struct output file;
	FILE *out = stdout;
	int status = EXIT_CANNOT;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.output)
		out = open_output(&o, &file);
	if (!out)
		goto out;
	status = o.diff ? compare(&o, out) : render(&o, out);
	if (o.output) {
		if (!close_output(out, &file, status != EXIT_CANNOT))
			status = EXIT_CANNOT;
	} else if (ferror(out) | fflush(out)) {
		log_error("the report could not be written: %s", strerror(errno));
		status = EXIT_CANNOT;
	}
out:
	suppressions__free(o.suppressions);
	return status;
}
