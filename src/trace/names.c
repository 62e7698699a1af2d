// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interning of functions and stacks, see names.h.
 */
#include "trace/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/footprint.h"
#include "util/list.h"
#include "util/log.h"
#include "util/printable.h"
#include "util/table.h"

struct function {
	uint32_t number;
	char *name;
	char *module; /* NULL: the kernel */
};

struct names {
	names_resolver resolver;
	void *ctx;
	struct function **functions; /* by number - 1 */
	size_t nr_functions;
	struct stack **stacks; /* by number - 1 */
	size_t nr_stacks;
	uint64_t function_bytes, stack_bytes; /* of memory */
	char **modules;			      /* traced */
	size_t nr_modules;
	char **wrappers;
	size_t nr_wrappers;
	bool full; /* of stacks, which was said */

	/* Forgotten when modules change: */
	struct table by_addr;  /* address -> struct function */
	struct table by_stack; /* hash of addresses -> struct stack */
	/* A veil only, else NULL: */
	const struct names *base;
	struct table *veiled; /* number -> struct stack */
	/* Never forgotten: */
	struct table by_name; /* hash of name and module -> first struct function */
	struct table by_text; /* hash of the frames' text -> first struct stack */
};

static uint64_t hash_bytes(uint64_t h, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size--)
		h = (h ^ *p++) * 0x100000001b3ULL; /* FNV-1a */
	return h;
}

#define HASH_START 0xcbf29ce484222325ULL

struct names *names__new(names_resolver resolver, void *ctx)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->resolver = resolver;
	n->ctx = ctx;
	return n;
}

static void stack_free(struct stack *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->depth; i++)
		free(s->frames[i].text);
	free(s->frames);
	free(s);
}

static void veil_free(struct names *n)
{
	struct stack *s;
	size_t i = 0;

	if (!n->veiled)
		return;
	while ((s = table__next(n->veiled, &i)))
		stack_free(s);
	table__free(n->veiled);
	free(n->veiled);
}

void names__free(struct names *n)
{
	size_t i;

	if (!n)
		return;
	veil_free(n);
	for (i = 0; i < n->nr_functions; i++) {
		free(n->functions[i]->name);
		free(n->functions[i]->module);
		free(n->functions[i]);
	}
	for (i = 0; i < n->nr_stacks; i++)
		stack_free(n->stacks[i]);
	for (i = 0; i < n->nr_modules; i++)
		free(n->modules[i]);
	for (i = 0; i < n->nr_wrappers; i++)
		free(n->wrappers[i]);
	free(n->functions);
	free(n->stacks);
	free(n->modules);
	free(n->wrappers);
	table__free(&n->by_addr);
	table__free(&n->by_stack);
	table__free(&n->by_name);
	table__free(&n->by_text);
	free(n);
}

void names__modules_changed(struct names *n)
{
	table__free(&n->by_addr);
	table__free(&n->by_stack);
}

