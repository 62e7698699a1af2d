# SPDX-License-Identifier: GPL-2.0-only
#
# What a machine of a fleet wants beside the program: the systemd unit, its options, alert rules and a
# dashboard, and all of it as a Debian package.
#
#   make deb    build/deb/nfcleakbpf_VERSION_ARCH.deb

UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc
SHARE := $(PREFIX)/share/nfcleakbpf
VERSION := $(shell sed -n 's/.*NFCLEAKBPF_VERSION "\(.*\)"/\1/p' src/version.h)

# PREFIX may be another one the next time.
.PHONY: $(O)/nfcleakbpf.service
$(O)/nfcleakbpf.service: dist/nfcleakbpf.service.in
	@mkdir -p $(@D) && sed 's|@BINDIR@|$(PREFIX)/bin|' $< > $@

# The options are the administrator's: what is there stays.
.PHONY: install-service
install-service: $(O)/nfcleakbpf.service
	install -D -m 644 $(O)/nfcleakbpf.service $(DESTDIR)$(UNITDIR)/nfcleakbpf.service
	[ -e $(DESTDIR)$(SYSCONFDIR)/default/nfcleakbpf ] || \
		install -D -m 644 dist/nfcleakbpf.default $(DESTDIR)$(SYSCONFDIR)/default/nfcleakbpf

.PHONY: install-fleet
install-fleet:
	install -d $(DESTDIR)$(SHARE)
	install -m 644 dist/alerts.yml dist/grafana.json $(DESTDIR)$(SHARE)

# A copy of the sources, so that the package has nothing else in it, and nothing of it lies around.
.PHONY: deb
deb:
	@command -v dh >/dev/null || { echo "missing: debhelper; install it with: apt-get install debhelper" >&2; exit 1; }
	@rm -rf $(O)/deb && mkdir -p $(O)/deb/nfcleakbpf-$(VERSION)
	@$(LIST_FILES) | tar -c -T - | tar -x -C $(O)/deb/nfcleakbpf-$(VERSION)
	@cd $(O)/deb/nfcleakbpf-$(VERSION) && \
		env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b $(DEBFLAGS) >../build.log 2>&1 || \
		{ tail -n 40 ../build.log; exit 1; }
	@rm -rf $(O)/deb/nfcleakbpf-$(VERSION)
	@echo $(O)/deb/nfcleakbpf_*.deb
