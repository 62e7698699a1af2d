/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every unit test includes: cmocka with what it wants before it, and a
 * main() that prints TAP lines in which each test describes itself.
 */
#ifndef NLB_UNIT_H
#define NLB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

#define TEST(description, function)                     \
	{                                               \
		description, function, NULL, NULL, NULL \
	}

/* With a fresh world for each test. */
#define TEST_IN(description, function, setup, teardown)      \
	{                                                    \
		description, function, setup, teardown, NULL \
	}

/*
 * A test that fails jumps out of its middle: what it had allocated is then no
 * leak worth a page of the sanitizer's.
 */
static inline int end_of_tests(int failed)
{
	if (!failed)
		return 0;
	fflush(NULL);
	_exit(1);
}

#define UNIT_MAIN_IN(tests, setup, teardown)                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		setvbuf(stdout, NULL, _IOLBF, 0);                                                  \
		cmocka_set_message_output(CM_OUTPUT_TAP);                                          \
		return end_of_tests(cmocka_run_group_tests_name(#tests, tests, setup, teardown) != \
				    0);                                                            \
	}

#define UNIT_MAIN(tests) UNIT_MAIN_IN(tests, NULL, NULL)

/* The same numbers in every run: a failure can be repeated. */
static inline uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

#endif /* NLB_UNIT_H */
