/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the running kernel, answered by BPF programs that are attached
 * to nothing (bpf/query.bpf.c): memory and symbols.  Reading memory cannot
 * fault: an address that is not mapped is an error, nothing worse.
 *
 * A kernel without programs of type syscall (before 5.14) answers about memory
 * only; its symbols come from /proc/kallsyms, those of modules from who knows them
 * (query__set_modules()), who is asked first on any kernel.
 */
#ifndef NLB_KERNEL_QUERY_H
#define NLB_KERNEL_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;

/* One piece of memory to read; buf has len bytes. */
struct memory_piece {
	uint64_t addr;
	void *buf;
	uint16_t len; /* at most MEMORY_PIECE_MAX */
	int err;      /* out: 0 or a negative errno */
};

#define MEMORY_PIECE_MAX 4096

struct symbol {
	char text[192];	 /* name+0xoff/0xsize [module], or a number */
	char name[128];	 /* "" where the address belongs to nothing */
	char module[64]; /* "" for the kernel itself */
	uint64_t offset;
};

/*
 * Returns 0 or a negative errno: -EPERM without the right to load programs,
 * -EINVAL where the kernel runs none that are attached to nothing.
 */
int query__open(struct query **out);
/* As on a kernel without programs of type syscall. */
int query__open_old(struct query **out);
/* Do programs of type syscall answer? */
bool query__has_syscall(const struct query *q);
void query__close(struct query *q);

/*
 * Reads all pieces, as many at once as fit.  0, or a negative errno where the
 * program could not be run; q NULL: -EOPNOTSUPP.
 */
int query__read_all(struct query *q, struct memory_piece *pieces, size_t count);
/* Reads one piece.  Returns 0 or a negative errno (-EFAULT: not mapped). */
int query__read(struct query *q, uint64_t addr, void *buf, uint16_t len);

/* Who knows symbols of modules. */
struct query_modules {
	/* Fills in what addr belongs to; false where that is not known. */
	bool (*resolve)(void *ctx, uint64_t addr, struct symbol *out);
	/* Where the kernel cannot be asked.  0 or -ENOENT. */
	int (*find)(void *ctx, const char *module, const char *name, uint64_t *addr);
	void *ctx;
};

/* To be called before anything is asked about a module. */
void query__set_modules(struct query *q, const struct query_modules *modules);

/* What the addresses belong to.  0 or a negative errno. */
int query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out);
/*
 * The address of a symbol; module NULL: of the kernel itself.  -ENOENT where
 * there is none, also where kptr_restrict forbids to know.
 */
int query__find(struct query *q, const char *module, const char *name, uint64_t *addr);

/* Takes "name+0x1/0x2 [module]" apart; what is not of that form is only text. */
void symbol__parse(struct symbol *s, const char *text);

#endif /* NLB_KERNEL_QUERY_H */
