// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many BPF instructions run when an event is nobody's business?
 *
 * Nearly all of a machine's allocations and frees are not the NFC stack's, so what the programs do
 * until they know is what tracing costs everybody.  This loads them into the running kernel, reads
 * back what the verifier made of them, and walks each program from its entry to its exit for such
 * an event, counting. It fails where a program takes more steps than tests/bench/path.expected
 * allows, or calls a helper on the way: so a change that makes the hot path longer has to say so in
 * that file.
 *
 *   path FILE            compares; needs root
 *   path --update FILE   writes the file anew
 *
 * A program on a function's entry or exit is loaded as one on a tracepoint, since not every kernel
 * has the former; what the verifier makes of it is the same.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "nfcleakbpf.skel.h"

#define ALLOWANCE 2 /* instructions: another compiler, another kernel's verifier */
#define MAX_STEPS 4096
#define CTX_WORDS 12

/* Addresses of nothing: text outside of all modules, an object that no book knows. */
#define SITE   0xffffffff81234567ULL
#define OBJECT 0xffff888012345680ULL

/* What a work item begins with is read through a typed pointer; its function lies in no module. */
static uint64_t work[16];

static const struct path {
	const char *program;
	uint64_t ctx[CTX_WORDS];
	uint32_t scope; /* tasks inside a frame of the stack */
	const char *when;
} paths[] = {
	{ "nlb_kmalloc", { SITE, OBJECT, 64, 64 }, 0, "an allocation from elsewhere" },
	{ "nlb_kfree", { SITE, OBJECT }, 0, "a free of another's object" },
	{ "nlb_skb_alloc", { 64, 0, 0, 0, OBJECT }, 0, "an skb, nobody inside the stack" },
	{ "nlb_skb_clone", { OBJECT, 0, OBJECT }, 0, "a clone, nobody inside the stack" },
	{ "nlb_kfree_skb", { OBJECT, SITE }, 0, "a drop of another's skb" },
	{ "nlb_consume_skb", { OBJECT, SITE }, 0, "another's skb is consumed" },
	{ "nlb__kfree_skb", { OBJECT }, 0, "another's skb is freed" },
	{ "nlb_cache_alloc", { SITE, OBJECT }, 0, "without fexit: an object that is no skb" },
	{ "nlb_cache_free", { SITE, OBJECT }, 0, "without fentry: a free of another's object" },
	{ "nlb_work_start", { (uintptr_t)work }, 0, "another's work item begins" },
	{ "nlb_work_end", { OBJECT, SITE }, 0, "another's work item ends" },
};

#define NR_PATHS (sizeof(paths) / sizeof(*paths))

/* ---- walking a program ---- */

struct walk {
	uint64_t r[11];
	uint64_t stack[64];
	struct nfcleakbpf *skel;
	unsigned steps;
	char error[96];
};

static uint64_t alu(uint8_t op, uint64_t a, uint64_t b, unsigned bits, bool *known)
{
	b = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH ? b & (bits - 1) : b;
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return a >> b;
	case BPF_ARSH:
		return bits == 64 ? (uint64_t)((int64_t)a >> b) : (uint64_t)((int32_t)a >> b);
	case BPF_MOV:
		return b;
	case BPF_NEG:
		return -a;
	default:
		*known = false;
		return 0;
	}
}

static bool jumps(uint8_t op, uint64_t a, uint64_t b, bool wide, bool *known)
{
	int64_t sa = wide ? (int64_t)a : (int32_t)a, sb = wide ? (int64_t)b : (int32_t)b;

	a = wide ? a : (uint32_t)a;
	b = wide ? b : (uint32_t)b;
	switch (op) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		*known = false;
		return false;
	}
}

static size_t size_of(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* Where a map's value is mapped here, by the id that the kernel writes into the instruction. */
static uint64_t value_address(const struct walk *w, uint32_t id, uint32_t offset)
{
	const struct {
		const struct bpf_map *map;
		void *memory;
	} known[] = { { w->skel->maps.bss, w->skel->bss },
		      { w->skel->maps.rodata, w->skel->rodata } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct bpf_map_info info = { 0 };
		__u32 len = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_map__fd(known[i].map), &info, &len) &&
		    info.id == id)
			return (uintptr_t)known[i].memory + offset;
	}
	return 0;
}

