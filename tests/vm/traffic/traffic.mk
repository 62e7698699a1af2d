# SPDX-License-Identifier: GPL-2.0-only
#
# How nfctraffic is built.  It is apart from the tool's own build because it is
# a test program with a library of its own (libnl).  The top Makefile includes
# it below its first rule; "make -f tests/vm/traffic/traffic.mk" works too.

TRAFFIC_DIR := tests/vm/traffic
TRAFFIC_SRCS := abuse.c cmd.c device.c hci.c nci.c nfctraffic.c nl.c raw.c readers.c session.c tag.c usbip.c util.c
TRAFFIC_OBJS := $(TRAFFIC_SRCS:%.c=build/traffic/%.o)
TRAFFIC_PKG := libnl-genl-3.0
TRAFFIC_CFLAGS = -std=gnu17 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE \
	$(shell pkg-config --cflags $(TRAFFIC_PKG))
TRAFFIC_LIBS = $(shell pkg-config --libs $(TRAFFIC_PKG))

build/nfctraffic: $(TRAFFIC_OBJS)
	$(CC) $(LDFLAGS) -o $@ $(TRAFFIC_OBJS) $(TRAFFIC_LIBS)

build/traffic/%.o: $(TRAFFIC_DIR)/%.c $(TRAFFIC_DIR)/traffic.mk
	@mkdir -p $(@D)
	$(CC) $(TRAFFIC_CFLAGS) -MMD -MP -c -o $@ $<

-include $(TRAFFIC_OBJS:.o=.d)
