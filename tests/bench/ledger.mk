# SPDX-License-Identifier: GPL-2.0-only
#
# Measuring the ledger, built as it is shipped, and the loader's memory.
#
#   make bench-ledger    events per second, bytes per live allocation, growth: no root, no kernel
#   make bench-memory    what the loader and its maps take in a 6.12 guest

LEDGER_BENCH := $(O)/bench/ledger

$(LEDGER_BENCH): tests/bench/ledger.c $(filter $(O)/src/ledger/% $(O)/src/util/%,$(OBJS))
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

.PHONY: bench-ledger
bench-ledger: $(LEDGER_BENCH)
	@$(LEDGER_BENCH)

.PHONY: bench-memory
bench-memory: $(O)/nfcleakbpf $(O)/nfctraffic
	@tests/vm/vm run 6.12 -- tests/bench/memory
