# SPDX-License-Identifier: GPL-2.0-only
#
# The tests that need no other kernel than the one that builds: unit, replay and
# native.  Everything is built a second time for them, with the address and the
# undefined behaviour sanitizer: what the tests drive through the ledger is
# garbage on purpose.
#
#   make unit            unit and replay tests: no root, no kernel
#   make native          this machine's own kernel: needs root
#   make fuzz            fuzzers, see tests/fuzz/fuzz.mk
#   make test-programs   builds all of them, runs nothing

include tests/bench/ledger.mk

T := $(O)/tests
TEST_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror $(INCLUDES) -Itests \
	-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
TEST_LIBS := -lcmocka $(LIBS)

# All but the subcommands, which end the process on a usage error; tests of those name them.
TESTED_COMMANDS := sandbox control service standing doctor verbs
TEST_LIB := $(T)/libnfcleakbpf.a
TEST_LIB_OBJS := $(patsubst %.c,$(T)/obj/%.o,$(filter-out src/cmd/%,$(SRCS)))

UNIT_TESTS := $(patsubst tests/unit/%_test.c,$(T)/%_test,$(sort $(wildcard tests/unit/*_test.c)))
REPLAY_TESTS := $(T)/replay $(T)/fuzz
UNIT_HELPERS := $(patsubst %.c,$(T)/obj/%.o,tests/unit/fake.c tests/unit/heap.c \
	tests/unit/image.c tests/unit/scene.c tests/unit/tape.c tests/replay/player.c \
	tests/replay/script.c)
REPLAYS := $(sort $(wildcard tests/replay/*.replay))
NATIVE_TESTS := $(T)/native
SCREEN_DRIVER := $(T)/screen_driver
TEST_OBJS := $(TEST_LIB_OBJS) \
	$(patsubst %.c,$(T)/obj/%.o,$(wildcard tests/unit/*.c tests/replay/*.c tests/native/*.c \
		tests/top/*.c)) \
	$(patsubst %,$(T)/obj/src/cmd/%.o,$(TESTED_COMMANDS))

$(T)/obj/%.o: %.c | $(SKELS)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(TEST_LIB): $(TEST_LIB_OBJS)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(TEST_LIB_OBJS)

# What a test links beside its own file and the library under test.
test_link = $(call say,LINK,$@)$(CC) $(TEST_CFLAGS) $(LDFLAGS) $(1) -o $@ \
	$(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS)

$(UNIT_TESTS): $(T)/%_test: $(T)/obj/tests/unit/%_test.o $(UNIT_HELPERS) $(TEST_LIB)
	$(call test_link,$(WRAP))

comma := ,
# Every way to get memory goes through the test, which makes the N-th one fail.
$(T)/torture_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc reallocarray \
	strdup strndup asprintf open_memstream)

# A file system that has no modes.
$(T)/veil_test: WRAP := -Wl$(comma)--wrap=fchmod

# Those that are tested of the subcommands' own.
$(T)/sandbox_test: $(T)/obj/src/cmd/sandbox.o
$(T)/sandbox_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,cap_set_proc seccomp_load)

# What answers who asks, without a kernel to ask about.
$(T)/control_test: $(patsubst %,$(T)/obj/src/cmd/%.o,control service standing)
$(T)/control_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,notice__write look__bytes query__read \
	$(addprefix hooks__,nr_modules module counters level events_fd book_entries silent count at))

# What asks; as another user, with root's directory elsewhere.
$(T)/verbs_test: $(T)/obj/src/cmd/verbs.o
$(T)/verbs_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,geteuid runtime__root_path)

# A kernel that has what the test says.
$(T)/doctor_test: $(T)/obj/src/cmd/doctor.o
$(T)/doctor_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,kernel__open kernel__close \
	$(addprefix hooks__,new free nr_modules module count at))

# The kernel is a pretended one.
$(T)/hooks_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,query__resolve stat attach__program \
	attach__function arm__wait_for_programs kernel__module_symbols kernel__module_text \
	kernel__refresh_modules bpf_obj_get_info_by_fd)
$(T)/module_names_test: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,query__has_syscall \
	query__set_modules kernel__module_symbols kernel__module_text)

# Memory is read from a pretended kernel.
IMAGE_WRAP := $(patsubst %,-Wl$(comma)--wrap=query__%,find read read_all)
$(T)/slab_test: WRAP := $(IMAGE_WRAP)
$(T)/search_test: WRAP := $(IMAGE_WRAP) \
	$(patsubst %,-Wl$(comma)--wrap=%,malloc calloc reallocarray)

$(T)/replay: $(patsubst %,$(T)/obj/tests/replay/%.o,replay script player) $(TEST_LIB)
	$(call test_link)

$(T)/fuzz: $(patsubst %,$(T)/obj/tests/replay/%.o,fuzz player) $(TEST_LIB)
	$(call test_link)

$(NATIVE_TESTS): $(patsubst %.c,$(T)/obj/%.o,$(sort $(wildcard tests/native/*.c))) $(TEST_LIB)
	$(call test_link)

$(SCREEN_DRIVER): $(patsubst %,$(T)/obj/tests/%.o,top/driver replay/player unit/fake) $(TEST_LIB)
	$(call test_link)

# A short run of each fuzzer from its kept corpus; nothing of it is kept.  libFuzzer
# comes with clang (libclang-rt-dev): where it is not there, nothing is fuzzed, and that is
# said.
FUZZ_BRIEFLY ?= 5

.PHONY: fuzz-briefly
fuzz-briefly:
	@if ! echo 'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d, long n) { return n < 0 && *d; }' | \
		$(CLANG) -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null; then \
		echo "DID NOT RUN: fuzz: $(CLANG) has no libFuzzer (libclang-rt-dev)"; exit 0; \
	fi; \
	$(MAKE) --no-print-directory -s fuzz || exit 1; \
	status=0; \
	for t in $(FUZZ_TARGETS); do \
		name=$${t##*/fuzz-}; new=$$(mktemp -d); given=tests/fuzz/corpus/$$name; \
		[ -d $$given ] || given=; mkdir $$new/learnt; \
		if $$t -seed=1 -max_total_time=$(FUZZ_BRIEFLY) -timeout=10 -rss_limit_mb=1024 \
			-max_len=8192 -artifact_prefix=$(T)/$$name- $$new/learnt $$given \
			>$$new/log 2>&1; then \
			runs=$$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' $$new/log); \
			echo "ok - fuzz: $$name: nothing breaks in $$runs runs"; \
		else \
			echo "not ok - fuzz: $$name"; tail -n 40 $$new/log; status=1; \
		fi; \
		rm -r $$new; \
	done; exit $$status

.PHONY: test-programs
test-programs: $(UNIT_TESTS) $(REPLAY_TESTS) $(NATIVE_TESTS) $(SCREEN_DRIVER) $(LEDGER_BENCH)

# All of them run, whatever fails: the status says whether anything did.
.PHONY: unit
unit: $(UNIT_TESTS) $(REPLAY_TESTS) $(SCREEN_DRIVER) $(LEDGER_BENCH)
	@status=0; \
	for t in $(UNIT_TESTS); do echo "# $$t"; $$t || status=1; done; \
	echo "# $(T)/replay"; $(T)/replay $(REPLAYS) || status=1; \
	echo "# $(T)/fuzz"; $(T)/fuzz || status=1; \
	echo "# $(SCREEN_DRIVER)"; tests/top/screen_test.py $(SCREEN_DRIVER) || status=1; \
	echo "# $(LEDGER_BENCH)"; $(LEDGER_BENCH) --growth 5000000 || status=1; \
	$(MAKE) --no-print-directory -s fuzz-briefly || status=1; \
	exit $$status

.PHONY: native
native: $(NATIVE_TESTS) $(O)/nfcleakbpf $(B)/path
	@status=0; \
	$(ROOT) $(B)/path tests/bench/path.expected || status=1; \
	for t in $(NATIVE_TESTS); do echo "# $$t"; $(ROOT) $$t $(O)/nfcleakbpf || status=1; done; \
	exit $$status

-include $(TEST_OBJS:.o=.d)

include tests/fuzz/fuzz.mk
