// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing a hook's cookie into a copy of its program.
 */
#include "unit/unit.h"

#include <linux/bpf.h>

#include "events.h"
#include "hooks/clone.h"

#define LOAD (BPF_LD | BPF_IMM | BPF_DW)

static void load(struct bpf_insn *insns, uint64_t value, unsigned source)
{
	insns[0] = (struct bpf_insn){ .code = LOAD, .dst_reg = 1, .imm = (int32_t)value };
	insns[0].src_reg = source & 15;
	insns[1] = (struct bpf_insn){ .imm = (int32_t)(value >> 32) };
}

static void written(void **state)
{
	const uint64_t cookie = NLB_COOKIE(0x12345, 6);
	struct bpf_insn insns[12] = { 0 }, before[12];

	(void)state;
	load(insns, NLB_COOKIE_PLACE, 0);
	/* Not these: another number, half of it right; an address in a map; half an instruction. */
	load(insns + 2, NLB_COOKIE_PLACE ^ 1, 0);
	load(insns + 4, NLB_COOKIE_PLACE, BPF_PSEUDO_MAP_VALUE);
	load(insns + 6, NLB_COOKIE_PLACE ^ 1ULL << 40, 0);
	load(insns + 9, NLB_COOKIE_PLACE, 0);
	insns[11].code = LOAD;
	insns[11].imm = (int32_t)NLB_COOKIE_PLACE;
	memcpy(before, insns, sizeof(before));
	assert_int_equal(clone__write_cookie(insns, 12, cookie), 2);
	for (unsigned i = 0; i < 12; i++) {
		bool changed = i == 0 || i == 1 || i == 9 || i == 10;

		assert_int_equal(memcmp(&insns[i], &before[i], sizeof(*insns)) != 0, changed);
		assert_int_equal(insns[i].code, before[i].code);
	}
	assert_int_equal(insns[0].imm, 0x12345);
	assert_int_equal(insns[1].imm, 7);
	assert_int_equal(insns[9].imm, 0x12345);
	assert_int_equal(insns[10].imm, 7);
	/* It is not there any more. */
	assert_int_equal(clone__write_cookie(insns, 12, cookie), 0);
	assert_int_equal(clone__write_cookie(insns, 0, cookie), 0);
}

static const struct CMUnitTest clone[] = {
	TEST("clone: the cookie is written where it belongs", written),
};

UNIT_MAIN(clone)
