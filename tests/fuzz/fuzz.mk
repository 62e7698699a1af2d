# SPDX-License-Identifier: GPL-2.0-only
#
# libFuzzer targets: one for each tests/fuzz/*.c, linked with everything that the
# other tests are linked with, built once more by clang with its sanitizers.
#
#   make fuzz                     builds them: build/tests/fuzz-NAME
#   make fuzz-run                 runs each for FUZZ_SECONDS, or FUZZ_RUNS times
#   build/tests/fuzz-NAME FILE    repeats what one of them has found
#
# What they learn is kept in build/tests/fuzz-corpus/NAME for the next run; what
# is in tests/fuzz/corpus/NAME is where they begin.

FUZZ_SECONDS ?= 30
FUZZ_CFLAGS := $(filter-out -fsanitize=% -fno-sanitize-recover=%,$(TEST_CFLAGS)) \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(T)/fuzz-%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_LIB := $(T)/libfuzzed.a
FUZZ_LIB_OBJS := $(patsubst %.c,$(T)/fuzz-obj/%.o,$(filter-out src/cmd/%,$(SRCS)) \
	$(filter-out %_test.c,$(wildcard tests/unit/*.c)) tests/replay/player.c tests/replay/script.c)

$(T)/fuzz-obj/%.o: %.c | $(SKELS)
	$(call say,CC,$@)mkdir -p $(@D) && $(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(FUZZ_LIB): $(FUZZ_LIB_OBJS)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(FUZZ_LIB_OBJS)

$(FUZZ_TARGETS): $(T)/fuzz-%: $(T)/fuzz-obj/tests/fuzz/%.o $(FUZZ_LIB)
	$(call say,LINK,$@)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

.PHONY: fuzz
fuzz: $(FUZZ_TARGETS)

.PHONY: fuzz-run
fuzz-run: $(FUZZ_TARGETS)
	@for t in $(FUZZ_TARGETS); do \
		name=$${t##*/fuzz-}; learnt=$(T)/fuzz-corpus/$$name; given=tests/fuzz/corpus/$$name; \
		mkdir -p $$learnt; [ -d $$given ] || given=; \
		echo "# $$t"; \
		$$t $(if $(FUZZ_RUNS),-runs=$(FUZZ_RUNS),-max_total_time=$(FUZZ_SECONDS)) -artifact_prefix=$(T)/$$name- -verbosity=0 \
			-print_final_stats=1 $$learnt $$given || exit; \
	done

-include $(FUZZ_LIB_OBJS:.o=.d) $(patsubst %.c,$(T)/fuzz-obj/%.d,$(wildcard tests/fuzz/*.c))
