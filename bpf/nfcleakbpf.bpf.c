// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs in the kernel: filter, stamp, send.
 *
 * The programs on kmalloc and kfree run on the whole machine's allocations.
 * Until the filter in .bss has said that an event concerns a traced module
 * they make no helper call and look into no map.  An allocation concerns us
 * when its call site lies in a traced module's text; a free when the counter
 * that its address hashes to is not zero.  An skb is allocated by the core on
 * behalf of anybody, so there the question is whether the task is inside a
 * frame of the stack, and the last word has the stack itself.
 *
 * Everything that decides who leaked what is in user space (src/ledger).  The
 * one thing kept here besides the filter is the book of live allocations: when
 * the ring buffer overflows, the ledger reads the truth from it.
 *
 * raw_tp, tp_btf, fentry and fexit programs only guard against themselves; a
 * classic tracepoint or kprobe is skipped whenever any such program runs on
 * this CPU.  So memory events never use those, and what a kprobe tells is
 * checked by the ledger against what follows from memory events.  Of the first
 * two it is raw_tp, whose arguments are numbers: a tp_btf program is refused
 * the "const void *" of kmalloc and kfree (6.1, 6.12).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

char LICENSE[] SEC("license") = "GPL";

/* Set by the loader before load, so that the verifier folds it away. */
const volatile __u32 kmalloc_size_arg = 2; /* bytes_req of kmem:kmalloc; 5.18 to 6.0: 3 */
/*
 * Likewise.  Before 5.15 a kprobe cannot ask for its cookie: then the loader makes a copy
 * of its program for each hook, with the cookie in it.
 */
const volatile bool ask_cookie = true;

/* ---- allocations and frees ---- */

static __always_inline int on_kmalloc(__u64 *ctx, enum program program)
{
	__u64 site = ctx[0], third, fourth;

	if (!in_traced_text(site) || !ctx[1])
		return 0;
	/* Both read, and volatile: the verifier refuses a computed offset into
	 * ctx, which is what the compiler makes of a choice between two.
	 */
	third = *(volatile __u64 *)&ctx[2];
	fourth = *(volatile __u64 *)&ctx[3];
	return record_alloc(ctx, ctx[1], kmalloc_size_arg == 3 ? fourth : third, site,
			    NLB_KIND_OBJECT, program, current_scope());
}

SEC("raw_tp/kmalloc")
int nlb_kmalloc(__u64 *ctx)
{
	return on_kmalloc(ctx, KMALLOC);
}

/* Up to 6.0 a kmalloc with a node has its own event, with the same beginning. */
SEC("?raw_tp/kmalloc_node")
int nlb_kmalloc_node(__u64 *ctx)
{
	return on_kmalloc(ctx, KMALLOC_NODE);
}

SEC("raw_tp/kfree")
int nlb_kfree(__u64 *ctx)
{
	return may_be_booked(ctx[1]) ? record_free(ctx[1], ctx[0]) : 0;
}

/*
 * An skb's struct and head are one allocation, known by the struct's address.
 * Both tracepoints fire when the last user is gone, on every way out except a
 * direct __kfree_skb(): that is hooked itself where fentry can be had.
 */
SEC("?fexit/__alloc_skb")
int nlb_skb_alloc(__u64 *ctx)
{
	struct nlb_scope *scope;

	if (!filter.scope || !ctx[4])
		return 0;
	scope = current_scope();
	if (!scope)
		return 0;
	return record_alloc(ctx, address_of(ctx[4]), (__u32)ctx[0], 0, NLB_KIND_SKB, SKB_ALLOC,
			    scope);
}

SEC("?fexit/skb_clone")
int nlb_skb_clone(__u64 *ctx)
{
	struct nlb_scope *scope;

	if (!filter.scope || !ctx[2])
		return 0;
	scope = current_scope();
	if (!scope)
		return 0;
	return record_alloc(ctx, address_of(ctx[2]), 0, 0, NLB_KIND_SKB, SKB_CLONE, scope);
}

/*
 * A socket of the stack's family: its struct comes from the core as well, and
 * goes by kfree, since these protocols have no cache of their own.
 */
