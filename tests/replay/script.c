// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader and runner of the recordings described in script.h.
 *
 * A script is taken apart once and can then be run often, as torture does; so
 * nothing in a run needs memory of its own.
 */
#include "replay/script.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/subsystem.h"

#define WORDS_MAX  16  /* on a line */
#define TEXT_MAX   64  /* of a word */
#define ADDRS_MAX  256 /* words that are addresses */
#define FIRST_ADDR 0xffff888000010000ULL
#define ADDR_STEP  0x1000ULL
#define FIRST_TEXT 0xffffffffc0000000ULL

enum verb {
	VERB_EVENT,
	VERB_MISSED,
	VERB_WOKE,
	VERB_BLIND,
	VERB_GLANCE,
	VERB_SEARCH,
	VERB_CHECKSUM,
	VERB_SCAN,
	VERB_UNLOAD,
	VERB_CLOSED,
	VERB_TICK,
	VERB_FINISH,
	VERB_LEAK,
	VERB_NO_LEAK,
	VERB_RETRACTED,
	VERB_NOTHING,
	VERB_LEAKS,
	VERB_STAT,
	VERB_HISTOGRAM,
	VERB_WARNINGS,
};

struct word {
	char key[TEXT_MAX];
	char value[TEXT_MAX]; /* "" where there is no = */
	bool used;
};

struct step {
	unsigned line;
	enum verb verb;
	enum passage passage;
	uint64_t time;
	uint64_t number;
	uint64_t addr;
	enum verdict verdict;
	struct event event;
	struct word words[WORDS_MAX]; /* of an expectation */
	size_t nr_words;
};

struct script {
	char path[256];
	char title[128];
	struct step *steps;
	size_t nr_steps;
	unsigned expectations;
	struct names *names;
	char addrs[ADDRS_MAX][TEXT_MAX];
	size_t nr_addrs;
	uint64_t grace_ns, min_age_ns;
	bool searches;
	enum verdict search_default;
};

/* What is needed while a line is being read. */
struct reader {
	struct script *script;
	FILE *out;
	unsigned line;
	bool bad;
	struct word words[WORDS_MAX];
	size_t nr_words;
};

/* ---- reading ---- */

static void __attribute__((format(printf, 2, 3)))
complain(struct reader *r, const char *format, ...)
{
	va_list args;

	r->bad = true;
	fprintf(r->out, "# %s:%u: ", r->script->path, r->line);
	va_start(args, format);
	vfprintf(r->out, format, args);
	va_end(args);
	fputc('\n', r->out);
}

static struct word *find(struct word *words, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i].key, key))
			return &words[i];
	return NULL;
}

static const char *value(struct reader *r, const char *key)
{
	struct word *w = find(r->words, r->nr_words, key);

	if (!w)
		return NULL;
	w->used = true;
	return w->value;
}

static const char *wanted(struct reader *r, const char *key)
{
	const char *v = value(r, key);

	if (v && *v)
		return v;
	complain(r, "%s= is missing", key);
	return "";
}

static bool flag(struct reader *r, const char *key)
{
	return value(r, key);
}

static bool to_number(const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 0);
	return end != text && !*end && !errno;
}

static uint64_t number(struct reader *r, const char *key, int64_t otherwise)
{
	const char *v = value(r, key);
	int64_t n = otherwise;

	if (v && !to_number(v, &n))
		complain(r, "%s=%s is no number", key, v);
	return (uint64_t)n;
}

static bool to_seconds(const char *text, uint64_t *ns)
{
	char *end;
	double x;

	if (!isdigit((unsigned char)*text))
		return false;
	x = strtod(text, &end);
	*ns = (uint64_t)(x * 1e9 + 0.5);
	return !*end;
}

static uint64_t address_of(struct reader *r, const char *text)
{
	struct script *s = r->script;
	size_t len = strcspn(text, "+"), i;
	int64_t n;

	if (!strcmp(text, "null"))
		return 0;
	if (*text == '-' || isdigit((unsigned char)*text)) {
		if (!to_number(text, &n))
			complain(r, "'%s' is no address", text);
		return (uint64_t)n;
	}
	n = 0;
	if (text[len] && !to_number(text + len + 1, &n))
		complain(r, "'%s' is no address", text);
	for (i = 0; i < s->nr_addrs; i++)
		if (strlen(s->addrs[i]) == len && !memcmp(s->addrs[i], text, len))
			break;
	if (i == ADDRS_MAX) {
		complain(r, "more than %d different addresses", ADDRS_MAX);
		return 0;
	}
	if (i == s->nr_addrs) {
		memcpy(s->addrs[i], text, len);
		s->nr_addrs++;
	}
	return FIRST_ADDR + i * ADDR_STEP + (uint64_t)n;
}

