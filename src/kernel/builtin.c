// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks for runs of symbols.  See builtin.h.
 *
 * Which part a symbol is of is told by how its name begins, by the longest beginning where
 * several fit.  A run goes on over a few symbols that are of no part, and ends before one
 * that is of another: so no two parts have an address in common.
 *
 * Names alone prove nothing (Bluetooth has functions called hci_...): the run that counts
 * is the one with the functions that are known, and it has to have all of these that there
 * are.  The other one, of what is hardly ever run, is known by the ends of functions
 * (NAME.cold) that are in the first.
 */
#include "kernel/builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms.h"
#include "kernel/query.h"
#include "util/log.h"

#define NOBODYS	     (-1)
#define MAX_ANCHORS  32
#define MAX_PARTS    100
#define GAP_SYMBOLS  8	   /* places in a row inside of a run that are of no part */
#define GAP_BYTES    16384 /* from one symbol of a run to the next */
#define DATA_GAP     512
#define DATA_MAX     65536 /* a variable that seems larger is not what it seems */
#define MOST(n, all) (4 * (n) >= 3 * (all))

/* A piece of the symbols, sorted by address. */
struct view {
	const struct kallsyms *k;
	const struct builtin_part *parts;
	const int8_t *owner; /* of every symbol: the part's place, or NOBODYS */
	size_t first, end;
	uint64_t limit; /* the address where it ends */
	uint64_t gap_bytes;
};

struct run {
	size_t first, last;
	size_t own;	  /* symbols of the part */
	uint32_t anchors; /* which of them are in it */
	size_t cold;	  /* ends of functions that are in the other run, and the other way round */
};

/* ---- whose it is ---- */

/* Without what compilers put before a function's own name. */
static const char *own_name(const char *name)
{
	static const char *const before[] = { "__pfx_", "__cfi_" };

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		if (!strncmp(name, before[i], strlen(before[i])))
			name += strlen(before[i]);
	return name + strspn(name, "_");
}

static int8_t owner_of(const struct builtin_part *parts, const char *name)
{
	int8_t owner = NOBODYS;
	size_t longest = 0;

	name = own_name(name);
	for (int8_t i = 0; i < MAX_PARTS && parts[i].module; i++) {
		for (const char *const *p = parts[i].prefixes; *p; p++) {
			size_t len = strlen(*p);

			if (len > longest && !strncmp(name, *p, len)) {
				longest = len;
				owner = i;
			}
		}
	}
	return owner;
}

static uint32_t anchor(const struct builtin_part *part, const char *name)
{
	for (uint32_t i = 0; i < MAX_ANCHORS && part->anchors[i]; i++)
		if (!strcmp(part->anchors[i], name))
			return 1U << i;
	return 0;
}

/* ---- runs ---- */

static uint64_t address(const struct view *v, size_t i)
{
	return i < v->end ? kallsyms__address(v->k, i) : v->limit;
}

/* The next run of a part's symbols from *at on, which is where to look for another then. */
static bool next_run(const struct view *v, int8_t part, size_t *at, struct run *r)
{
	size_t i = *at, gap = 0;

	while (i < v->end && v->owner[i] != part)
		i++;
	*r = (struct run){ .first = i, .last = i };
	for (; i < v->end && gap <= GAP_SYMBOLS; i++) {
		if (address(v, i) - address(v, r->last) > v->gap_bytes ||
		    (v->owner[i] != part && v->owner[i] != NOBODYS))
			break;
		if (v->owner[i] == NOBODYS) {
			/* Other names of one place do not count. */
			gap += address(v, i) != address(v, i - 1);
			continue;
		}
		r->last = i;
		r->own++;
		r->anchors |= anchor(&v->parts[part], kallsyms__name(v->k, i));
		gap = 0;
	}
	*at = i;
	return r->own;
}

/* From its first symbol to the one behind its last, whosever that is. */
static struct memory_range extent(const struct view *v, const struct run *r)
{
	uint64_t start = address(v, r->first);
	size_t i = r->last + 1;

	while (i < v->end && address(v, i) == address(v, r->last))
		i++;
	return (struct memory_range){ start, address(v, i) - start };
}

static bool better(const struct run *a, const struct run *b)
{
	int x = __builtin_popcount(a->anchors), y = __builtin_popcount(b->anchors);

	return x != y ? x > y : a->own > b->own;
}

static bool has_function(const struct view *v, const struct run *r, const char *name, size_t len)
{
	for (size_t i = r->first; i <= r->last; i++) {
		const char *other = kallsyms__name(v->k, i);

		if (!strncmp(other, name, len) && !other[len])
			return true;
	}
	return false;
}

/* How many of its symbols are ends of functions in another run. */
static size_t ends_of(const struct view *v, const struct run *r, const struct run *of)
{
	size_t n = 0;

	for (size_t i = r->first; i <= r->last; i++) {
		const char *name = kallsyms__name(v->k, i), *cold = strstr(name, ".cold");

		n += cold && has_function(v, of, name, (size_t)(cold - name));
	}
	return n;
}

/* ---- a part ---- */

