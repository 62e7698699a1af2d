// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemleak's layout, after print_unreferenced() and hex_dump_object() of
 * mm/kmemleak.c in 6.1 and 6.12.
 */
#include "report/kmemleak_object.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#define ROW	     16
#define ASCII_COLUMN (ROW * 3 + 1)

/* ---- which layout ---- */

struct version {
	unsigned major, minor, patch;
};

/* Three numbers at the start of text; what is missing is 0. */
static bool parse_version(const char *text, struct version *v)
{
	*v = (struct version){ 0 };
	/* NOLINTNEXTLINE(cert-err34-c): numbers that are too large are no kernel's */
	return sscanf(text, "%4u.%4u.%4u", &v->major, &v->minor, &v->patch) >= 2;
}

static bool before(const struct version *v, unsigned major, unsigned minor, unsigned patch)
{
	if (v->major != major)
		return v->major < major;
	if (v->minor != minor)
		return v->minor < minor;
	return v->patch < patch;
}

struct kmemleak_layout kmemleak__layout(const char *release, const char *version)
{
	const char *debian = version ? strstr(version, "Debian ") : NULL;
	struct kmemleak_layout layout;
	struct version v, full;
	bool known;

	if (!release || !parse_version(release, &v))
		return (struct kmemleak_layout){ .crc = true };
	if (debian && parse_version(debian + strlen("Debian "), &full) && full.major == v.major &&
	    full.minor == v.minor)
		v = full;
	/* A distribution that does not tell the update is taken to be up to date. */
	known = v.patch;
	layout.age = before(&v, 6, 8, 0);
	if (v.major == 6 && v.minor == 1)
		layout.age = known && before(&v, 6, 1, 191);
	layout.crc = !before(&v, 6, 8, 0);
	layout.address = before(&v, 6, 13, 0);
	if (v.major == 6 && v.minor == 12)
		layout.address = known && before(&v, 6, 12, 9);
	return layout;
}

/* ---- numbers ---- */

uint64_t kmemleak__jiffies(uint64_t ns, unsigned hz)
{
	uint32_t initial = 0U - 300U * hz;

	return initial + ns / 1000000000 * hz + ns % 1000000000 * hz / 1000000000;
}

uint32_t kmemleak__crc(uint32_t crc, const void *bytes, size_t len)
{
	/* zlib inverts before and after, the kernel does neither. */
	return ~(uint32_t)crc32_z(~crc, bytes, len);
}

/* ---- printing ---- */

static void hex_row(FILE *out, const unsigned char *bytes, size_t n)
{
	int column = 0;

	fputs("    ", out);
	for (size_t i = 0; i < n; i++)
		column += fprintf(out, i ? " %02x" : "%02x", bytes[i]);
	fprintf(out, "%*s", ASCII_COLUMN - column, "");
	for (size_t i = 0; i < n; i++)
		fputc(bytes[i] < 0x80 && isprint(bytes[i]) ? bytes[i] : '.', out);
	fputc('\n', out);
}

/* A task may give itself any name: it stays on its line. */
static void print_comm(FILE *out, const char *comm)
{
	for (; comm && *comm; comm++)
		fputc(iscntrl((unsigned char)*comm) ? '?' : *comm, out);
}

void kmemleak__print_details(FILE *out, const struct kmemleak_layout *layout,
			     const struct kmemleak_object *o)
{
	size_t n = o->nr_bytes < KMEMLEAK_HEXDUMP ? o->nr_bytes : KMEMLEAK_HEXDUMP;

	fputs("  comm \"", out);
	print_comm(out, o->comm);
	fprintf(out, "\", pid %" PRIu32 ", jiffies %" PRIu64, o->pid, o->jiffies);
	if (layout->age)
		fprintf(out, " (age %" PRIu64 ".%03us)", o->age_ms / 1000,
			(unsigned)(o->age_ms % 1000));
	fprintf(out, "\n  hex dump (first %zu bytes):\n", n);
	for (size_t i = 0; i < n; i += ROW)
		hex_row(out, o->bytes + i, n - i < ROW ? n - i : ROW);
	if (layout->crc)
		fprintf(out, "  backtrace (crc %" PRIx32 "):\n", o->crc);
	else
		fputs("  backtrace:\n", out);
	for (size_t i = 0; o->stack && i < o->stack->depth; i++) {
		fputs("    ", out);
		if (layout->address)
			fprintf(out, "[<%016" PRIx64 ">] ", o->stack->frames[i].addr);
		fprintf(out, "%s\n", o->stack->frames[i].text);
	}
}

void kmemleak__print(FILE *out, const struct kmemleak_layout *layout,
		     const struct kmemleak_object *o)
{
	fprintf(out, "unreferenced object 0x%08" PRIx64 " (size %" PRIu64 "):\n", o->addr, o->size);
	kmemleak__print_details(out, layout, o);
}
