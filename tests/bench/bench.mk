# SPDX-License-Identifier: GPL-2.0-only
#
# What tracing costs; see docs/performance.md.
#
#   make bench           in a Debian kernel and on this machine's own; needs root for the latter, and a quarter of an hour
#   make bench-programs  builds what it runs, runs nothing

B := $(O)/bench
$(B)/micro: tests/bench/micro.c
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $<

$(B)/empty.bpf.o: tests/bench/empty.bpf.c $(VMLINUX)/vmlinux.h
	$(call say,BPF,$@)mkdir -p $(@D) && $(CLANG) -O2 -g -target bpf -D__TARGET_ARCH_$(BPF_ARCH) \
		-Wall -Wextra -Wno-unused-parameter -Werror -I$(VMLINUX) -c -o $@ $<

$(B)/empty.skel.h: $(B)/empty.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name empty > $@.new && mv $@.new $@

$(B)/empty: tests/bench/empty.c $(B)/empty.skel.h
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -I$(B) $(LDFLAGS) -o $@ $< $(LIBS)

$(B)/kmem: tests/bench/kmem.c $(filter-out $(O)/src/cmd/%,$(OBJS))
	$(call say,LINK,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: bench-programs
bench-programs: $(B)/micro $(B)/empty $(B)/kmem $(B)/path

.PHONY: bench
bench: deps
	@$(MAKE) --no-print-directory all $(O)/nfctraffic bench-programs
	@tests/bench/bench

# What the hot programs do, in instructions; also run by "make native".
$(B)/path: tests/bench/path.c $(SKELS)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(LIBS)

.PHONY: path
path: $(B)/path
	@$(ROOT) $(B)/path tests/bench/path.expected