static uint64_t address(struct reader *r, const char *key)
{
	const char *v = wanted(r, key);

	return *v ? address_of(r, v) : 0;
}

/* As set_roles() of run.c interns them: the modules' own functions by module. */
static uint32_t function_of(const struct script *s, const char *name)
{
	if (!strncmp(name, "digital_", 8) || !strncmp(name, "nfc_digital_", 12))
		return names__intern(s->names, name, "nfc_digital");
	if (!strncmp(name, "nfcsim_", 7))
		return names__intern(s->names, name, "nfcsim");
	if (!strncmp(name, "port100_", 8))
		return names__intern(s->names, name, "port100");
	if (!strncmp(name, "nci_", 4))
		return names__intern(s->names, name, "nci");
	if (!strncmp(name, "nfc_hci_", 8) || !strncmp(name, "__nfc_hci_", 10))
		return names__intern(s->names, name, "hci");
	if (!strncmp(name, "nfc_", 4) || !strncmp(name, "llcp_", 5) ||
	    !strncmp(name, "rawsock_", 8))
		return names__intern(s->names, name, "nfc");
	return names__intern(s->names, name, NULL);
}

static uint32_t function(struct reader *r, const char *key)
{
	const char *v = wanted(r, key);

	return *v && strcmp(v, "null") != 0 ? function_of(r->script, v) : NAME_NONE;
}

static uint8_t command_type(struct reader *r)
{
	const char *v = value(r, "type");

	for (uint8_t i = 0; v && subsystem_digital.command_types[i]; i++)
		if (!strcmp(subsystem_digital.command_types[i], v))
			return i;
	if (v)
		complain(r, "type=%s is no command", v);
	return 0;
}

static void read_alloc(struct reader *r, struct event *e)
{
	const char *comm = value(r, "comm");
	uint64_t stack;

	e->type = EVENT_ALLOC;
	e->alloc.addr = address(r, "addr");
	e->alloc.size = number(r, "size", 8);
	e->alloc.kind = flag(r, "skb")	  ? EVENT_KIND_SKB
			: flag(r, "sock") ? EVENT_KIND_SOCK
					  : EVENT_KIND_OBJECT;
	e->alloc.caller = function(r, "in");
	/* One stack for each function, so that sites are told apart. */
	stack = FIRST_TEXT + e->alloc.caller * 0x100ULL;
	e->alloc.stack = names__stack(r->script->names, &stack, 1, 0);
	snprintf(e->alloc.comm, sizeof(e->alloc.comm), "%.15s", comm ? comm : "kworker/0:1");
}

static void read_submit(struct reader *r, struct event *e)
{
	e->type = EVENT_SUBMIT;
	e->submit.device = address(r, "dev");
	e->submit.argument = address(r, "arg");
	e->submit.request = address(r, "req");
	e->submit.params = value(r, "params") ? address(r, "params") : 0;
	e->submit.inner[1] = value(r, "inner") ? address(r, "inner") : 0;
	e->submit.upper = value(r, "upper") ? function(r, "upper") : NAME_NONE;
	e->submit.callback = function(r, "cb");
	e->submit.function =
		value(r, "by") ? function(r, "by") : function_of(r->script, "digital_send_cmd");
	e->submit.anonymous = flag(r, "anonymous");
	e->submit.on_stack = flag(r, "on-stack");
	e->submit.timeout_ms = (uint32_t)number(r, "timeout", 300);
	e->submit.command_type = command_type(r);
}

