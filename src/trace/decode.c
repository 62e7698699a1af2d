// SPDX-License-Identifier: GPL-2.0-only
/*
 * From records to events.
 */
#include "trace/decode.h"

#include <string.h>

/* Where code may lie: x86 Documentation/arch/x86/x86_64/mm.rst, else any kernel address. */
#if defined(__x86_64__)
#define TEXT_START 0xffffffff80000000ULL
#else
#define TEXT_START 0xffff800000000000ULL
#endif

const struct arguments *hook_meaning__arguments(const struct hook_meaning *meaning)
{
	return meaning->arguments ? meaning->arguments
				  : &meaning->subsystem->arguments[meaning->role];
}

static uint64_t arg(const struct nlb_call *call, int8_t place)
{
	return place == NO_ARG ? 0 : call->args[place - 1];
}

/*
 * A user argument that carries a callback of its own (struct digital_data_exch:
 * cb, cb_context) names it among its first words.
 */
static void decode_inner(const struct nlb_call *call, struct names *names, struct event *out)
{
	_Static_assert(EVENT_INNER == NLB_INNER, "all that is sent");
	for (size_t i = 0; i < EVENT_INNER; i++) {
		uint64_t word = call->inner[i];
		uint32_t function;

		out->submit.inner[i] = word;
		if (out->submit.upper || word < TEXT_START)
			continue;
		function = names__function(names, word);
		if (names__module_traced(names, names__module(names, function)))
			out->submit.upper = function;
	}
}

static void decode_submit(const struct nlb_call *call, const struct hook_meaning *meaning,
			  struct names *names, struct event *out)
{
	const struct subsystem *s = meaning->subsystem;
	const struct arguments *place = hook_meaning__arguments(meaning);

	out->type = EVENT_SUBMIT;
	out->submit.device = arg(call, place->device);
	out->submit.argument = arg(call, place->argument);
	out->submit.request = arg(call, place->request);
	out->submit.params = arg(call, place->params);
	out->submit.callback = names__function(names, arg(call, place->callback));
	out->submit.function = meaning->function;
	/* Registers hold more than a u16 or u8 argument. */
	out->submit.timeout_ms = (uint16_t)arg(call, place->timeout);
	if (place->timeout == NO_ARG)
		out->submit.timeout_ms = s->timeout_ms;
	out->submit.command_type = (uint8_t)arg(call, place->type);
	out->submit.anonymous = s->arguments[HOOK_CALLBACK].device == NO_ARG;
	out->submit.on_stack = !!(call->h.flags & NLB_F_ON_STACK);
	decode_inner(call, names, out);
}

static enum decoded decode_call(const struct nlb_call *call, const struct hook_meaning *meaning,
				struct names *names, struct event *out)
{
	static const enum event_type of_handle[NR_HOOK_ROLES] = {
		[HOOK_HANDLE] = EVENT_HANDLE,
		[HOOK_DISPATCH] = EVENT_DISPATCH,
		[HOOK_ABORT] = EVENT_ABORT,
	};
	const struct arguments *place = hook_meaning__arguments(meaning);

	switch (meaning->role) {
	case HOOK_FRAME:
		out->type = EVENT_ENTER;
		out->frame.function = meaning->function;
		return DECODED_EVENT;
	case HOOK_SUBMIT:
		decode_submit(call, meaning, names, out);
		return DECODED_EVENT;
	case HOOK_COMPLETE:
		out->type = EVENT_COMPLETE;
		out->complete.device = arg(call, place->device);
		out->complete.command = arg(call, place->command);
		out->complete.response = arg(call, place->response);
		return DECODED_EVENT;
	case HOOK_CALLBACK:
		out->type = EVENT_CALLBACK;
		out->callback.device = arg(call, place->device);
		out->callback.argument = arg(call, place->argument);
		out->callback.response = arg(call, place->response);
		out->callback.callback = meaning->function;
		return DECODED_EVENT;
	case HOOK_HANDLE:
	case HOOK_DISPATCH:
	case HOOK_ABORT:
		out->type = of_handle[meaning->role];
		out->handle.handle = arg(call, place->command);
		out->handle.request = arg(call, place->request);
		out->handle.response = arg(call, place->response);
		return DECODED_EVENT;
	case NR_HOOK_ROLES:
		break;
	}
	return DECODED_BROKEN;
}

void decode__comm(char out[NLB_COMM_LEN], const char comm[NLB_COMM_LEN])
{
	size_t i;

	for (i = 0; i < NLB_COMM_LEN - 1 && comm[i]; i++)
		out[i] = comm[i] >= ' ' && comm[i] <= '~' ? comm[i] : '?';
	memset(out + i, 0, NLB_COMM_LEN - i);
}