static int by_start(const void *a, const void *b)
{
	const struct module_symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int take_symbols(const struct view *v, const struct run *runs, size_t count,
			struct module_symbols *out)
{
	size_t n = 0, size = 1;
	char *to;

	for (size_t r = 0; r < count; r++)
		for (size_t i = runs[r].first; i <= runs[r].last; i++, n++)
			size += strlen(kallsyms__name(v->k, i)) + 1;
	out->list = calloc(n + 1, sizeof(*out->list));
	out->strings = to = malloc(size);
	if (!out->list || !to) {
		module_symbols__free(out);
		return -ENOMEM;
	}
	for (size_t r = 0; r < count; r++) {
		for (size_t i = runs[r].first; i <= runs[r].last; i++) {
			out->list[out->count++] =
				(struct module_symbol){ kallsyms__address(v->k, i), to };
			to = stpcpy(to, kallsyms__name(v->k, i)) + 1;
		}
	}
	qsort(out->list, out->count, sizeof(*out->list), by_start);
	return 0;
}

static int find_text(const struct view *v, int8_t part, struct builtin *b)
{
	struct run runs[BUILTIN_TEXT] = { 0 }, run;
	struct run *main = &runs[0], *cold = &runs[1];
	size_t own = 0, nr = 1;
	uint32_t seen = 0;

	for (size_t at = v->first; next_run(v, part, &at, &run);) {
		own += run.own;
		seen |= run.anchors;
		if (better(&run, main))
			*main = run;
	}
	if (!own || (*b->part->anchors && !seen))
		return 0;
	for (size_t at = v->first; next_run(v, part, &at, &run);) {
		run.cold = 0;
		if (run.first != main->first)
			run.cold = ends_of(v, &run, main) + ends_of(v, main, &run);
		if (run.cold > cold->cold)
			*cold = run;
	}
	nr += cold->cold > 0;
	b->state = BUILTIN_SCATTERED;
	if (seen & ~main->anchors || (!seen && !MOST(main->own + cold->own, own)))
		return 0;
	for (size_t i = 0; i < nr; i++)
		b->text[i] = extent(v, &runs[i]);
	if (!b->text[0].size)
		return 0;
	b->nr_text = b->text[1].size ? nr : 1;
	b->state = BUILTIN_FOUND;
	return take_symbols(v, runs, b->nr_text, &b->symbols);
}

static void find_data(const struct view *v, int8_t part, struct builtin *b)
{
	struct run run;

	for (size_t at = v->first; b->nr_data < BUILTIN_DATA && next_run(v, part, &at, &run);) {
		struct memory_range range = extent(v, &run);

		if (range.size && range.size <= DATA_MAX)
			b->data[b->nr_data++] = range;
	}
}

/* Up to where the text of another begins. */
static void cut(const struct builtins *b, struct memory_range *r)
{
	for (size_t i = 0; i < b->count; i++) {
		for (size_t j = 0; j < b->list[i].nr_text; j++) {
			const struct memory_range *other = &b->list[i].text[j];

			/* Of two that begin at one address, it is not the first one's. */
			if (other->size && other->start - r->start < r->size &&
			    (other->start != r->start || other < r))
				r->size = other->start - r->start;
		}
	}
}

/* Two names for one address make neighbours overlap. */
static void part_neighbours(struct builtins *b)
{
	for (size_t i = 0; i < b->count; i++)
		for (size_t j = 0; j < b->list[i].nr_text; j++)
			cut(b, &b->list[i].text[j]);
	for (size_t i = 0; i < b->count; i++) {
		struct builtin *one = &b->list[i];

		if (one->nr_text > 1 && !one->text[1].size)
			one->nr_text = 1;
		if (one->nr_text && !one->text[0].size) {
			one->nr_text = one->nr_data = 0;
			one->state = BUILTIN_SCATTERED;
			module_symbols__free(&one->symbols);
		}
	}
}

/* ---- all of them ---- */

/* What lies between two symbols of the kernel's own; empty where there are no such. */
static struct view view(struct kallsyms *k, const struct builtin_part *parts, const int8_t *owner,
			const char *first, const char *end, uint64_t gap_bytes)
{
	struct view v = { .k = k, .parts = parts, .owner = owner, .gap_bytes = gap_bytes };
	uint64_t start;

	if (kallsyms__find(k, first, &start) || kallsyms__find(k, end, &v.limit) ||
	    start >= v.limit)
		return v;
	v.first = kallsyms__place(k, start);
	v.end = kallsyms__place(k, v.limit);
	return v;
}

static int find_all(struct builtins *b, const struct builtin_part *parts, struct kallsyms *k,
		    const int8_t *owner)
{
	struct view text = view(k, parts, owner, "_stext", "_etext", GAP_BYTES);
	struct view data = view(k, parts, owner, "_sdata", "_edata", DATA_GAP);
	struct view bss = view(k, parts, owner, "__bss_start", "__bss_stop", DATA_GAP);
	int err = text.end ? 0 : -ENOENT;

	for (size_t i = 0; !err && i < b->count; i++) {
		struct builtin *one = &b->list[i];

		err = find_text(&text, (int8_t)i, one);
		if (err || one->state != BUILTIN_FOUND)
			continue;
		find_data(&data, (int8_t)i, one);
		find_data(&bss, (int8_t)i, one);
	}
	part_neighbours(b);
	return err;
}

int builtins__find(struct builtins *b, const struct builtin_part *parts, struct kallsyms *k)
{
	size_t count = kallsyms__count(k), n = 0;
	int8_t *owner = malloc(count + 1);
	int err = -ENOMEM;

	memset(b, 0, sizeof(*b));
	while (n < MAX_PARTS && parts[n].module)
		n++;
	b->list = calloc(n + 1, sizeof(*b->list));
	if (!owner || !b->list)
		goto out;
	for (b->count = 0; b->count < n; b->count++)
		b->list[b->count].part = &parts[b->count];
	for (size_t i = 0; i < count; i++)
		owner[i] = owner_of(parts, kallsyms__name(k, i));
	err = find_all(b, parts, k, owner);
out:
	free(owner);
	if (err)
		builtins__free(b);
	return err;
}

bool builtin__says(const struct symbol *symbol)
{
	return symbol && !symbol->offset && !*symbol->module && !strcmp(symbol->name, NFC_FUNCTION);
}

/* Asks the kernel; it may answer with a module's, too. */
static bool is_builtin(struct query *q)
{
	struct symbol symbol;
	uint64_t addr = 0;

	if (!q || query__find(q, NULL, NFC_FUNCTION, &addr) || !addr ||
	    query__resolve(q, &addr, 1, &symbol))
		return false;
	return builtin__says(&symbol);
}

static const char *const state_names[] = {
	[BUILTIN_ABSENT] = "not built in",
	[BUILTIN_FOUND] = "built in",
	[BUILTIN_SCATTERED] = "built in, not in one place",
};

int builtins__open(struct builtins *b, const struct builtin_part *parts, struct query *q)
{
	struct kallsyms *k;
	int err;

	memset(b, 0, sizeof(*b));
	if (!parts || !is_builtin(q))
		return 0;
	err = kallsyms__open(&k);
	if (!err)
		err = builtins__find(b, parts, k);
	kallsyms__close(k);
	for (size_t i = 0; i < b->count; i++)
		log_debug("%s: %s, %zu symbols, %llu and %llu bytes of text, %zu ranges of data",
			  parts[i].module, state_names[b->list[i].state], b->list[i].symbols.count,
			  (unsigned long long)b->list[i].text[0].size,
			  (unsigned long long)b->list[i].text[1].size, b->list[i].nr_data);
	b->nfc = true;
	b->err = err;
	return err == -ENOMEM ? err : 0;
}

void builtins__free(struct builtins *b)
{
	for (size_t i = 0; i < b->count; i++)
		module_symbols__free(&b->list[i].symbols);
	free(b->list);
	memset(b, 0, sizeof(*b));
}

/* ---- what was found ---- */

static const struct builtin *find(const struct builtins *b, const char *module)
{
	for (size_t i = 0; i < b->count; i++)
		if (modules__same_name(b->list[i].part->module, module))
			return &b->list[i];
	return NULL;
}

const struct builtin *builtins__part(const struct builtins *b, const char *module)
{
	const struct builtin *one = find(b, module);

	return one && one->state == BUILTIN_FOUND ? one : NULL;
}

bool builtins__scattered(const struct builtins *b, const char *module)
{
	const struct builtin *one = find(b, module);

	return one && one->state == BUILTIN_SCATTERED;
}

const struct builtin *builtins__at(const struct builtins *b, uint64_t addr)
{
	for (size_t i = 0; i < b->count; i++)
		for (size_t j = 0; j < b->list[i].nr_text; j++)
			if (addr - b->list[i].text[j].start < b->list[i].text[j].size)
				return &b->list[i];
	return NULL;
}

void builtins__refusal(const struct builtins *b, char *buf, size_t size)
{
	char why[256] = "they are not in one place";

	if (b->err)
		kallsyms__why_hidden(KALLSYMS, why, sizeof(why));
	snprintf(buf, size,
		 "NFC is built into this kernel (CONFIG_NFC=y) and cannot be traced, since its "
		 "functions cannot be told from the rest of the kernel's: %s",
		 why);
}

int builtins__list(const struct builtins *b, struct modules *modules)
{
	int err = 0;

	for (size_t i = 0; !err && i < b->count; i++) {
		const struct builtin *one = &b->list[i];
		struct module_info m = { .base = one->text[0].start,
					 .size = one->text[0].size,
					 .built_in = true };

		if (one->state != BUILTIN_FOUND || modules__find(modules, one->part->module))
			continue;
		snprintf(m.name, sizeof(m.name), "%s", one->part->module);
		/* The kernel does not say which modules use what is its own. */
		for (size_t j = 0; j < b->count; j++) {
			const struct builtin_part *user = b->list[j].part;
			size_t len = strlen(m.users);

			if (user->needs && !strcmp(user->needs, m.name))
				snprintf(m.users + len, sizeof(m.users) - len, "%s,", user->module);
		}
		err = modules__add(modules, &m);
	}
	return err;
}