static bool read_event(struct reader *r, const char *verb, struct event *e)
{
	e->tid = (uint32_t)number(r, "tid", 0);
	e->irq = flag(r, "irq");
	if (!strcmp(verb, "alloc")) {
		read_alloc(r, e);
	} else if (!strcmp(verb, "free")) {
		e->type = EVENT_FREE;
		e->free.addr = address(r, "addr");
		e->free.caller = value(r, "in") ? function(r, "in") : NAME_NONE;
	} else if (!strcmp(verb, "submit")) {
		read_submit(r, e);
	} else if (!strcmp(verb, "return")) {
		e->type = EVENT_SUBMIT_RETURN;
		e->submit_return.ret = (int64_t)number(r, "ret", 0);
	} else if (!strcmp(verb, "complete")) {
		e->type = EVENT_COMPLETE;
		e->complete.device = address(r, "dev");
		e->complete.command = address(r, "cmd");
		e->complete.response = address(r, "resp");
	} else if (!strcmp(verb, "callback")) {
		e->type = EVENT_CALLBACK;
		e->callback.device = address(r, "dev");
		e->callback.argument = address(r, "arg");
		e->callback.response = address(r, "resp");
		e->callback.callback = function(r, "cb");
	} else if (!strcmp(verb, "enter") || !strcmp(verb, "leave")) {
		e->type = *verb == 'e' ? EVENT_ENTER : EVENT_LEAVE;
		e->frame.function = function(r, "in");
		e->frame.outermost = flag(r, "outermost");
	} else if (!strcmp(verb, "handle") || !strcmp(verb, "dispatch") || !strcmp(verb, "abort")) {
		e->type = *verb == 'h' ? EVENT_HANDLE : *verb == 'd' ? EVENT_DISPATCH : EVENT_ABORT;
		e->handle.handle = address(r, "is");
		e->handle.request = *verb == 'h' ? address(r, "req") : 0;
		e->handle.response = *verb == 'd' ? address(r, "resp") : 0;
	} else if (!strcmp(verb, "dispatched") || !strcmp(verb, "aborted")) {
		e->type = *verb == 'd' ? EVENT_DISPATCHED : EVENT_ABORTED;
	} else {
		return false;
	}
	return true;
}

static const char *word(const struct reader *r, size_t place)
{
	return place < r->nr_words ? r->words[place].key : "";
}

/* Marks the words that were understood by their place. */
static void understood(struct reader *r, size_t count)
{
	for (size_t i = 0; i < count && i < r->nr_words; i++)
		r->words[i].used = true;
}

static void read_expect(struct reader *r, struct step *step)
{
	const char *what = word(r, 1);
	int64_t n = 0;

	r->script->expectations++;
	understood(r, 2);
	if (!strcmp(what, "leak")) {
		static const char *const keys[] = { "rule",    "kind",	 "certainty", "callback",
						    "command", "site",	 "size",      "degraded",
						    "said",    "within", "updates" };

		step->verb = VERB_LEAK;
		step->addr = address(r, "addr");
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			value(r, keys[i]);
	} else if (!strcmp(what, "no") && !strcmp(word(r, 2), "leak")) {
		understood(r, 3);
		step->verb = VERB_NO_LEAK;
		step->addr = address(r, "addr");
	} else if (!strcmp(what, "retracted")) {
		step->verb = VERB_RETRACTED;
		step->addr = address(r, "addr");
	} else if (!strcmp(what, "nothing")) {
		step->verb = VERB_NOTHING;
	} else if (!strcmp(what, "leaks")) {
		understood(r, 3);
		step->verb = VERB_LEAKS;
		if (!to_number(word(r, 2), &n))
			complain(r, "how many leaks?");
		step->number = (uint64_t)n;
	} else if (!strcmp(what, "stat") || !strcmp(what, "histogram") ||
		   !strcmp(what, "warnings")) {
		step->verb = *what == 's'   ? VERB_STAT
			     : *what == 'h' ? VERB_HISTOGRAM
					    : VERB_WARNINGS;
		understood(r, r->nr_words); /* names are checked when it runs */
	} else {
		complain(r, "expect what?");
	}
	memcpy(step->words, r->words, sizeof(step->words));
	step->nr_words = r->nr_words;
}

static bool to_verdict(const char *text, enum verdict *verdict)
{
	static const char *const names[] = {
		[VERDICT_UNREFERENCED] = "unreferenced",
		[VERDICT_STALE] = "stale",
		[VERDICT_DOUBTFUL] = "doubtful",
		[VERDICT_REFERENCED] = "referenced",
		[VERDICT_FREE] = "free",
		[VERDICT_UNREADABLE] = "unreadable",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*verdict = (enum verdict)i;
		return true;
	}
	return false;
}