/* A program that looks at anything else on its way is one to look at. */
static bool readable(const struct walk *w, uint64_t addr, size_t size)
{
	const struct {
		const void *start;
		size_t size;
	} known[] = { { w->skel->bss, sizeof(*w->skel->bss) },
		      { w->skel->rodata, sizeof(*w->skel->rodata) },
		      { paths, sizeof(paths) },
		      { work, sizeof(work) },
		      { w->stack, sizeof(w->stack) } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (addr - (uintptr_t)known[i].start <= known[i].size - size)
			return true;
	return false;
}

/* Returns how far to go on from this instruction, or 0 at the end and on an error. */
static int step(struct walk *w, const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code), op = BPF_OP(i->code);
	uint64_t source = BPF_SRC(i->code) == BPF_X ? w->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
	uint64_t *to = &w->r[i->dst_reg];
	bool known = true;

	switch (class) {
	case BPF_ALU64:
		*to = alu(op, *to, source, 64, &known);
		known &= !i->off;
		break;
	case BPF_ALU:
		*to = (uint32_t)alu(op, (uint32_t)*to, (uint32_t)source, 32, &known);
		known &= !i->off;
		break;
	case BPF_LD:
		known = i->code == (BPF_LD | BPF_IMM | BPF_DW);
		*to = (uint64_t)(uint32_t)i[1].imm << 32 | (uint32_t)i->imm;
		if (i->src_reg == BPF_PSEUDO_MAP_VALUE)
			*to = value_address(w, (uint32_t)i->imm, (uint32_t)i[1].imm);
		known &= *to && (!i->src_reg || i->src_reg == BPF_PSEUDO_MAP_VALUE);
		if (known)
			return 2;
		break;
	case BPF_LDX:
		source = w->r[i->src_reg] + (uint64_t)i->off;
		known = BPF_MODE(i->code) == BPF_MEM && readable(w, source, size_of(i->code));
		*to = 0;
		if (known)
			memcpy(to, (const void *)(uintptr_t)source, size_of(i->code));
		break;
	case BPF_ST:
	case BPF_STX:
		source = class == BPF_ST ? (uint64_t)(int64_t)i->imm : w->r[i->src_reg];
		known = BPF_MODE(i->code) == BPF_MEM && i->dst_reg == 10 && i->off < 0 &&
			i->off >= -(int)sizeof(w->stack);
		if (known)
			memcpy((char *)(uintptr_t)*to + i->off, &source, size_of(i->code));
		break;
	default:
		if (op == BPF_EXIT)
			return 0;
		if (op == BPF_CALL) {
			snprintf(w->error, sizeof(w->error), "calls helper %d", i->imm);
			return 0;
		}
		if (jumps(op, *to, source, class == BPF_JMP, &known))
			return 1 + (class == BPF_JMP32 && op == BPF_JA ? i->imm : i->off);
	}
	if (known)
		return 1;
	snprintf(w->error, sizeof(w->error), "an instruction that is not expected there: %#x",
		 i->code);
	return 0;
}

/* Counts the steps from entry to exit; 0 with w->error set where that cannot be done. */
static unsigned count(struct walk *w, const struct path *path)
{
	struct bpf_program *p = bpf_object__find_program_by_name(w->skel->obj, path->program);
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	struct bpf_insn *code = NULL;
	size_t at = 0, insns;
	int next = 1;

	if (!p || bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
		goto out;
	insns = info.xlated_prog_len / sizeof(*code);
	code = calloc(insns + 1, sizeof(*code));
	len = info.xlated_prog_len;
	memset(&info, 0, sizeof(info));
	info.xlated_prog_insns = (uintptr_t)code;
	info.xlated_prog_len = len;
	len = sizeof(info);
	if (!code || bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) ||
	    !info.xlated_prog_insns)
		goto out;
	w->r[1] = (uintptr_t)path->ctx;
	w->r[10] = (uintptr_t)(w->stack + 64);
	for (w->steps = 0; next && w->steps < MAX_STEPS && at < insns;
	     at += (size_t)(ssize_t)next) {
		next = step(w, &code[at]);
		w->steps++;
	}
	if (next && !*w->error)
		snprintf(w->error, sizeof(w->error), "does not come to its end");
	free(code);
	return *w->error ? 0 : w->steps;
out:
	free(code);
	snprintf(w->error, sizeof(w->error), "cannot be read back from the kernel");
	return 0;
}