static bool listed(char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static int list_add(char ***list, size_t *count, const char *name)
{
	char **more;

	if (listed(*list, *count, name))
		return 0;
	more = reallocarray(*list, *count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*list = more;
	more[*count] = strdup(name);
	if (!more[*count])
		return -ENOMEM;
	++*count;
	return 0;
}

int names__trace_module(struct names *n, const char *module)
{
	return list_add(&n->modules, &n->nr_modules, module);
}

bool names__module_traced(const struct names *n, const char *module)
{
	return module && listed(n->modules, n->nr_modules, module);
}

int names__wrapper(struct names *n, const char *function)
{
	return list_add(&n->wrappers, &n->nr_wrappers, function);
}

/* Where gcc's suffix begins: the end of the name proper. */
static size_t base_length(const char *name)
{
	static const char *const suffixes[] = { ".constprop.", ".isra.", ".part.", ".cold" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		const char *s = strstr(name, suffixes[i]);

		if (s && (size_t)(s - name) < len)
			len = (size_t)(s - name);
	}
	return len;
}

/* Takes both over. */
static uint32_t intern(struct names *n, char *name, char *module)
{
	uint64_t hash = hash_bytes(HASH_START, name, strlen(name));
	struct function *f, **more;

	hash = hash_bytes(hash, module ? module : "", module ? strlen(module) : 0);
	for (;; hash++) {
		f = table__get(&n->by_name, hash);
		if (!f)
			break;
		if (!strcmp(f->name, name) &&
		    !strcmp(f->module ? f->module : "", module ? module : "")) {
			free(name);
			free(module);
			return f->number;
		}
	}
	f = calloc(1, sizeof(*f));
	more = list__room(n->functions, n->nr_functions, sizeof(*more));
	if (more)
		n->functions = more;
	if (!f || !more || table__set(&n->by_name, hash, f)) {
		free(name);
		free(module);
		free(f);
		return 0;
	}
	n->functions[n->nr_functions++] = f;
	*f = (struct function){ (uint32_t)n->nr_functions, name, module };
	n->function_bytes +=
		footprint(sizeof(*f)) + footprint__text(name) + footprint__text(module);
	return f->number;
}

uint32_t names__intern(struct names *n, const char *name, const char *module)
{
	char *own_name = printable__copy(name, base_length(name));
	char *own_module = module ? printable__copy(module, strlen(module)) : NULL;

	if (own_name && (own_module || !module))
		return intern(n, own_name, own_module);
	free(own_name);
	free(own_module);
	return 0;
}

uint32_t names__function(struct names *n, uint64_t addr)
{
	struct function *f = table__get(&n->by_addr, addr);
	struct symbol sym;
	uint32_t number;

	if (f)
		return f->number;
	if (!addr || !n->resolver || n->resolver(n->ctx, &addr, 1, &sym) || !*sym.name)
		return 0;
	number = names__intern(n, sym.name, *sym.module ? sym.module : NULL);
	if (number)
		table__set(&n->by_addr, addr, n->functions[number - 1]);
	return number;
}

const char *names__text(const struct names *n, uint32_t function)
{
	n = n && n->base ? n->base : n;
	return function && function <= n->nr_functions ? n->functions[function - 1]->name : NULL;
}

const char *names__module(const struct names *n, uint32_t function)
{
	n = n && n->base ? n->base : n;
	return function && function <= n->nr_functions ? n->functions[function - 1]->module : NULL;
}

static bool begins_with_any(const char *name, const char *const *prefixes)
{
	while (*prefixes && strncmp(name, *prefixes, strlen(*prefixes)) != 0)
		prefixes++;
	return *prefixes;
}

/* The tracer's own frames on top of a stack: programs, trampolines (neither
 * has a symbol of its own) and the tracepoint's machinery.
 */
static bool tracer_frame(const struct symbol *sym)
{
	static const char *const prefixes[] = { "__traceiter_", "__bpf_trace_", "bpf_",
						"trace_",	"__bpf_prog_",	NULL };

	if (!*sym->name)
		return true;
	return !*sym->module && begins_with_any(sym->name, prefixes);
}

static size_t first_own_frame(const uint64_t *addrs, const struct symbol *symbols, size_t depth,
			      uint64_t call_site)
{
	size_t i;

	for (i = 0; call_site && i < depth; i++)
		if (addrs[i] == call_site)
			return i;
	for (i = 0; i < depth && tracer_frame(&symbols[i]); i++)
		;
	return i < depth ? i : 0;
}

static bool same_text(const struct stack *a, const struct stack *b)
{
	if (a->depth != b->depth)
		return false;
	for (size_t i = 0; i < a->depth; i++)
		if (strcmp(a->frames[i].text, b->frames[i].text) != 0)
			return false;
	return true;
}

/*
 * The stack with the same text that is there already, or s itself from now on, unless there
 * are max; NULL then and when out of memory.
 */
static struct stack *keep_stack(struct names *n, struct stack *s, size_t max)
{
	struct stack *known, **more;
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < s->depth; i++)
		hash = hash_bytes(hash, s->frames[i].text, strlen(s->frames[i].text) + 1);
	for (; (known = table__get(&n->by_text, hash)); hash++)
		if (same_text(known, s))
			return known;
	if (n->nr_stacks >= max) {
		if (!n->full)
			log_info("%zu different stacks are known; to keep memory bounded new "
				 "ones are left out, until the tracer is started again",
				 max);
		n->full = true;
		return NULL;
	}
	more = list__room(n->stacks, n->nr_stacks, sizeof(*more));
	if (!more)
		return NULL;
	n->stacks = more;
	if (table__set(&n->by_text, hash, s))
		return NULL;
	n->stacks[n->nr_stacks++] = s;
	s->number = (uint32_t)n->nr_stacks;
	n->stack_bytes += footprint(sizeof(*s)) + footprint((s->depth + 1) * sizeof(*s->frames));
	for (size_t i = 0; i < s->depth; i++)
		n->stack_bytes += footprint__text(s->frames[i].text);
	return s;
}

/*
 * Of a stack seen from within: where the processor came from elsewhere, or softirqs were run, be
 * it at the end of an interrupt or by a task.  What is known of addresses is asked, so that
 * only what is new is resolved.
 */
static bool begins_interrupt(struct names *n, uint64_t addr)
{
	static const char *const prefixes[] = { "asm_",
						"__do_softirq",
						"handle_softirqs",
						"__softirqentry_text_start",
						"call_on_irq_stack",
						NULL };
	uint32_t number = names__function(n, addr);
	const struct function *f = number ? n->functions[number - 1] : NULL;

	return f && !f->module && begins_with_any(f->name, prefixes);
}

size_t names__interrupt_depth(struct names *n, const uint64_t *addrs, size_t depth,
			      uint64_t call_site)
{
	size_t first = 0, i;

	while (first < depth && addrs[first] != call_site)
		first++;
	/* Above that are the tracer's own, which nobody wants to know. */
	for (i = first < depth ? first : 0; i < depth; i++)
		if (begins_interrupt(n, addrs[i]))
			return i + 1;
	return depth;
}

uint32_t names__stack(struct names *n, const uint64_t *addrs, size_t depth, uint64_t call_site)
{
	struct stack *s, *known;
	uint64_t raw;
	struct symbol *symbols;
	size_t first, i;

	if (!depth)
		return 0;
	/* 64 bits of two stacks colliding: once in 10^10 for 60,000 stacks. */
	raw = hash_bytes(HASH_START, addrs, depth * sizeof(*addrs));
	known = table__get(&n->by_stack, raw);
	if (known)
		return known->number;

	s = calloc(1, sizeof(*s));
	symbols = calloc(depth, sizeof(*symbols));
	if (!s || !symbols)
		goto fail;
	if (!n->resolver || n->resolver(n->ctx, addrs, depth, symbols))
		for (i = 0; i < depth; i++)
			snprintf(symbols[i].text, sizeof(symbols[i].text), "0x%" PRIx64, addrs[i]);
	first = first_own_frame(addrs, symbols, depth, call_site);
	s->frames = calloc(depth - first, sizeof(*s->frames));
	if (!s->frames)
		goto fail;
	for (i = first; i < depth && addrs[i]; i++) {
		struct stack_frame *f = &s->frames[s->depth];
		const struct symbol *sym = &symbols[i];

		/* Before 5.16 what called a function whose return is hooked is not told. */
		if (!strcmp(sym->name, "kretprobe_trampoline"))
			break;
		f->text = printable__copy(sym->text, sizeof(sym->text));
		if (!f->text)
			goto fail;
		f->addr = addrs[i];
		f->offset = (uint32_t)sym->offset;
		if (*sym->name)
			f->function =
				names__intern(n, sym->name, *sym->module ? sym->module : NULL);
		s->depth++;
	}
	s->site = s->depth;
	for (i = 0; i < s->depth && s->site == s->depth; i++) {
		uint32_t function = s->frames[i].function;
		const char *name = names__text(n, function);

		if (names__module_traced(n, names__module(n, function)) &&
		    !listed(n->wrappers, n->nr_wrappers, name))
			s->site = i;
	}
	known = keep_stack(n, s, NAMES_STACKS_MAX);
	if (!known)
		goto fail;
	if (known != s)
		stack_free(s);
	table__set(&n->by_stack, raw, known);
	free(symbols);
	return known->number;
fail:
	free(symbols);
	stack_free(s);
	return 0;
}

/* ---- a veil ---- */

struct names *names__veil(const struct names *base)
{
	struct names *n = names__new(NULL, NULL);

	if (!n)
		return NULL;
	n->base = base;
	n->veiled = calloc(1, sizeof(*n->veiled));
	if (n->veiled)
		return n;
	free(n);
	return NULL;
}

bool names__veiled(const struct names *n)
{
	return n->base;
}

/* Offsets and sizes have eight digits at most; without 0x only what is as long as one. */
#define ADDRESS_DIGITS 9
#define BARE_DIGITS    16

char *names__without_addresses(const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF", hidden[] = "(hidden)";
	char *copy = strdup(text), *to = copy;

	if (!copy)
		return NULL;
	while (*text) {
		size_t prefix = text[0] == '0' && text[1] == 'x' ? 2 : 0;
		size_t n = strspn(text + prefix, digits);

		if (prefix + n == 0)
			n = 1;
		else if (n >= (prefix ? ADDRESS_DIGITS : BARE_DIGITS)) {
			text += prefix + n;
			/* Shorter than any address, so there is room. */
			to = stpcpy(to, hidden);
			continue;
		}
		memmove(to, text, prefix + n);
		to += prefix + n;
		text += prefix + n;
	}
	*to = '\0';
	return copy;
}

/* Where it was said to lie is told apart, but not where it lies. */
static struct stack *veil_stack(const struct stack *s)
{
	struct stack *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = (struct stack){ .number = s->number, .site = s->site };
	copy->frames = calloc(s->depth + 1, sizeof(*copy->frames));
	for (; copy->frames && copy->depth < s->depth; copy->depth++) {
		struct stack_frame *f = &copy->frames[copy->depth];

		*f = s->frames[copy->depth];
		f->addr = (uint64_t)f->function << 24 | (f->offset & 0xffffff);
		f->text = names__without_addresses(f->text);
		if (!f->text)
			break;
	}
	if (copy->depth == s->depth && copy->frames)
		return copy;
	stack_free(copy);
	return NULL;
}

static const struct stack *veiled_stack(const struct names *n, uint32_t stack)
{
	const struct stack *base = names__stack_at(n->base, stack);
	struct stack *s = base ? table__get(n->veiled, stack) : NULL;

	if (!base || s)
		return s;
	s = veil_stack(base);
	if (s && table__set(n->veiled, stack, s)) {
		stack_free(s);
		s = NULL;
	}
	return s;
}

const struct stack *names__stack_at(const struct names *n, uint32_t stack)
{
	if (!n)
		return NULL;
	if (n->base)
		return veiled_stack(n, stack);
	return stack && stack <= n->nr_stacks ? n->stacks[stack - 1] : NULL;
}

uint64_t names__memory(const struct names *n)
{
	/* A veil has each stack at most once, and none that is longer. */
	if (n->base)
		return n->base->stack_bytes + footprint__table(n->veiled);
	return n->function_bytes + n->stack_bytes +
	       footprint__list(n->nr_functions, sizeof(*n->functions)) +
	       footprint__list(n->nr_stacks, sizeof(*n->stacks)) + footprint__table(&n->by_name) +
	       footprint__table(&n->by_text);
}

uint32_t names__nr_functions(const struct names *n)
{
	return (uint32_t)n->nr_functions;
}

uint32_t names__nr_stacks(const struct names *n)
{
	return (uint32_t)n->nr_stacks;
}

uint32_t names__add_stack(struct names *n, const struct stack_frame *frames, size_t depth,
			  size_t site)
{
	struct stack *s = calloc(1, sizeof(*s)), *known = NULL;

	if (!s)
		return 0;
	s->frames = calloc(depth + 1, sizeof(*s->frames));
	if (!s->frames)
		goto out;
	for (; s->depth < depth; s->depth++) {
		s->frames[s->depth] = frames[s->depth];
		s->frames[s->depth].text =
			printable__copy(frames[s->depth].text, strlen(frames[s->depth].text));
		if (!s->frames[s->depth].text)
			goto out;
	}
	s->site = site < depth ? site : depth;
	known = keep_stack(n, s, UINT32_MAX);
out:
	if (known != s)
		stack_free(s);
	return known ? known->number : 0;
}
