// SPDX-License-Identifier: GPL-2.0-only
/*
 * The layout that mm/kmemleak.c of the traced kernel's series prints, so that
 * whatever reads /sys/kernel/debug/kmemleak reads this: findings that stand,
 * oldest first, and nothing else.
 *
 * Checked against Debian's sources of 6.1 (no checksum, frames with addresses)
 * and 6.12 (checksum, symbols alone).  The checksum came with 6.7.
 *
 * Two numbers are not the kernel's own: jiffies are counted from boot at 250 a
 * second, Debian's setting, and the checksum is that of the bytes shown, which
 * is the kernel's only for objects that are no larger.
 */
#include "report/kmemleak.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

#include "report/model.h"

#define ROW	 16U
#define SHOWN	 32U
#define HZ	 250U
#define JIFFY_NS (1000000000U / HZ)

struct kmemleak_layout kmemleak__layout(const char *release)
{
	struct kmemleak_layout layout = { .crc = true };
	unsigned long major, minor;
	char *end;

	if (!release)
		return layout;
	major = strtoul(release, &end, 10);
	if (end == release || *end != '.')
		return layout;
	minor = strtoul(end + 1, NULL, 10);
	if (major < 6 || (major == 6 && minor < 7))
		layout = (struct kmemleak_layout){ .addresses = true };
	return layout;
}

/* The kernel's counter starts five minutes before it wraps at 32 bits. */
static uint64_t jiffies(uint64_t ns)
{
	return (uint32_t)(-300 * (int)HZ) + ns / JIFFY_NS;
}

static void hex_dump(FILE *out, const unsigned char *bytes, size_t count)
{
	fprintf(out, "  hex dump (first %zu bytes):\n", count);
	for (size_t row = 0; row < count; row += ROW) {
		size_t n = count - row < ROW ? count - row : ROW;

		fputs("    ", out);
		for (size_t i = 0; i < ROW; i++)
			if (i < n)
				fprintf(out, "%02x ", bytes[row + i]);
			else
				fputs("   ", out);
		fputc(' ', out);
		for (size_t i = 0; i < n; i++) {
			unsigned char c = bytes[row + i];

			fputc(c >= 0x20 && c < 0x7f ? c : '.', out);
		}
		fputc('\n', out);
	}
}

/* The kernel's crc32(0, ...), which leaves out zlib's two inversions. */
static uint32_t checksum(const unsigned char *bytes, size_t count)
{
	return count ? ~(uint32_t)crc32(0xffffffffUL, bytes, (uInt)count) : 0;
}

void kmemleak__object(FILE *out, struct kmemleak_layout layout, const struct kmemleak_object *o)
{
	size_t shown = o->nr_bytes < SHOWN ? o->nr_bytes : SHOWN;

	fprintf(out, "unreferenced object 0x%08" PRIx64 " (size %" PRIu64 "):\n  comm \"", o->addr,
		o->size);
	for (const char *p = o->comm ? o->comm : ""; *p; p++)
		fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, out);
	fprintf(out, "\", pid %" PRIu32 ", jiffies %" PRIu64 "\n", o->pid, jiffies(o->born));
	hex_dump(out, o->bytes, shown);
	if (layout.crc)
		fprintf(out, "  backtrace (crc %" PRIx32 "):\n", checksum(o->bytes, shown));
	else
		fputs("  backtrace:\n", out);
}

void kmemleak__frame(FILE *out, struct kmemleak_layout layout, uint64_t addr, const char *text)
{
	if (layout.addresses)
		fprintf(out, "    [<%016" PRIx64 ">] %s\n", addr, text);
	else
		fprintf(out, "    %s\n", text);
}

static int by_id(const void *a, const void *b)
{
	const struct model_finding *x = *(const struct model_finding *const *)a;
	const struct model_finding *y = *(const struct model_finding *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int write_kmemleak(const struct model_view *v, FILE *out)
{
	const struct model_finding **list = calloc(v->leaks + 1, sizeof(*list));
	struct kmemleak_layout layout = kmemleak__layout(v->kernel);
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < v->standing; i++)
		for (size_t k = 0; k < v->sites[i].nr_findings; k++)
			if (model__stands(v->sites[i].findings[k]))
				list[n++] = v->sites[i].findings[k];
	qsort(list, n, sizeof(*list), by_id);
	for (size_t i = 0; i < n; i++) {
		const struct model_finding *f = list[i];

		kmemleak__object(out, layout,
				 &(struct kmemleak_object){ f->addr, f->size, f->born, f->pid,
							    f->comm, f->bytes, f->nr_bytes });
		for (size_t k = 0; f->stack && k < f->stack->depth; k++)
			kmemleak__frame(out, layout, f->stack->frames[k].addr,
					f->stack->frames[k].text);
	}
	free(list);
	return 0;
}

static struct report *kmemleak_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_kmemleak);
}

const struct report_format report_kmemleak = MODEL_FORMAT(kmemleak_open);
