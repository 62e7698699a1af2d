// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings that stand, oldest first, as the kmemleak of the traced kernel would
 * list them, so that whatever reads /sys/kernel/debug/kmemleak reads this.
 *
 * An object is as old as it was when tracing ended.
 *
 * Two numbers are not the kernel's own, for a recording does not have them:
 * jiffies are counted at 250 a second, Debian's setting, and the checksum is that
 * of the bytes shown, which is the kernel's only for objects that are no larger.
 */
#include "report/kmemleak_object.h"

#include <errno.h>
#include <stdlib.h>

#include "report/model.h"

#define HZ 250

static int by_id(const void *a, const void *b)
{
	const struct model_finding *x = *(const struct model_finding *const *)a;
	const struct model_finding *y = *(const struct model_finding *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int write_kmemleak(const struct model_view *v, FILE *out)
{
	const struct model_finding **list = calloc(v->leaks + 1, sizeof(*list));
	struct kmemleak_layout layout = kmemleak__layout(v->kernel, NULL);
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
		size_t shown = f->nr_bytes < KMEMLEAK_HEXDUMP ? f->nr_bytes : KMEMLEAK_HEXDUMP;

		kmemleak__print(out, &layout,
				&(struct kmemleak_object){
					.addr = f->addr,
					.size = f->size,
					.comm = f->comm,
					.pid = f->pid,
					.jiffies = kmemleak__jiffies(f->born, HZ),
					.age_ms =
						v->end > f->born ? (v->end - f->born) / 1000000 : 0,
					.bytes = f->bytes,
					.nr_bytes = f->nr_bytes,
					.crc = kmemleak__crc(0, f->bytes, shown),
					.stack = f->stack ? f->stack->raw : NULL,
				});
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