SEC("?fexit/sk_alloc")
int nlb_sock(__u64 *ctx)
{
	const __u32 pf_nfc = 39; /* include/linux/socket.h */
	struct proto *proto = (void *)ctx[3];

	if ((__u32)ctx[1] != pf_nfc || !ctx[5] || !filter.span.size)
		return 0;
	return record_alloc(ctx, address_of(ctx[5]), proto->obj_size, 0, NLB_KIND_SOCK, SOCK, NULL);
}

/* Instead of the skbs' two above where fexit is refused: the struct's own allocation. */
static __always_inline int on_cache_alloc(__u64 *ctx)
{
	struct nlb_scope *scope;
	__u64 site = ctx[0];

	if (!in_range(&filter.skb_alloc, site) && !in_range(&filter.skb_clone, site))
		return 0;
	scope = ctx[1] ? current_scope() : NULL;
	if (!scope)
		return 0;
	return record_alloc(ctx, ctx[1], 0, site, NLB_KIND_SKB, CACHE_ALLOC, scope);
}

SEC("?raw_tp/kmem_cache_alloc")
int nlb_cache_alloc(__u64 *ctx)
{
	return on_cache_alloc(ctx);
}

/* Up to 6.0 one with a node has its own event here, too. */
SEC("?raw_tp/kmem_cache_alloc_node")
int nlb_cache_alloc_node(__u64 *ctx)
{
	return on_cache_alloc(ctx);
}

SEC("?raw_tp/kmem_cache_free")
int nlb_cache_free(__u64 *ctx)
{
	return may_be_booked(ctx[1]) ? record_free(ctx[1], ctx[0]) : 0;
}

SEC("raw_tp/kfree_skb")
int nlb_kfree_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, ctx[1]) : 0;
}

SEC("raw_tp/consume_skb")
int nlb_consume_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, 0) : 0;
}

SEC("?fentry/__kfree_skb")
int nlb__kfree_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, 0) : 0;
}

/* ---- work items of traced modules ---- */

SEC("tp_btf/workqueue_execute_start")
int nlb_work_start(__u64 *ctx)
{
	struct work_struct *work = (void *)ctx[0];
	__u64 function = (__u64)work->func;

	if (!in_traced_text(function))
		return 0;
	scope__enter((__u64)work, function);
	return 0;
}

/* Told by how it began: its module may be traced no more, the work item may be gone. */
SEC("raw_tp/workqueue_execute_end")
int nlb_work_end(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 work = ctx->args[0], function;
	struct nlb_scope *s;
	__u32 key, told;

	if (!filter.scope || !*scope_slot(own_slot()))
		return 0;
	key = scope__key();
	s = scope__find(key);
	if (!s || !s->depth || s->work != work)
		return 0;
	function = s->function;
	told = s->told;
	scope__end(s, key);
	if (told)
		send_work(NLB_WORK_END, work, function);
	return 0;
}

/* ---- functions of traced modules ---- */

static __always_inline void send_return(__u64 cookie, __s64 ret)
{
	struct nlb_return *e = reserve(sizeof(*e));

	if (!e)
		return;
	fill_header(&e->h, NLB_RETURN);
	e->cookie = cookie;
	e->ret = ret;
	submit(e);
}

/* Who waits for the answer has what it is put into on the stack. */
static __always_inline bool on_stack(__u64 addr)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	__u64 stack = 0;

	bpf_core_read(&stack, sizeof(stack), &task->stack);
	return addr - stack < STACK_SIZE;
}

/* A command's user argument may itself name what it was made for (a socket). */
static __always_inline void read_inner(struct nlb_call *e)
{
	__u64 place = NLB_COOKIE_INNER(e->cookie);

	__builtin_memset(e->inner, 0, sizeof(e->inner));
	if (!place)
		return;
	place--;
	barrier_var(place); /* or 6.1 does not believe what is checked of it */
	if (place >= NLB_ARGS)
		return;
	bpf_probe_read_kernel(e->inner, sizeof(e->inner), (void *)e->args[place]);
	if (on_stack(e->args[place]))
		e->h.flags |= NLB_F_ON_STACK;
}

