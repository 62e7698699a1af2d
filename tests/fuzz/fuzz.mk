# SPDX-License-Identifier: GPL-2.0-only
#
# Fuzzers (libFuzzer, which comes with clang): each has a list of the sources under test.
#
#   make fuzz-control [FUZZ_SECONDS=60]

FUZZ_SECONDS ?= 60
FUZZ_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Isrc -Ibpf -I$(O) -Itests -O1 -g \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz_control := src/serve/line.c src/serve/server.c src/util/duration.c

$(O)/fuzz/control: tests/fuzz/control.c $(fuzz_control) $(wildcard src/serve/*.h src/util/*.h)
	$(call say,FUZZ,$@)mkdir -p $(@D) && $(CLANG) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^)

# New inputs are kept in the first folder, those that found something beside the program.
.PHONY: fuzz-control
fuzz-control: $(O)/fuzz/control
	@mkdir -p $(O)/fuzz/control-corpus
	$(O)/fuzz/control -max_total_time=$(FUZZ_SECONDS) -max_len=600 -print_final_stats=1 \
		-artifact_prefix=$(O)/fuzz/control- $(O)/fuzz/control-corpus tests/fuzz/control-seeds
