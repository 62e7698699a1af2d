// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image, and the functions that stand in for those of kernel/query.h.
 */
#include "unit/image.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/query.h"

#define VMEMMAP	   0xffffea0000000000ULL
#define DATA	   0xffffffff82000000ULL
#define CPU_AREA   0xffff88803fc00000ULL
#define CPU_STRIDE 0x10000ULL
#define PAGE	   4096ULL
#define REGIONS	   32
#define SYMBOLS	   32
#define CACHES	   16
#define TASKS	   0xffffffff83000000ULL
#define TASK	   1024ULL /* bytes for one, with its signal_struct */
#define NR_TASKS   16
#define STACKS	   0xffffc90000000000ULL

/* Within DATA. */
enum {
	AT_PAGE_OFFSET = 0,
	AT_VMEMMAP = 8,
	AT_MAX_PFN = 16,
	AT_CPUS = 24,
	AT_SLAB_CACHES = 32, /* and its prev */
	AT_NODES = 48,
	AT_CPU_OFFSETS = 64,
	AT_CACHES = 256,
	CACHE_BYTES = 128,
	AT_BARNS = 2560, /* one for each cache */
	BARN_BYTES = 64,
	AT_MODULES = 3600,
	DATA_BYTES = 4096,
};

/* Within a task_struct and a signal_struct; the latter within TASK. */
enum {
	TASK_LIST = 16,
	TASK_THREAD_NODE = 48,
	TASK_SIGNAL = 72,
	TASK_STACK_PTR = 80,
	TASK_ON_CPU = 88,
	TASK_TGID = 92,
	TASK_THREAD = 128,
	THREAD_SP = 24,
	AT_SIGNAL = 512,
	SIGNAL_THREADS = 32,
};

/* Within a kmem_cache, a kmem_cache_cpu and a struct slab. */
enum {
	CACHE_CPU_SLAB = 0,
	CACHE_SIZE = 24,
	CACHE_OBJECT_SIZE = 28,
	CACHE_OFFSET = 40,
	CACHE_CAPACITY = 44,
	CACHE_NODES = 104,
	CACHE_RED_LEFT = 56,
	CACHE_LIST = IMAGE_CACHE_LIST,
	CACHE_RANDOM = 96,
	CPU_FREELIST = 0,
	CPU_SLAB = 16,
	SLAB_FREELIST = 32,
	SLAB_COUNTERS = 40,
};

/* Within a struct module, and in each of its memories. */
enum {
	MODULE_LIST = 8,
	MODULE_MEMORY = 64,
	MEMORY_BASE = 0,
	MEMORY_SIZE = 8,
	MEMORY_TEXT = 12, /* where there is one for all */
	MEMORY_BYTES = 16,
};

/* Within a sheaf, a CPU's names of them, and a barn. */
enum {
	SHEAF_LIST = 0,
	SHEAF_CACHE = 16,
	SHEAF_SIZE = 24,
	PERCPU_MAIN = 8,
	BARN_FULL = 8,
};

static struct {
	struct {
		uint64_t addr;
		size_t size;
		unsigned char *bytes;
	} regions[REGIONS];
	size_t nr_regions;
	struct {
		const char *name;
		uint64_t addr;
	} symbols[SYMBOLS];
	size_t nr_symbols, nr_caches;
	size_t nr_tasks;
	uint64_t signal; /* of the task added last */
	enum image_layout layout;
	unsigned slab_cache; /* offset in struct slab */
} image;

unsigned image__reads, image__fail_at;

static void *find(uint64_t addr, size_t size)
{
	for (size_t i = 0; i < image.nr_regions; i++) {
		uint64_t off = addr - image.regions[i].addr;

		if (off < image.regions[i].size && size <= image.regions[i].size - off)
			return image.regions[i].bytes + off;
	}
	return NULL;
}

void image__map(uint64_t addr, size_t size)
{
	if (image.nr_regions == REGIONS)
		abort();
	image.regions[image.nr_regions].addr = addr;
	image.regions[image.nr_regions].size = size;
	image.regions[image.nr_regions].bytes = calloc(1, size);
	if (!image.regions[image.nr_regions].bytes)
		abort();
	image.nr_regions++;
}

void image__symbol(const char *name, uint64_t addr)
{
	if (image.nr_symbols == SYMBOLS)
		abort();
	image.symbols[image.nr_symbols].name = name;
	image.symbols[image.nr_symbols++].addr = addr;
}

static void put(uint64_t addr, const void *value, size_t size)
{
	void *bytes = find(addr, size);

	if (!bytes)
		abort();
	memcpy(bytes, value, size);
}