static void decode_return(const struct nlb_return *r, const struct hook_meaning *meaning,
			  struct event *out)
{
	switch (meaning->role) {
	case HOOK_SUBMIT:
		out->type = EVENT_SUBMIT_RETURN;
		/* An int: the upper half of the register is not its. */
		out->submit_return.ret = (int32_t)r->ret;
		return;
	case HOOK_DISPATCH:
		out->type = EVENT_DISPATCHED;
		return;
	case HOOK_ABORT:
		out->type = EVENT_ABORTED;
		return;
	default:
		out->type = EVENT_LEAVE;
		out->frame.function = meaning->function;
	}
}

/* The record may end before its stack. */
static void decode_alloc(const struct nlb_alloc *a, size_t size, const struct skb_sizes *sizes,
			 struct names *names, struct event *out)
{
	size_t depth = a->stack_size > 0 ? (size_t)a->stack_size / sizeof(a->stack[0]) : 0;

	out->type = EVENT_ALLOC;
	out->alloc.addr = a->addr;
	out->alloc.size = a->size;
	out->alloc.kind = a->kind == NLB_KIND_SOCK ? EVENT_KIND_SOCK : EVENT_KIND_OBJECT;
	if (a->kind == NLB_KIND_SKB) {
		/* __alloc_skb(): the data is aligned and followed by
		 * skb_shared_info; a clone has a struct only.
		 */
		out->alloc.kind = EVENT_KIND_SKB;
		out->alloc.size = sizes->skb;
		if (a->size)
			out->alloc.size += ((a->size + sizes->alignment - 1) &
					    ~(uint64_t)(sizes->alignment - 1)) +
					   sizes->overhead;
	}
	out->alloc.stack_left_out = !!(a->h.flags & NLB_F_NO_STACK);
	if (size < sizeof(*a))
		depth = 0;
	if (depth > NLB_STACK_DEPTH)
		depth = NLB_STACK_DEPTH;
	while (depth && !a->stack[depth - 1])
		depth--;
	/* Else each would be a stack of its own, and one by the site of whom it interrupted. */
	if (a->h.flags & NLB_F_IRQ)
		depth = names__interrupt_depth(names, (const uint64_t *)a->stack, depth, a->site);
	if (a->h.flags & NLB_F_KNOWN_STACK)
		out->alloc.stack = names__stack_at(names, NLB_KNOWN_NUMBER(a->h.flags))
					   ? NLB_KNOWN_NUMBER(a->h.flags)
					   : NAME_NONE;
	else
		out->alloc.stack = names__stack(names, (const uint64_t *)a->stack, depth, a->site);
	out->alloc.caller = names__function(names, a->site);
	decode__comm(out->alloc.comm, a->comm);
}

enum decoded decode(const void *record, size_t size, const struct hook_meaning *meaning,
		    const struct skb_sizes *sizes, struct names *names, struct event *out)
{
	static const size_t sizes_of[] = {
		[NLB_ALLOC] = NLB_ALLOC_SHORT,
		[NLB_FREE] = sizeof(struct nlb_free),
		[NLB_CALL] = sizeof(struct nlb_call),
		[NLB_RETURN] = sizeof(struct nlb_return),
		[NLB_WORK_START] = sizeof(struct nlb_work),
		[NLB_WORK_END] = sizeof(struct nlb_work),
		[NLB_MODULE_LOAD] = sizeof(struct nlb_module),
		[NLB_MODULE_FREE] = sizeof(struct nlb_module),
	};
	const struct nlb_header *h = record;
	const struct nlb_return *r = record;
	const struct nlb_work *w = record;
	const struct nlb_free *f = record;

	if (size < sizeof(*h) || !h->type || h->type >= sizeof(sizes_of) / sizeof(*sizes_of) ||
	    size < sizes_of[h->type])
		return DECODED_BROKEN;
	if (h->type == NLB_ALLOC && size < sizeof(struct nlb_alloc) &&
	    !(h->flags & (NLB_F_NO_STACK | NLB_F_KNOWN_STACK)))
		return DECODED_BROKEN;

	memset(out, 0, sizeof(*out));
	out->time = h->time;
	out->tid = h->tid;
	out->irq = h->flags & NLB_F_IRQ;

	switch (h->type) {
	case NLB_ALLOC:
		decode_alloc(record, size, sizes, names, out);
		return DECODED_EVENT;
	case NLB_FREE:
		out->type = EVENT_FREE;
		out->free.addr = f->addr;
		out->free.born = f->born;
		out->free.caller = names__function(names, f->site);
		out->free.healed = h->flags & NLB_F_HEALED;
		return DECODED_EVENT;
	case NLB_CALL:
		return meaning ? decode_call(record, meaning, names, out) : DECODED_OTHER;
	case NLB_RETURN:
		if (!meaning)
			return DECODED_OTHER;
		decode_return(r, meaning, out);
		return DECODED_EVENT;
	case NLB_WORK_START:
	case NLB_WORK_END:
		out->type = h->type == NLB_WORK_START ? EVENT_ENTER : EVENT_LEAVE;
		out->frame.function = names__function(names, w->function);
		out->frame.outermost = true;
		return DECODED_EVENT;
	default:
		return DECODED_OTHER;
	}
}