static void read_look(struct reader *r, struct step *step)
{
	understood(r, 1);
	step->addr = address(r, "addr");
	if (step->verb == VERB_CHECKSUM) {
		step->number = number(r, "is", 0);
		return;
	}
	understood(r, 3);
	if (!to_verdict(word(r, 2), &step->verdict))
		complain(r, "what is seen there?");
}

static void read_timed(struct reader *r, struct step *step)
{
	size_t place = 1;
	int64_t n;

	if (!to_seconds(word(r, 0), &step->time)) {
		complain(r, "'%s' is neither a time nor a verb", word(r, 0));
		return;
	}
	step->verb = VERB_EVENT;
	if (!strcmp(word(r, place), "scan")) {
		understood(r, 2);
		step->verb = VERB_SCAN;
		return;
	}
	if (!strcmp(word(r, place), "unload")) {
		understood(r, 3);
		step->verb = VERB_UNLOAD;
		snprintf(step->words[0].key, sizeof(step->words[0].key), "%s", word(r, 2));
		return;
	}
	if (!strcmp(word(r, place), "closed")) {
		understood(r, 2);
		step->verb = VERB_CLOSED;
		step->addr = address(r, "addr");
		return;
	}
	if (!strcmp(word(r, place), "missed")) {
		step->verb = VERB_MISSED;
		understood(r, 3);
		if (!to_number(word(r, 2), &n))
			complain(r, "how many were missed?");
		else
			step->number = (uint64_t)n;
		return;
	}
	if (!strcmp(word(r, place), "blind")) {
		step->verb = VERB_BLIND;
		understood(r, 3);
		step->number = BLIND_SOMEWHERE;
		if (!strcmp(word(r, 2), "skb-ends"))
			step->number |= BLIND_SKB_ENDS;
		else if (strcmp(word(r, 2), "somewhere") != 0)
			complain(r, "blind somewhere, or blind skb-ends");
		return;
	}
	if (!strcmp(word(r, place), "woke")) {
		step->verb = VERB_WOKE;
		understood(r, 2);
		return;
	}
	if (!strcmp(word(r, place), "lost"))
		step->passage = PASS_LOST;
	else if (!strcmp(word(r, place), "unseen"))
		step->passage = PASS_UNSEEN;
	place += step->passage != PASS_SEEN;
	understood(r, place + 1);
	if (!read_event(r, word(r, place), &step->event))
		complain(r, "'%s' is no event", word(r, place));
}

static void read_config(struct reader *r)
{
	const char *grace = value(r, "grace"), *age = value(r, "min-age");
	const char *search = value(r, "search");

	understood(r, 1);
	if (grace && !to_seconds(grace, &r->script->grace_ns))
		complain(r, "grace=%s is no time", grace);
	if (age && !to_seconds(age, &r->script->min_age_ns))
		complain(r, "min-age=%s is no time", age);
	r->script->searches |= search != NULL;
	if (search && !to_verdict(search, &r->script->search_default))
		complain(r, "search=%s is nothing that can be found", search);
}

static void read_line(struct reader *r, uint64_t *last)
{
	struct script *s = r->script;
	struct step step = { .line = r->line }, *more;

	if (!strcmp(word(r, 0), "config")) {
		if (s->nr_steps)
			complain(r, "config comes first");
		read_config(r);
	} else if (!strcmp(word(r, 0), "expect")) {
		read_expect(r, &step);
	} else if (!strcmp(word(r, 0), "look") || !strcmp(word(r, 0), "search") ||
		   !strcmp(word(r, 0), "checksum")) {
		step.verb = *word(r, 0) == 'l'	 ? VERB_GLANCE
			    : *word(r, 0) == 's' ? VERB_SEARCH
						 : VERB_CHECKSUM;
		read_look(r, &step);
	} else if (!strcmp(word(r, 0), "finish")) {
		understood(r, 1);
		step.verb = VERB_FINISH;
	} else if (!strcmp(word(r, 0), "tick")) {
		understood(r, 2);
		step.verb = VERB_TICK;
		if (!to_seconds(word(r, 1), &step.time))
			complain(r, "tick when?");
	} else {
		read_timed(r, &step);
	}
	for (size_t i = 0; i < r->nr_words && !r->bad; i++)
		if (!r->words[i].used)
			complain(r, "'%s' is not understood here", r->words[i].key);
	if (step.time && step.time < *last)
		complain(r, "time goes backwards");
	if (step.time)
		*last = step.time;
	if (r->bad || !strcmp(word(r, 0), "config"))
		return;
	more = reallocarray(s->steps, s->nr_steps + 1, sizeof(*more));
	if (!more)
		abort();
	s->steps = more;
	s->steps[s->nr_steps++] = step;
}