void image__put(uint64_t addr, uint64_t word)
{
	put(addr, &word, sizeof(word));
}

static void put_u32(uint64_t addr, uint32_t value)
{
	put(addr, &value, sizeof(value));
}

uint64_t image__get(uint64_t addr)
{
	void *bytes = find(addr, 8);
	uint64_t word;

	if (!bytes)
		abort();
	memcpy(&word, bytes, sizeof(word));
	return word;
}

void image__start(enum image_layout layout)
{
	image__stop();
	image.layout = layout;
	image.slab_cache = layout <= IMAGE_6_1 ? 24 : 8;
	image__map(DATA, DATA_BYTES);
	image__map(IMAGE_PAGE_OFFSET, IMAGE_HOLE * PAGE);
	image__map(VMEMMAP, IMAGE_HOLE * 64);
	for (uint64_t cpu = 0; cpu < IMAGE_CPUS; cpu++) {
		image__map(CPU_AREA + cpu * CPU_STRIDE, CPU_STRIDE);
		image__put(DATA + AT_CPU_OFFSETS + 8 * cpu, CPU_AREA + cpu * CPU_STRIDE);
	}
	image__put(DATA + AT_PAGE_OFFSET, IMAGE_PAGE_OFFSET);
	image__put(DATA + AT_VMEMMAP, VMEMMAP);
	image__put(DATA + AT_MAX_PFN, IMAGE_PAGES);
	/* An int, with something else's bytes behind it. */
	image__put(DATA + AT_CPUS, 0x7777777700000000ULL | IMAGE_CPUS);
	image__put(DATA + AT_SLAB_CACHES, DATA + AT_SLAB_CACHES);
	/* One of them is without CONFIG_DYNAMIC_MEMORY_LAYOUT. */
	if (layout != IMAGE_6_1) {
		image__symbol("page_offset_base", DATA + AT_PAGE_OFFSET);
		image__symbol("vmemmap_base", DATA + AT_VMEMMAP);
	}
	image__symbol("modules", DATA + AT_MODULES);
	image__put(DATA + AT_MODULES, DATA + AT_MODULES);
	image__symbol("max_pfn", DATA + AT_MAX_PFN);
	image__symbol("nr_cpu_ids", DATA + AT_CPUS);
	image__symbol("slab_caches", DATA + AT_SLAB_CACHES);
	image__symbol("__per_cpu_offset", DATA + AT_CPU_OFFSETS);
	image__put(DATA + AT_NODES, 1);
	if (layout == IMAGE_7_2)
		image__symbol("nr_node_ids", DATA + AT_NODES);
}

void image__stop(void)
{
	while (image.nr_regions)
		free(image.regions[--image.nr_regions].bytes);
	memset(&image, 0, sizeof(image));
	image__reads = image__fail_at = 0;
}

void image__rename(const char *name, const char *to)
{
	for (size_t i = 0; i < image.nr_symbols; i++)
		if (!strcmp(image.symbols[i].name, name))
			image.symbols[i].name = to;
}

uint64_t image__symbol_addr(const char *name)
{
	for (size_t i = 0; i < image.nr_symbols; i++)
		if (!strcmp(image.symbols[i].name, name))
			return image.symbols[i].addr;
	abort();
}

/* ---- tasks ---- */

uint64_t image__cpu_area(unsigned cpu)
{
	return CPU_AREA + cpu * CPU_STRIDE;
}

/* Behind the head of a list that names the next only, which is all that is read. */
static void list_add(uint64_t head, uint64_t node)
{
	image__put(node, image__get(head));
	image__put(head, node);
}

static uint64_t new_task(uint64_t used)
{
	uint64_t task = TASKS + TASK * image.nr_tasks, stack = STACKS + 0x8000 * image.nr_tasks;

	if (image.nr_tasks == NR_TASKS)
		abort();
	if (!image.nr_tasks++)
		image__map(TASKS, TASK * NR_TASKS);
	image__map(stack, IMAGE_STACK);
	image__put(task + TASK_STACK_PTR, stack);
	image__put(task + TASK_THREAD + THREAD_SP, stack + IMAGE_STACK - used);
	return task;
}

uint64_t image__add_task(uint64_t used)
{
	uint64_t task = new_task(used), list = task + TASK_LIST;

	if (task == TASKS) {
		image__symbol("init_task", task);
		image__put(list, list);
	} else {
		list_add(TASKS + TASK_LIST, list);
	}
	image.signal = task + AT_SIGNAL;
	image__put(image.signal + SIGNAL_THREADS, image.signal + SIGNAL_THREADS);
	list_add(image.signal + SIGNAL_THREADS, task + TASK_THREAD_NODE);
	image__put(task + TASK_SIGNAL, image.signal);
	return image__get(task + TASK_STACK_PTR);
}

