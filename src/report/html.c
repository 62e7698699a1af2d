// SPDX-License-Identifier: GPL-2.0-only
/*
 * One file to look at and to pass on: the template, its style and script are
 * src/report/html/, put into the program as they are.
 *
 * The template's markers are filled in here: text is escaped on its way in, and
 * the data for the script is JSON in which no "<" is left, so whatever a name
 * contains cannot end the element that it stands in.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/page.h"
#include "version.h"

/* Strings: a zero follows the file. */
#define EMBED(name, file) \
	__asm__(".pushsection .rodata\n" name ":\n.incbin \"" file "\"\n.byte 0\n.popsection\n")

EMBED("nlb_html_page", "src/report/html/report.html");
EMBED("nlb_html_style", "src/report/html/report.css");
EMBED("nlb_html_script", "src/report/html/report.js");

extern const char nlb_html_page[], nlb_html_style[], nlb_html_script[];

/* ---- texts ---- */

/* Takes the text over. */
static const char *keep(struct page *p, char *text)
{
	char **more = text ? reallocarray(p->texts, p->nr_texts + 1, sizeof(*more)) : NULL;

	if (!more) {
		free(text);
		p->err = -ENOMEM;
		return "?";
	}
	p->texts = more;
	p->texts[p->nr_texts++] = text;
	return text;
}

static const char *print(struct page *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static const char *print(struct page *p, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return keep(p, text);
}

void page__forget(struct page *p)
{
	for (size_t i = 0; i < p->nr_texts; i++)
		free(p->texts[i]);
	free(p->texts);
	p->texts = NULL;
	p->nr_texts = 0;
}

static char *escape(char *at, char c)
{
	switch (c) {
	case '&':
		return stpcpy(at, "&amp;");
	case '<':
		return stpcpy(at, "&lt;");
	case '>':
		return stpcpy(at, "&gt;");
	case '"':
		return stpcpy(at, "&quot;");
	case '\'':
		return stpcpy(at, "&#39;");
	default:
		*at++ = c;
		return at;
	}
}

const char *page__text(struct page *p, const char *text)
{
	char *copy = malloc(6 * strlen(text ? text : "?") + 1), *at = copy;

	for (const char *c = text ? text : "?"; at && *c; c++)
		at = escape(at, *c);
	if (at)
		*at = '\0';
	return keep(p, copy);
}

const char *page__prose(struct page *p, const char *text)
{
	/* At most a word of one letter and a space: 6 bytes and both marks. */
	char *copy = malloc(20 * strlen(text) + 1), *at = copy;

	while (at && *text) {
		size_t word = strcspn(text, " ,:");
		bool name = memchr(text, '_', word);

		if (name)
			at = stpcpy(at, "<code>");
		for (size_t i = 0; i < word; i++)
			at = escape(at, text[i]);
		if (name)
			at = stpcpy(at, "</code>");
		text += word;
		if (*text)
			*at++ = *text++;
	}
	if (at)
		*at = '\0';
	return keep(p, copy);
}

const char *page__number(struct page *p, uint64_t x)
{
	char digits[24], grouped[32], *at = grouped;
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, x);

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return print(p, "%s", grouped);
}

const char *page__bytes(struct page *p, uint64_t x)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)x / 1024;
	size_t u = 0;

	if (x < 10240)
		return print(p, "%s byte%s", page__number(p, x), x == 1 ? "" : "s");
	while (value >= 1024 && u < 3) {
		value /= 1024;
		u++;
	}
	return print(p, "%.1f %s", value, units[u]);
}

const char *page__time(struct page *p, uint64_t wall_ns)
{
	char text[40];

	report__time(wall_ns, text, sizeof(text));
	return print(p, "<time datetime=\"%s\" title=\"%s\">%.12s</time>", text, text, text + 11);
}

/* ---- data ---- */

/* A list with a hole in it is no list. */
static void add(struct page *p, json_t *list, json_t *item)
{
	if (json_array_append_new(list, item))
		p->err = -ENOMEM;
}

static json_t *counts(struct page *p, const uint64_t *list, size_t size)
{
	json_t *a = json_array();

	while (size && !list[size - 1])
		size--;
	for (size_t i = 0; i < size; i++)
		add(p, a, json_integer((json_int_t)list[i]));
	return a;
}

static json_t *bucket_data(const struct model_bucket *b)
{
	return json_pack("[I, I, I]", (json_int_t)b->most_bytes, (json_int_t)b->count,
			 (json_int_t)b->leaked_bytes);
}