/* Takes a line apart; the comment goes. */
static void split(struct reader *r, char *line)
{
	char *save = NULL;

	r->nr_words = 0;
	line[strcspn(line, "#\n")] = '\0';
	for (char *t = strtok_r(line, " \t", &save); t; t = strtok_r(NULL, " \t", &save)) {
		char *equals = strchr(t, '=');
		struct word *w = &r->words[r->nr_words];

		if (r->nr_words == WORDS_MAX || strlen(t) >= TEXT_MAX) {
			complain(r, "too long");
			return;
		}
		memset(w, 0, sizeof(*w));
		if (equals)
			*equals++ = '\0';
		snprintf(w->key, sizeof(w->key), "%s", t);
		snprintf(w->value, sizeof(w->value), "%s", equals ? equals : "");
		if (find(r->words, r->nr_words, w->key) && equals)
			complain(r, "%s= twice", w->key);
		r->nr_words++;
	}
}

static void take_title(struct script *s, const char *line)
{
	size_t len;

	if (*s->title || *line != '#' || !strncmp(line, "# SPDX", 6))
		return;
	line += 1 + strspn(line + 1, " ");
	len = strcspn(line, ".\n");
	snprintf(s->title, sizeof(s->title), "%.*s", (int)len, line);
}

static struct script *read_script(const char *path, FILE *in, FILE *out)
{
	struct script *s = calloc(1, sizeof(*s));
	struct reader r = { .script = s, .out = out };
	uint64_t last = 0;
	char *line = NULL;
	size_t room = 0;
	bool bad = false;

	if (!s)
		abort();
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->grace_ns = PLAYER_GRACE_NS;
	s->min_age_ns = PLAYER_MIN_AGE_NS;
	s->names = names__new(NULL, NULL);
	if (!s->names)
		abort();
	while (getline(&line, &room, in) > 0) {
		r.line++;
		r.bad = false;
		take_title(s, line);
		split(&r, line);
		if (r.nr_words && !r.bad)
			read_line(&r, &last);
		bad |= r.bad;
	}
	free(line);
	if (!*s->title)
		complain(&r, "the first comment must tell the story");
	if (!s->expectations)
		complain(&r, "nothing is expected");
	if (!bad && !r.bad)
		return s;
	script__free(s);
	return NULL;
}

struct script *script__read(const char *path, FILE *out)
{
	FILE *in = fopen(path, "re");
	struct script *s;

	if (!in) {
		fprintf(out, "# %s: %s\n", path, strerror(errno));
		return NULL;
	}
	s = read_script(path, in, out);
	fclose(in);
	return s;
}

struct script *script__parse(const char *path, const char *text, FILE *out)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	struct script *s;

	if (!in)
		abort();
	s = read_script(path, in, out);
	fclose(in);
	return s;
}

void script__free(struct script *s)
{
	if (!s)
		return;
	names__free(s->names);
	free(s->steps);
	free(s);
}

const char *script__title(const struct script *s)
{
	return s->title;
}

unsigned script__expectations(const struct script *s)
{
	return s->expectations;
}

struct names *script__names(const struct script *s)
{
	return s->names;
}

/* ---- expectations ---- */

struct check {
	const struct script *script;
	const struct step *step;
	const struct player *player;
	FILE *out;
	bool failed;
};

static const char *text(const struct check *c, uint32_t function)
{
	const char *name = names__text(c->script->names, function);

	return name ? name : "none";
}

static const char *address_name(const struct script *s, uint64_t addr)
{
	uint64_t i = (addr - FIRST_ADDR) / ADDR_STEP;

	return addr >= FIRST_ADDR && i < s->nr_addrs ? s->addrs[i] : "?";
}

static void print_finding(void *ctx, const struct allocation *a)
{
	struct check *c = ctx;

	fprintf(c->out, "#     stands: %s %s %s at %s, %" PRIu64 " bytes of %s, callback %s\n",
		certainty__name(a->certainty), rule__name(a->rule), kind__name(a->kind),
		address_name(c->script, a->addr), a->size, text(c, a->caller),
		text(c, a->carrier.callback));
}