uint64_t image__add_thread(uint64_t used)
{
	uint64_t task = new_task(used);

	list_add(image.signal + SIGNAL_THREADS, task + TASK_THREAD_NODE);
	image__put(task + TASK_SIGNAL, image.signal);
	return image__get(task + TASK_STACK_PTR);
}

static uint64_t task_of(uint64_t stack)
{
	return TASKS + TASK * ((stack - STACKS) / 0x8000);
}

void image__set_task(uint64_t stack, bool running, unsigned tgid)
{
	image__put(task_of(stack) + TASK_ON_CPU, running | (uint64_t)tgid << 32);
}

void image__enlarge_stack(uint64_t stack)
{
	image__put(task_of(stack) + TASK_STACK_PTR, stack - IMAGE_STACK);
}

uint64_t image__task_link(uint64_t stack)
{
	return task_of(stack) + TASK_LIST;
}

/* ---- modules ---- */

void image__add_module(uint64_t at, uint64_t text, uint64_t data, uint64_t end)
{
	uint64_t memory = at + MODULE_MEMORY;

	if (image.layout <= IMAGE_6_1) {
		image__put(memory + MEMORY_BASE, text);
		put_u32(memory + MEMORY_SIZE, (uint32_t)(end - text));
		put_u32(memory + MEMORY_TEXT, (uint32_t)(data - text));
	} else {
		image__put(memory + MEMORY_BASE, text);
		put_u32(memory + MEMORY_SIZE, (uint32_t)(data - text));
		memory += MEMORY_BYTES;
		image__put(memory + MEMORY_BASE, data);
		put_u32(memory + MEMORY_SIZE, (uint32_t)(end - data));
	}
	list_add(DATA + AT_MODULES, at + MODULE_LIST);
}

uint64_t image__module_link(uint64_t at)
{
	return at + MODULE_LIST;
}

/* ---- types ---- */

struct field {
	const char *name;
	unsigned offset;
};

static void add_struct(struct btf *btf, int type, const char *name, unsigned size,
		       const struct field *fields)
{
	if (btf__add_struct(btf, name, size) < 0)
		abort();
	for (; fields->name; fields++)
		if (btf__add_field(btf, fields->name, type, fields->offset * 8, 0))
			abort();
}

struct btf *image__btf(void)
{
	const struct field none[] = { { 0 } };
	const struct field slab[] = { { "slab_cache", image.slab_cache },
				      { "freelist", SLAB_FREELIST },
				      { "counters", SLAB_COUNTERS },
				      { 0 } };
	const struct field cache[] = {
		{ "cpu_slab", CACHE_CPU_SLAB },	      { "size", CACHE_SIZE },
		{ "object_size", CACHE_OBJECT_SIZE }, { "offset", CACHE_OFFSET },
		{ "red_left_pad", CACHE_RED_LEFT },   { "list", CACHE_LIST },
		{ "random", CACHE_RANDOM },	      { 0 }
	};
	const struct field new_cache[] = {
		{ "cpu_sheaves", CACHE_CPU_SLAB },    { "size", CACHE_SIZE },
		{ "object_size", CACHE_OBJECT_SIZE }, { "offset", CACHE_OFFSET },
		{ "red_left_pad", CACHE_RED_LEFT },   { "list", CACHE_LIST },
		{ "random", CACHE_RANDOM },	      { "sheaf_capacity", CACHE_CAPACITY },
		{ "per_node", CACHE_NODES },	      { 0 }
	};
	const struct field sheaf[] = { { "barn_list", SHEAF_LIST },
				       { "cache", SHEAF_CACHE },
				       { "size", SHEAF_SIZE },
				       { "objects", IMAGE_SHEAF_OBJECTS },
				       { 0 } };
	const struct field percpu[] = {
		{ "main", PERCPU_MAIN }, { "spare", 16 }, { "rcu_free", 24 }, { 0 }
	};
	const struct field barn[] = { { "sheaves_full", BARN_FULL }, { 0 } };
	const struct field node[] = { { "barn", 0 }, { 0 } };
	const struct field cpu[] = { { "freelist", CPU_FREELIST },
				     { image.layout == IMAGE_5_10 ? "page" : "slab", CPU_SLAB },
				     { 0 } };
	const struct field task[] = {
		{ "tasks", TASK_LIST },	   { "thread_node", TASK_THREAD_NODE },
		{ "signal", TASK_SIGNAL }, { "stack", TASK_STACK_PTR },
		{ "thread", TASK_THREAD }, { "on_cpu", TASK_ON_CPU },
		{ "tgid", TASK_TGID },	   { 0 }
	};
	const struct field thread[] = { { "sp", THREAD_SP }, { 0 } };
	const struct field section[] = { { "section_mem_map", 0 }, { 0 } };
	const struct field chunk[] = { { "base_addr", 0 }, { "nr_pages", 8 }, { 0 } };
	const struct field module[] = { { "list", MODULE_LIST },
					{ image.layout <= IMAGE_6_1 ? "core_layout" : "mem",
					  MODULE_MEMORY },
					{ 0 } };
	const struct field memory[] = { { "base", MEMORY_BASE }, { "size", MEMORY_SIZE }, { 0 } };
	const struct field layout[] = { { "base", MEMORY_BASE },
					{ "size", MEMORY_SIZE },
					{ "text_size", MEMORY_TEXT },
					{ 0 } };
	const struct field kvfree[] = { { "bkvcache", IMAGE_KRC_UNUSED }, { 0 } };
	const struct field bulk[] = { { "nr_records", IMAGE_BULK_COUNT },
				      { "records", IMAGE_BULK_RECORDS },
				      { 0 } };
	const struct field napi[] = { { "skb_cache", IMAGE_SKB_CACHE }, { 0 } };
	const struct field signal[] = { { "thread_head", SIGNAL_THREADS }, { 0 } };
	struct btf *btf = btf__new_empty();
	int type = btf ? btf__add_int(btf, "long", 8, 0) : -1;