static __always_inline __u64 cookie_of(void *ctx)
{
	__u64 cookie;

	if (ask_cookie)
		return bpf_get_attach_cookie(ctx);
	asm volatile("%0 = %1 ll" : "=r"(cookie) : "i"(NLB_COOKIE_PLACE));
	return cookie;
}

/* A call's arguments go out raw: which one is what, is the subsystem table's. */
static __always_inline int send_call(struct pt_regs *ctx)
{
	struct nlb_call *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, NLB_CALL);
	e->cookie = cookie_of(ctx);
	e->args[0] = PT_REGS_PARM1(ctx);
	e->args[1] = PT_REGS_PARM2(ctx);
	e->args[2] = PT_REGS_PARM3(ctx);
	e->args[3] = PT_REGS_PARM4(ctx);
	e->args[4] = PT_REGS_PARM5(ctx);
#if defined(__TARGET_ARCH_x86)
	/* The sixth in r9, the seventh and on on the stack above the return address. */
	e->args[5] = ctx->r9;
	__builtin_memset(&e->args[6], 0, 3 * sizeof(e->args[6]));
	bpf_probe_read_kernel(&e->args[6], 3 * sizeof(e->args[6]), (void *)PT_REGS_SP(ctx) + 8);
#elif defined(__TARGET_ARCH_arm64)
	e->args[5] = ((struct user_pt_regs *)ctx)->regs[5];
	e->args[6] = ((struct user_pt_regs *)ctx)->regs[6];
	e->args[7] = ((struct user_pt_regs *)ctx)->regs[7];
	e->args[8] = 0;
	bpf_probe_read_kernel(&e->args[8], sizeof(e->args[8]), (void *)PT_REGS_SP(ctx));
#else
#error "say where the sixth and further arguments are on this architecture"
#endif
	read_inner(e);
	submit(e);
	return 0;
}

/* A function whose call is a fact, but no frame of its own. */
SEC("kprobe")
int nlb_call(struct pt_regs *ctx)
{
	return send_call(ctx);
}

/* A function through which a task enters the stack. */
SEC("kprobe")
int nlb_enter(struct pt_regs *ctx)
{
	scope__enter(0, cookie_of(ctx));
	return send_call(ctx);
}

SEC("kretprobe")
int nlb_leave(struct pt_regs *ctx)
{
	scope__exit();
	send_return(cookie_of(ctx), PT_REGS_RC(ctx));
	return 0;
}

/* The same three for fentry and fexit; the loader makes a copy for each function. */

static __always_inline int send_call_of(void *ctx)
{
	struct nlb_call *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, NLB_CALL);
	e->cookie = bpf_get_attach_cookie(ctx);
	for (__u32 i = 0; i < NLB_ARGS; i++) {
		__u64 value = 0;

		bpf_get_func_arg(ctx, i, &value);
		e->args[i] = value;
	}
	read_inner(e);
	submit(e);
	return 0;
}

static __always_inline int send_return_of(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	send_return(bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("?fentry/__kfree_skb")
int nlb_f_call(void *ctx)
{
	return send_call_of(ctx);
}

SEC("?fentry/__kfree_skb")
int nlb_f_enter(void *ctx)
{
	scope__enter(0, bpf_get_attach_cookie(ctx));
	return send_call_of(ctx);
}

SEC("?fexit/__kfree_skb")
int nlb_f_leave(void *ctx)
{
	scope__exit();
	return send_return_of(ctx);
}

/* ---- modules ---- */

static __always_inline int send_module(struct module *mod, __u32 type)
{
	struct nlb_module *e;

	/* Before anything of it runs, or is there no more. */
	__sync_fetch_and_add(&generation, 1);
	e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, type);
	bpf_probe_read_kernel_str(e->name, sizeof(e->name), mod->name);
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("?tp_btf/module_load")
int nlb_mod_load(__u64 *ctx)
{
	return send_module((void *)ctx[0], NLB_MODULE_LOAD);
}

SEC("?tp_btf/module_free")
int nlb_mod_free(__u64 *ctx)
{
	return send_module((void *)ctx[0], NLB_MODULE_FREE);
}