/* What was expected is on the line that is named; this is what was seen. */
static void __attribute__((format(printf, 2, 3))) seen(struct check *c, const char *format, ...)
{
	va_list args;

	fprintf(c->out, "# %s:%u: at %.3f s ", c->script->path, c->step->line,
		(double)(c->player->now - SECOND_NS) / 1e9);
	va_start(args, format);
	vfprintf(c->out, format, args);
	va_end(args);
	fputc('\n', c->out);
	if (!c->failed)
		ledger__each_finding(c->player->ledger, print_finding, c);
	c->failed = true;
}

static void check_text(struct check *c, const char *key, const char *is)
{
	struct word *w = find((struct word *)c->step->words, c->step->nr_words, key);

	if (w && strcmp(w->value, is) != 0)
		seen(c, "expected %s=%s, seen %s", key, w->value, is);
}

static void check_number(struct check *c, const char *key, uint64_t is)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRIu64, is);
	check_text(c, key, buf);
}

static void check_leak(struct check *c)
{
	const struct accusation *said = player__said(c->player, c->step->addr);
	const struct allocation *a = player__finding(c->player, c->step->addr);
	struct word *within = find((struct word *)c->step->words, c->step->nr_words, "within");
	const char *const *types = subsystem_digital.command_types;
	uint64_t limit = 0;

	if (!a || !said || !said->leaks) {
		seen(c, "expected a leak at %s, seen %s", address_name(c->script, c->step->addr),
		     !said		 ? "none"
		     : said->retractions ? "one that was retracted"
					 : "no alert");
		return;
	}
	check_text(c, "rule", rule__name(a->rule));
	check_text(c, "kind", kind__name(a->kind));
	check_text(c, "certainty", certainty__name(a->certainty));
	check_text(c, "callback", text(c, a->carrier.callback));
	check_text(c, "command",
		   a->carrier.type == NO_COMMAND_TYPE ? "none" : types[a->carrier.type]);
	check_text(c, "site", text(c, a->caller));
	check_number(c, "size", a->size);
	check_text(c, "degraded", a->degraded ? "yes" : "no");
	check_number(c, "said", said->leaks);
	check_number(c, "updates", said->updates);
	if (within && (!to_seconds(within->value, &limit) || said->first_said - a->moment > limit))
		seen(c, "expected an alert within %s s, seen after %.3f s", within->value,
		     (double)(said->first_said - a->moment) / 1e9);
}

static void check_stats(struct check *c)
{
	const struct ledger_stats *s = ledger__stats(c->player->ledger);
	const struct {
		const char *name;
		uint64_t is;
	} stats[] = {
		{ "allocations", s->allocations },
		{ "frees", s->frees },
		{ "unknown_frees", s->unknown_frees },
		{ "outstanding", s->outstanding },
		{ "outstanding_bytes", s->outstanding_bytes },
		{ "commands", s->commands },
		{ "commands_live", s->commands_live },
		{ "commands_failed", s->commands_failed },
		{ "commands_lost", s->commands_lost },
		{ "callbacks", s->callbacks },
		{ "callbacks_unmatched", s->callbacks_unmatched },
		{ "dropped", s->dropped },
		{ "suspects", s->suspects },
		{ "cleared", s->cleared },
		{ "possible", s->findings[CERTAINTY_POSSIBLE] },
		{ "probable", s->findings[CERTAINTY_PROBABLE] },
		{ "definite", s->findings[CERTAINTY_DEFINITE] },
		{ "retracted", s->retracted },
		{ "missed_frees_healed", s->missed_frees_healed },
		{ "missed_hooks", s->missed_hooks },
		{ "unseen", s->unseen },
		{ "resyncs", s->resyncs },
	};
	size_t count = sizeof(stats) / sizeof(*stats), known;

	for (size_t i = 2; i < c->step->nr_words; i++) {
		for (known = 0; known < count; known++)
			if (!strcmp(stats[known].name, c->step->words[i].key))
				break;
		if (known == count)
			seen(c, "there is no statistic '%s'", c->step->words[i].key);
		else
			check_number(c, stats[known].name, stats[known].is);
	}
}

static void check_histogram(struct check *c)
{
	struct word *cb = find((struct word *)c->step->words, c->step->nr_words, "cb");
	static const struct histogram empty;
	const struct histogram *h = &empty;

	if (!cb) {
		seen(c, "cb= is missing");
		return;
	}
	for (size_t i = 0; i < ledger__histograms(c->player->ledger); i++) {
		const struct histogram *one = ledger__histogram(c->player->ledger, i);

		if (!strcmp(text(c, one->callback), cb->value))
			h = one;
	}
	check_number(c, "allocations", h->allocations);
	check_number(c, "bytes", h->bytes);
	check_number(c, "freed", h->freed);
	check_number(c, "outstanding", h->outstanding);
}

