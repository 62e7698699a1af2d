/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this process itself costs, from /proc/self.
 */
#ifndef NLB_SELF_H
#define NLB_SELF_H

#include <stdint.h>

/* Resident memory in bytes, 0 where it cannot be told. */
uint64_t self__resident(void);
/* The most that it ever was. */
uint64_t self__peak(void);
/* Processor time of all threads, in nanoseconds. */
uint64_t self__cpu_ns(void);
/* When the process started, in nanoseconds since the epoch. */
uint64_t self__started(void);
/* Memory of all BPF maps that this process has open, in bytes. */
uint64_t self__map_bytes(void);
/* Bytes in a ring buffer, by the map's fd, that are not read yet; 0 where it cannot be told. */
uint64_t self__ring_used(int map_fd);

/* The number after "NAME:" at the start of a line of text; 0: there is none. */
uint64_t self__field(const char *text, const char *name);

#endif /* NLB_SELF_H */