	if (type < 0)
		abort();
	add_struct(btf, type, "page", 64, image.layout == IMAGE_5_10 ? slab : none);
	add_struct(btf, type, "kfree_rcu_cpu", 512, kvfree);
	add_struct(btf, type, "napi_alloc_cache", 64, napi);
	add_struct(btf, type, "kvfree_rcu_bulk_data", 48, bulk);
	if (image.layout != IMAGE_5_10)
		add_struct(btf, type, "slab", 64, slab);
	add_struct(btf, type, "kmem_cache", CACHE_BYTES,
		   image.layout == IMAGE_7_2 ? new_cache : cache);
	if (image.layout == IMAGE_7_2) {
		add_struct(btf, type, "slab_sheaf", IMAGE_SHEAF_OBJECTS, sheaf);
		add_struct(btf, type, "slub_percpu_sheaves", 32, percpu);
		add_struct(btf, type, "node_barn", 48, barn);
		add_struct(btf, type, "kmem_cache_per_node_ptrs", 16, node);
	} else {
		add_struct(btf, type, "kmem_cache_cpu", 32, cpu);
	}
	add_struct(btf, type, "mem_section", 16, section);
	add_struct(btf, type, "pcpu_chunk", 16, chunk);
	add_struct(btf, type, "module", 192, module);
	add_struct(btf, type, "module_memory", MEMORY_BYTES, memory);
	if (image.layout <= IMAGE_6_1)
		add_struct(btf, type, "module_layout", MEMORY_BYTES, layout);
	/* Of irq_stack_backing_store nothing is known. */
	add_struct(btf, type, "exception_stacks", IMAGE_EXC_STACKS, none);
	add_struct(btf, type, "entry_stack_page", 4096, none);
	add_struct(btf, type, "task_struct", 512, task);
	add_struct(btf, type, "thread_struct", 64, thread);
	add_struct(btf, type, "signal_struct", 256, signal);
	return btf;
}

/* ---- slabs ---- */

void image__add_cache(struct image_cache *c)
{
	uint64_t head = DATA + AT_SLAB_CACHES;
	uint64_t barn = DATA + AT_BARNS + BARN_BYTES * image.nr_caches;

	if (image.nr_caches == CACHES)
		abort();
	c->addr = DATA + AT_CACHES + CACHE_BYTES * image.nr_caches;
	c->cpu_slab = 256 + 32 * image.nr_caches;
	image.nr_caches++;
	put_u32(c->addr + CACHE_SIZE, c->step);
	put_u32(c->addr + CACHE_OBJECT_SIZE, c->size);
	put_u32(c->addr + CACHE_OFFSET, c->link);
	put_u32(c->addr + CACHE_RED_LEFT, c->left);
	image__put(c->addr + CACHE_CPU_SLAB, c->cpu_slab);
	image__put(c->addr + CACHE_RANDOM, IMAGE_RANDOM);
	if (image.layout == IMAGE_7_2) {
		put_u32(c->addr + CACHE_CAPACITY, IMAGE_SHEAF_CAPACITY);
		image__put(c->addr + CACHE_NODES, barn);
		image__put(barn + BARN_FULL, barn + BARN_FULL);
	}
	image__put(c->addr + CACHE_LIST, image__get(head));
	image__put(head, c->addr + CACHE_LIST);
}