static void check_warnings(struct check *c)
{
	for (size_t i = 2; i < c->step->nr_words; i++) {
		enum rule rule = RULE_NONE;

		while (rule < NR_RULES && strcmp(rule__name(rule), c->step->words[i].key) != 0)
			rule++;
		if (rule == NR_RULES)
			seen(c, "there is no rule '%s'", c->step->words[i].key);
		else
			check_number(c, rule__name(rule), c->player->warnings[rule]);
	}
}

static void check(struct check *c)
{
	const struct accusation *said = player__said(c->player, c->step->addr);

	switch (c->step->verb) {
	case VERB_LEAK:
		check_leak(c);
		break;
	case VERB_NO_LEAK:
		if (said && said->leaks)
			seen(c, "expected no leak at %s, seen one by %s",
			     address_name(c->script, c->step->addr), rule__name(said->last.rule));
		break;
	case VERB_RETRACTED:
		if (!said || !said->retractions || player__finding(c->player, c->step->addr))
			seen(c, "expected a retraction of %s, seen %s",
			     address_name(c->script, c->step->addr), said ? "a leak" : "no leak");
		break;
	case VERB_NOTHING:
		if (c->player->leaks || player__nr_findings(c->player))
			seen(c, "expected nothing, seen %u leaks, %u retracted", c->player->leaks,
			     c->player->retractions);
		break;
	case VERB_LEAKS:
		if (player__nr_findings(c->player) != c->step->number)
			seen(c, "expected %" PRIu64 " leaks, seen %zu", c->step->number,
			     player__nr_findings(c->player));
		break;
	case VERB_STAT:
		check_stats(c);
		break;
	case VERB_HISTOGRAM:
		check_histogram(c);
		break;
	case VERB_WARNINGS:
		check_warnings(c);
		break;
	default:
		break;
	}
}

/* ---- running ---- */

int script__run(const struct script *s, struct player *p, FILE *out)
{
	int err = player__start(p, s->names, s->grace_ns, s->min_age_ns), failed = 0;

	if (err)
		return err;
	p->searches = s->searches;
	if (!s->searches)
		session__cannot_search(p->session);
	p->search_default = s->search_default;
	for (size_t i = 0; i < s->nr_steps; i++) {
		const struct step *step = &s->steps[i];
		struct check c = { .script = s, .step = step, .player = p, .out = out };

		switch (step->verb) {
		case VERB_EVENT:
			player__advance(p, SECOND_NS + step->time);
			player__event(p, &step->event, step->passage);
			break;
		case VERB_MISSED:
			player__advance(p, SECOND_NS + step->time);
			session__missed(p->session, step->number);
			break;
		case VERB_BLIND:
			player__advance(p, SECOND_NS + step->time);
			session__blind(p->session, (unsigned)step->number);
			break;
		case VERB_WOKE:
			player__advance(p, SECOND_NS + step->time);
			session__woke(p->session, SECOND_NS + step->time);
			break;
		case VERB_TICK:
			player__advance(p, SECOND_NS + step->time);
			break;
		case VERB_GLANCE:
			player__set_glance(p, step->addr, step->verdict);
			break;
		case VERB_SEARCH:
			player__set_search(p, step->addr, step->verdict);
			break;
		case VERB_CHECKSUM:
			player__set_checksum(p, step->addr, (uint32_t)step->number);
			break;
		case VERB_SCAN:
			player__advance(p, SECOND_NS + step->time);
			player__scan(p);
			break;
		case VERB_UNLOAD:
			player__advance(p, SECOND_NS + step->time);
			player__unload(p, step->words[0].key);
			break;
		case VERB_CLOSED:
			player__advance(p, SECOND_NS + step->time);
			player__closed(p, step->addr);
			break;
		case VERB_FINISH:
			player__finish(p);
			break;
		default:
			if (out)
				check(&c);
			failed += c.failed;
		}
	}
	if (p->endless && out) {
		fprintf(out, "# %s: the same suspect was to be looked at without end\n", s->path);
		failed++;
	}
	return failed;
}