/* Outermost frame first, as a flame graph grows. */
static json_t *site_data(struct page *p, const struct model_site *s)
{
	const struct model_stack *stack = s->first->stack;
	json_t *frames = json_array();

	for (size_t i = stack ? stack->depth : 0; i; i--) {
		const struct model_frame *f = &stack->frames[i - 1];

		add(p, frames,
		    json_pack("[s, s?, b]", f->function, f->module, i - 1 == stack->site));
	}
	return json_pack("{s:I, s:I, s:o, s:s?, s:s?}", "bytes", (json_int_t)s->bytes, "count",
			 (json_int_t)s->count, "frames", frames, "callback", s->first->callback,
			 "place", s->first->function);
}

static json_t *histogram_data(struct page *p, const struct model_histogram *m)
{
	const struct histogram *h = &m->h;

	return json_pack("{s:s?, s:I, s:I, s:I, s:I, s:o, s:o}", "callback", m->callback,
			 "allocations", (json_int_t)h->allocations, "bytes", (json_int_t)h->bytes,
			 "freed", (json_int_t)h->freed, "outstanding", (json_int_t)h->outstanding,
			 "size", counts(p, h->size_log2, 32), "lifetime",
			 counts(p, h->lifetime_us_log2, 48));
}

/* In JSON these stand only within strings, where they may be written so. */
static int write_safely(const char *buffer, size_t size, void *ctx)
{
	FILE *out = ctx;

	for (size_t i = 0; i < size; i++) {
		if (strchr("<>&", buffer[i]) && buffer[i])
			fprintf(out, "\\u%04x", (unsigned)buffer[i]);
		else
			fputc(buffer[i], out);
	}
	return 0;
}

/* Consumes the value, of which there is no more than one at a time. */
static void put_json(struct page *p, json_t *value)
{
	const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	if (!value || json_dump_callback(value, write_safely, p->out, flags))
		p->err = -ENOMEM;
	json_decref(value);
}

static void put_data(struct page *p)
{
	const struct model_view *v = p->v;

	fputs("{\"seconds\":", p->out);
	put_json(p, json_real(v->seconds));
	fputs(",\"bucket\":", p->out);
	put_json(p, json_real((double)v->bucket_ns / 1e9));
	fputs(",\"buckets\":[", p->out);
	for (size_t i = 0; i < v->nr_buckets; i++) {
		fputs(i ? "," : "", p->out);
		put_json(p, bucket_data(&v->buckets[i]));
	}
	fputs("],\"sites\":[", p->out);
	for (size_t i = 0; i < v->standing; i++) {
		fputs(i ? "," : "", p->out);
		put_json(p, site_data(p, &v->sites[i]));
	}
	fputs("],\"histograms\":[", p->out);
	for (size_t i = 0; i < v->nr_histograms; i++) {
		fputs(i ? "," : "", p->out);
		put_json(p, histogram_data(p, &v->histograms[i]));
	}
	fputs("]}", p->out);
}

/* ---- the page ---- */

static void put_style(struct page *p)
{
	fputs(nlb_html_style, p->out);
}

static void put_script(struct page *p)
{
	fputs(nlb_html_script, p->out);
}

static void put_version(struct page *p)
{
	fputs(NFCLEAKBPF_VERSION, p->out);
}

static const struct {
	const char *name;
	void (*put)(struct page *p);
} markers[] = {
	{ "title", sites__title },
	{ "summary", sites__summary },
	{ "notices", sites__notices },
	{ "sites", sites__list },
	{ "taken-back", sites__taken_back },
	{ "trace", sites__trace },
	{ "style", put_style },
	{ "script", put_script },
	{ "data", put_data },
	{ "version", put_version },
};

static void put_marker(struct page *p, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++)
		if (strlen(markers[i].name) == length && !memcmp(markers[i].name, name, length))
			markers[i].put(p);
	page__forget(p);
}

static int write_html(const struct model_view *v, FILE *out)
{
	struct page p = { .out = out, .v = v };
	const char *at = nlb_html_page, *next;

	/* Markers are {{name}}. */
	while ((next = strstr(at, "{{"))) {
		const char *end = strstr(next, "}}");

		if (!end)
			break;
		fwrite(at, 1, (size_t)(next - at), out);
		put_marker(&p, next + 2, (size_t)(end - next) - 2);
		at = end + 2;
	}
	fputs(at, out);
	return p.err;
}

static struct report *html_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_html);
}

const struct report_format report_html = MODEL_FORMAT(html_open);
