# SPDX-License-Identifier: GPL-2.0-only
#
# make            build/nfcleakbpf
# make demo       see a leak being caught in a Debian kernel booted in QEMU
# make test       everything that is tested, on this machine and in Debian kernels
# make corpus     every planted bug and innocent in both kernels, as a table
# make kernels    what works on which kernel, into docs/kernels.md
# make bench      what tracing costs, into docs/performance.md
# make deps       install what building and testing needs
# make install    PREFIX=/usr/local DESTDIR=
# make deb        a Debian package, build/deb/*.deb

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# bpftool, depmod, modinfo and chroot are where an ordinary user does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
O := build

ARCH := $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64,$(ARCH)),arm64,$(if $(filter x86_64,$(ARCH)),x86,$(ARCH)))
VMLINUX := vmlinux/$(ARCH)

V ?= 0
ifeq ($(V),0)
say = @printf '  %-8s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))';
endif

CFLAGS ?= -O2 -g
INCLUDES := -Isrc -Ibpf -I$(O) -isystem /usr/include/libnl3
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror $(INCLUDES) $(CFLAGS)
LIBS := -lbpf -lelf -lz -ljansson -lzstd -lcap -lseccomp -lnl-genl-3 -lnl-3 -lncursesw -ltinfo -lm -ldl -lpthread

# What is missing says so before the compiler does.
HEADERS := bpf/libbpf.h:libbpf-dev libelf.h:libelf-dev jansson.h:libjansson-dev \
	sys/capability.h:libcap-dev seccomp.h:libseccomp-dev zlib.h:zlib1g-dev zstd.h:libzstd-dev curses.h:libncurses-dev \
	netlink/netlink.h:libnl-genl-3-dev microhttpd.h:libmicrohttpd-dev systemd/sd-daemon.h:libsystemd-dev
PROGRAMS := $(CC):gcc $(CLANG):clang $(BPFTOOL):bpftool
BUILD_PACKAGES := gcc make scdoc clang llvm bpftool libbpf-dev libelf-dev libjansson-dev libcap-dev \
	zlib1g-dev libzstd-dev libncurses-dev libnl-genl-3-dev libmicrohttpd-dev libsystemd-dev \
	libseccomp-dev libc6-dev pkg-config
TEST_PACKAGES := libcmocka-dev libclang-rt-dev qemu-system-x86 qemu-utils \
	busybox-static cpio kmod xz-utils zstd coccinelle pahole bc flex bison libssl-dev \
	libdw-dev python3 clang-format clang-tidy shellcheck jq bpftrace groff-base mandoc procps \
	chromium protobuf-compiler python3-pyte debhelper lintian curl \
	systemd python3-prometheus-client

SRCS := $(sort $(wildcard src/*/*.c))
OBJS := $(SRCS:%.c=$(O)/%.o)
SKELS := $(O)/nfcleakbpf.skel.h $(O)/query.skel.h

.PHONY: all
all: $(O)/nfcleakbpf

$(O)/nfcleakbpf: $(OBJS)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(OBJS) $(LIBS)

$(O)/%.o: %.c | $(SKELS)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h) $(VMLINUX)/vmlinux.h | $(O)/tools-present
	$(call say,BPF,$@)$(CLANG) -O2 -g -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra \
		-Werror -I$(VMLINUX) -Ibpf -c -o $@ $<

$(O)/nfcleakbpf.skel.h: $(O)/nfcleakbpf.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name nfcleakbpf > $@.new && mv $@.new $@

$(O)/query.skel.h: $(O)/query.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name query_bpf > $@.new && mv $@.new $@

$(O)/tools-present: Makefile
	@mkdir -p $(@D)
	@missing=; \
	for p in $(PROGRAMS); do \
		command -v "$${p%%:*}" >/dev/null || missing="$$missing $${p##*:}"; \
	done; \
	for h in $(HEADERS); do \
		echo "#include <$${h%%:*}>" | $(CC) $(INCLUDES) -E - >/dev/null 2>&1 || \
			missing="$$missing $${h##*:}"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "missing:$$missing" >&2; \
		echo "install what is missing with: apt-get install$$missing   (or: make deps)" >&2; \
		exit 1; \
	fi
	@touch $@

# The HTML report's page is inside of the program.
$(O)/src/report/html.o $(O)/tests/obj/src/report/html.o \
	$(O)/tests/fuzz-obj/src/report/html.o: $(wildcard src/report/html/*)

-include $(OBJS:.o=.d)

# As root as it is, else through sudo.
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

# Installs only what is not there: a second run needs neither network nor root.
.PHONY: deps
deps:
	@missing=; \
	for p in $(BUILD_PACKAGES) $(TEST_PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
			missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] || { $(ROOT) apt-get update -qq && \
		$(ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends $$missing; }

.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory all $(O)/nfctraffic
	@tests/vm/demo

.PHONY: test
test: deps
	@tests/run

.PHONY: check
check: deps
	@tests/run quick

# The whole corpus of planted bugs and innocents: less than an hour on 2 processors.
.PHONY: corpus
corpus: deps
	@$(MAKE) --no-print-directory all $(O)/nfctraffic
	@tests/leaks/corpus

# What nfcleakbpf has and does on each kernel, into docs/kernels.md.
.PHONY: kernels
kernels: deps
	@$(MAKE) --no-print-directory all $(O)/nfctraffic
	@tests/vm/kernels

MAN := $(patsubst docs/man/%.scd,$(O)/man/%,$(wildcard docs/man/*.scd))
$(O)/man/%: docs/man/%.scd
	@command -v scdoc >/dev/null || { echo "missing: scdoc; install it with: apt-get install scdoc" >&2; exit 1; }
	$(call say,MAN,$@)mkdir -p $(@D) && scdoc < $< > $@

.PHONY: man
man: $(MAN)

.PHONY: install
install: install-program install-service install-fleet

.PHONY: install-program
install-program: all man
	install -D -m 755 $(O)/nfcleakbpf $(DESTDIR)$(PREFIX)/bin/nfcleakbpf
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 completions/nfcleakbpf.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/nfcleakbpf

.PHONY: uninstall
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/nfcleakbpf \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/nfcleakbpf \
		$(patsubst $(O)/man/%,$(DESTDIR)$(PREFIX)/share/man/man1/%,$(MAN)) \
		$(DESTDIR)$(UNITDIR)/nfcleakbpf.service $(addprefix $(DESTDIR)$(SHARE)/,alerts.yml grafana.json)

# What git tracks or would (a file is looked at before it is added), else, in a source package,
# everything but the build.
LIST_FILES = { git ls-files --cached --others --exclude-standard 2>/dev/null || \
	find . \( -path ./$(O) -o -path ./.git \) -prune -o -type f -printf '%P\n'; } | \
	while read -r f; do [ ! -f "$$f" ] || echo "$$f"; done | sort -u

C_FILES = $(shell git ls-files '*.c' '*.h' | grep -v '^vmlinux/')
.PHONY: format
format:
	clang-format -i $(C_FILES)

.PHONY: lint
lint: $(SKELS)
	@tests/lint

.PHONY: vmlinux
vmlinux:
	vmlinux/generate.py > $(VMLINUX)/vmlinux.h.new
	mv $(VMLINUX)/vmlinux.h.new $(VMLINUX)/vmlinux.h

.PHONY: clean
clean:
	rm -rf $(O)

include dist/dist.mk
include tests/vm/traffic/traffic.mk
include tests/bench/bench.mk
include tests/tests.mk
