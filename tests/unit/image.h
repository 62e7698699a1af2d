/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pretended kernel's memory with slabs in it as SLUB would lay them out, so
 * that what reads them can be tested without a kernel.  A test program that is
 * linked with the wrappers (tests.mk) reads the image that was made last; the
 * struct query in its calls is not looked at.
 */
#ifndef NLB_TEST_IMAGE_H
#define NLB_TEST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;

#define IMAGE_PAGE_OFFSET  0xffff888000000000ULL
#define IMAGE_PAGES	   1024 /* of memory, the last of which is a hole */
#define IMAGE_HOLE	   (IMAGE_PAGES - 64)
#define IMAGE_CPUS	   2
#define IMAGE_CACHE_LIST   64 /* offset in a kmem_cache */
#define IMAGE_STACK	   16384
#define IMAGE_KRC_UNUSED   256 /* offset of kfree_rcu_cpu.bkvcache */
#define IMAGE_BULK_COUNT   32  /* offsets in kvfree_rcu_bulk_data */
#define IMAGE_BULK_RECORDS 40
#define IMAGE_SKB_CACHE	   48	/* offset in napi_alloc_cache, which has 64 bytes */
#define IMAGE_EXC_STACKS   8192 /* bytes of struct exception_stacks */
#define IMAGE_RANDOM	   0x5bd1e9955bd1e995ULL

/*
 * Where struct slab keeps its cache.  5.10 has a struct page instead, 7.2 sheaves instead
 * of CPU's slabs, and in a compound page's others a mask instead of the first's address.
 */
enum image_layout {
	IMAGE_5_10,
	IMAGE_6_1,
	IMAGE_6_12,
	IMAGE_7_2,
};

#define IMAGE_SHEAF_CAPACITY 4
#define IMAGE_SHEAF_OBJECTS  32 /* offset in a sheaf */

struct image_cache {
	uint32_t step, size, left, link; /* as in struct cache */
	uint64_t addr;			 /* out: of its kmem_cache */
	uint64_t cpu_slab;		 /* out: per-CPU offset */
};

/* Aborts when out of memory, as all of these do. */
void image__start(enum image_layout layout);
void image__stop(void);

/* The types that are looked at; the caller's. */
struct btf *image__btf(void);
/* Zeroed memory anywhere; symbols are told what they are called. */
void image__map(uint64_t addr, size_t size);
void image__symbol(const char *name, uint64_t addr);
void image__rename(const char *name, const char *to);
uint64_t image__symbol_addr(const char *name);
/* Writes to what is mapped. */
void image__put(uint64_t addr, uint64_t word);
uint64_t image__get(uint64_t addr);
/* What the wrappers did: pieces read, and the next that fails as a whole (0: none). */
extern unsigned image__reads, image__fail_at;

/* Adds a cache to slab_caches. */
void image__add_cache(struct image_cache *cache);
/*
 * A slab of 1 << order pages from page pfn on, with all its objects allocated.
 * Returns the address of the first slot.
 */
uint64_t image__add_slab(const struct image_cache *cache, uint64_t pfn, unsigned order,
			 unsigned count);
/* First byte of an object. */
uint64_t image__object(const struct image_cache *cache, uint64_t slab, unsigned slot);
/*
 * Makes a chain of the objects in these slots, in this order, the slab's free
 * ones; or, with cpu >= 0, makes the slab that CPU's, and them its free ones.
 */
void image__free_objects(const struct image_cache *cache, uint64_t slab, const unsigned *slots,
			 size_t count, int cpu);

enum image_sheaf {
	IMAGE_SHEAF_MAIN, /* of a CPU, as the next two */
	IMAGE_SHEAF_SPARE,
	IMAGE_SHEAF_RCU_FREE,
	IMAGE_SHEAF_BARN, /* in the node's barn */
	IMAGE_SHEAF_LOOSE,
};

/* Makes the memory at an address one of a cache's sheaves, with these free objects in it. */
void image__add_sheaf(const struct image_cache *cache, enum image_sheaf where, unsigned cpu,
		      uint64_t at, const uint64_t *objects, uint32_t count);

/* First byte of a CPU's area, which has 64 KiB. */
uint64_t image__cpu_area(unsigned cpu);
/*
 * Adds a task, the first of which is init_task, or a thread to the task added
 * last.  Its stack has IMAGE_STACK bytes, of which the upper used ones are in
 * use.  Returns the address of the stack's first byte.
 */
uint64_t image__add_task(uint64_t used);
uint64_t image__add_thread(uint64_t used);
/* Whether the task with this stack runs, and of which process it is. */
void image__set_task(uint64_t stack, bool running, unsigned tgid);
/* It begins as much earlier again, where there is nothing to be read. */
void image__enlarge_stack(uint64_t stack);
/* Where it names the next task. */
uint64_t image__task_link(uint64_t stack);

/* Lists a module: its struct at an address that is mapped, its text, and its data from there on. */
void image__add_module(uint64_t at, uint64_t text, uint64_t data, uint64_t end);
/* Where it names the next. */
uint64_t image__module_link(uint64_t at);

#endif /* NLB_TEST_IMAGE_H */