/* ---- the programs ---- */

static struct nfcleakbpf *load(void)
{
	struct nfcleakbpf *skel;
	struct bpf_program *p;

	if (libbpf_register_prog_handler("fentry+", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL) < 0 ||
	    libbpf_register_prog_handler("fexit+", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL) < 0)
		return NULL;
	skel = nfcleakbpf__open();
	if (!skel)
		return NULL;
	bpf_object__for_each_program (p, skel->obj) {
		bool wanted = false;

		for (size_t i = 0; i < NR_PATHS; i++)
			wanted |= !strcmp(bpf_program__name(p), paths[i].program);
		bpf_program__set_autoload(p, wanted);
	}
	if (nfcleakbpf__load(skel)) {
		nfcleakbpf__destroy(skel);
		return NULL;
	}
	return skel;
}

/* Armed, with three modules and nothing on the books. */
static void arm(struct nlb_filter *f)
{
	for (unsigned i = 0; i < 3; i++)
		f->ranges[i] = (struct nlb_range){ 0xffffffffc0100000ULL + i * 0x20000, 0x10000 };
	f->span = (struct nlb_range){ 0xffffffffc0100000ULL, 0x50000 };
}

/* What the file allows, 0: it does not know the program. */
static unsigned expected(const char *file, const char *program)
{
	FILE *f = fopen(file, "r");
	char line[160], name[64];
	unsigned n, found = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %u", name, &n) == 2 && !strcmp(name, program))
			found = n;
	if (f)
		fclose(f);
	return found;
}

static bool check(const char *file, const struct path *path, const struct walk *w, unsigned steps)
{
	unsigned allowed = expected(file, path->program);
	bool good = steps && allowed && steps <= allowed + ALLOWANCE;

	printf("%s - path: %s: %s: ", good ? "ok" : "not ok", path->program, path->when);
	if (!steps)
		printf("%s\n", w->error);
	else
		printf("%u instructions, %u recorded\n", steps, allowed);
	if (steps && steps + ALLOWANCE < allowed)
		printf("# fewer than recorded: tests/bench/path --update\n");
	return good;
}

int main(int argc, char **argv)
{
	bool update = argc == 3 && !strcmp(argv[1], "--update");
	const char *file = argv[argc - 1];
	int status = 0;
	FILE *out = NULL;
	struct walk w;

	if (argc != 2 && !update) {
		fprintf(stderr, "usage: path [--update] FILE\n");
		return 2;
	}
	w.skel = load();
	if (!w.skel) {
		printf("not ok - path: the programs are loaded # %s\n", strerror(errno));
		return 1;
	}
	if (update) {
		out = fopen(file, "w");
		if (!out)
			return 1;
		fprintf(out,
			"# SPDX-License-Identifier: GPL-2.0-only\n"
			"# BPF instructions until an event is known to be nobody's business: see "
			"tests/bench/path.c\n");
	}
	arm(&w.skel->bss->filter);
	work[3] = SITE;
	for (size_t i = 0; i < NR_PATHS; i++) {
		struct nfcleakbpf *skel = w.skel;
		unsigned steps;

		memset(&w, 0, sizeof(w));
		w.skel = skel;
		skel->bss->filter.scope = paths[i].scope;
		steps = count(&w, &paths[i]);
		if (out)
			fprintf(out, "%-16s %3u  %s\n", paths[i].program, steps, paths[i].when);
		else if (!check(file, &paths[i], &w, steps))
			status = 1;
	}
	if (out && fclose(out))
		status = 1;
	nfcleakbpf__destroy(w.skel);
	return status;
}
