// SPDX-License-Identifier: GPL-2.0-only
/*
 * One job at a time, handed over under a mutex; the answer is announced through
 * an eventfd.
 */
#include "scan/scanner.h"

#include <bpf/btf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>

#include "util/clock.h"

#define CHECKSUM_BYTES 1024

struct scanner {
	struct query *query; /* its own: the mapped windows serve one user */
	struct search *search;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event;
	int cancel;
	bool quit, busy;

	struct scan_object *objects;
	struct region *regions;
	size_t nr_regions;
	uint64_t limit;
	bool partial;
	struct scan_result result;
};

static int by_address(const void *a, const void *b)
{
	const struct scan_object *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static uint32_t checksum(struct scanner *s, const struct scan_object *o)
{
	unsigned char bytes[CHECKSUM_BYTES];
	uint16_t len = (uint16_t)(o->size < sizeof(bytes) ? o->size : sizeof(bytes));

	if (query__read(s->query, o->addr, bytes, len))
		return 0;
	return (uint32_t)crc32(0, bytes, len);
}

static enum verdict verdict_of(struct scanner *s, const struct reach_object *o)
{
	enum slab_state state;

	if (o->marked)
		return VERDICT_REFERENCED;
	state = search__state(s->search, o->addr);
	if (state == SLAB_FREE)
		return VERDICT_FREE;
	if (o->reachable)
		return VERDICT_DOUBTFUL;
	/* What was not read may name it: as good as a word of which little is known.  So may
	 * what is named be another object, elsewhere in the page of one that is gone.
	 */
	return o->stale || s->partial || search__partial(s->search) || state == SLAB_LONE
		       ? VERDICT_STALE
		       : VERDICT_UNREFERENCED;
}

/*
 * Here and not in scanner__new(), since reading the kernel's layout takes time, and
 * its types memory that is given back at once.
 */
static int prepare(struct scanner *s)
{
	int err = s->query ? 0 : query__open(&s->query);
	struct btf *btf;

	if (err || s->search)
		return err;
	btf = btf__load_vmlinux_btf();
	err = search__new(&s->search, s->query, btf);
	btf__free(btf);
	return err;
}

static void work(struct scanner *s)
{
	struct scan_result *r = &s->result;
	struct reach_object *set = calloc(r->count + 1, sizeof(*set));

	r->err = set ? prepare(s) : -ENOMEM;
	r->began = clock__now();
	qsort(s->objects, r->count, sizeof(*s->objects), by_address);
	for (size_t i = 0; set && i < r->count; i++)
		set[i] = (struct reach_object){
			.addr = s->objects[i].addr,
			.size = s->objects[i].size,
			.ghost = s->objects[i].ghost,
			.ghost_size = s->objects[i].ghost_size,
			.sought = s->objects[i].sought,
		};
	if (!r->err)
		r->err = search__run(s->search, set, r->count, s->regions, s->nr_regions, s->limit,
				     &s->cancel, &r->stats);
	if (search__passes(r->err))
		r->err = -EAGAIN;
	for (size_t i = 0; i < r->count; i++) {
		struct scan_object *o = &s->objects[i];

		o->answered = !r->stats.early || o->sought;
		if (!o->answered)
			continue;
		o->verdict = r->err ? VERDICT_UNREADABLE : verdict_of(s, &set[i]);
		if (o->verdict == VERDICT_UNREFERENCED)
			o->checksum = checksum(s, o);
	}
	free(set);
}

static void *thread(void *arg)
{
	struct scanner *s = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&s->lock);
	while (!s->quit) {
		if (!s->busy) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		work(s);
		pthread_mutex_lock(&s->lock);
		s->busy = false;
		if (write(s->event, &one, sizeof(one)) < 0)
			s->quit = true; /* cannot happen: the counter is read each time */
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int scanner__new(struct scanner **out)
{
	struct scanner *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	*out = NULL;
	if (err)
		return err;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = s->event < 0 ? -errno : 0;
	if (!err)
		err = -pthread_create(&s->thread, NULL, thread, s);
	s->running = !err;
	if (err)
		scanner__free(s);
	else
		*out = s;
	return err;
}

void scanner__free(struct scanner *s)
{
	if (!s)
		return;
	if (s->running) {
		__atomic_store_n(&s->cancel, 1, __ATOMIC_RELAXED);
		pthread_mutex_lock(&s->lock);
		s->quit = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	search__free(s->search);
	query__close(s->query);
	if (s->event >= 0)
		close(s->event);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s->objects);
	free(s->regions);
	free(s);
}

int scanner__start(struct scanner *s, struct scan_object *objects, size_t count,
		   struct region *regions, size_t nr_regions, bool partial, uint64_t limit)
{
	int err = 0;

	pthread_mutex_lock(&s->lock);
	if (s->busy) {
		err = -EBUSY;
	} else {
		free(s->objects);
		free(s->regions);
		s->objects = objects;
		s->regions = regions;
		s->nr_regions = nr_regions;
		s->partial = partial;
		s->limit = limit;
		s->result = (struct scan_result){ .objects = objects, .count = count };
		s->busy = true;
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	if (err) {
		free(objects);
		free(regions);
	}
	return err;
}

const struct scan_result *scanner__result(struct scanner *s)
{
	uint64_t count;

	return read(s->event, &count, sizeof(count)) == sizeof(count) ? &s->result : NULL;
}