static uint64_t page_of(uint64_t slab)
{
	return VMEMMAP + (slab - IMAGE_PAGE_OFFSET) / PAGE * 64;
}

uint64_t image__add_slab(const struct image_cache *cache, uint64_t pfn, unsigned order,
			 unsigned count)
{
	uint64_t page = VMEMMAP + pfn * 64;

	image__put(page + image.slab_cache, cache->addr);
	image__put(page + SLAB_COUNTERS, (uint64_t)count << 16 | count);
	for (uint64_t i = 1; i < 1ULL << order; i++)
		image__put(page + i * 64 + 8,
			   image.layout == IMAGE_7_2 ? -(64ULL << order) | 1 : page | 1);
	return IMAGE_PAGE_OFFSET + pfn * PAGE;
}

uint64_t image__object(const struct image_cache *c, uint64_t slab, unsigned slot)
{
	return slab + (uint64_t)slot * c->step + c->left;
}

void image__free_objects(const struct image_cache *c, uint64_t slab, const unsigned *slots,
			 size_t count, int cpu)
{
	uint64_t next = 0, area = CPU_AREA + CPU_STRIDE * (uint64_t)cpu + c->cpu_slab;

	while (count--) {
		uint64_t object = image__object(c, slab, slots[count]), link = object + c->link;

		image__put(link, next ^ IMAGE_RANDOM ^ __builtin_bswap64(link));
		next = object;
	}
	if (cpu < 0) {
		image__put(page_of(slab) + SLAB_FREELIST, next);
		return;
	}
	image__put(area + CPU_SLAB, page_of(slab));
	image__put(area + CPU_FREELIST, next);
}

void image__add_sheaf(const struct image_cache *c, enum image_sheaf where, unsigned cpu,
		      uint64_t at, const uint64_t *objects, uint32_t count)
{
	uint64_t area = CPU_AREA + CPU_STRIDE * cpu + c->cpu_slab;

	image__put(at + SHEAF_CACHE, c->addr);
	put_u32(at + SHEAF_SIZE, count);
	for (uint32_t i = 0; i < count; i++)
		image__put(at + IMAGE_SHEAF_OBJECTS + 8 * i, objects[i]);
	if (where < IMAGE_SHEAF_BARN)
		image__put(area + PERCPU_MAIN + 8 * (uint64_t)where, at);
	else if (where == IMAGE_SHEAF_BARN)
		list_add(image__get(c->addr + CACHE_NODES) + BARN_FULL, at + SHEAF_LIST);
}

/* ---- what stands in for the kernel ---- */

int __wrap_query__find(struct query *q, const char *module, const char *name, uint64_t *addr);
int __wrap_query__read_all(struct query *q, struct memory_piece *pieces, size_t count);
int __wrap_query__read(struct query *q, uint64_t addr, void *buf, uint16_t len);

int __wrap_query__find(struct query *q, const char *module, const char *name, uint64_t *addr)
{
	(void)q;
	*addr = 0;
	for (size_t i = 0; !module && i < image.nr_symbols; i++) {
		if (!strcmp(image.symbols[i].name, name)) {
			*addr = image.symbols[i].addr;
			return 0;
		}
	}
	return -ENOENT;
}

int __wrap_query__read_all(struct query *q, struct memory_piece *pieces, size_t count)
{
	(void)q;
	for (size_t i = 0; i < count; i++) {
		const void *bytes = find(pieces[i].addr, pieces[i].len);

		if (pieces[i].len > MEMORY_PIECE_MAX)
			abort();
		if (image__fail_at && image__reads + 1 == image__fail_at)
			return -EIO;
		image__reads++;
		pieces[i].err = bytes ? 0 : -EFAULT;
		if (bytes)
			memcpy(pieces[i].buf, bytes, pieces[i].len);
	}
	return 0;
}

int __wrap_query__read(struct query *q, uint64_t addr, void *buf, uint16_t len)
{
	struct memory_piece piece = { .addr = addr, .buf = buf, .len = len };
	int err = __wrap_query__read_all(q, &piece, 1);

	return err ? err : piece.err;
}
