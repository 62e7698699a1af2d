/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings that people write: one event or expectation a line.
 *
 *   # the first comment tells the story
 *   config grace=1 min-age=5              seconds; before the first event
 *   config search=unreferenced            memory can be searched, and this is
 *                                         what is found where nothing else is said
 *   0.000 enter tid=41 in=digital_wq_poll outermost
 *   0.001 alloc tid=41 addr=arg size=8 in=digital_tg_listen_nfcf [skb|sock] [irq]
 *   0.002 submit tid=41 dev=d0 arg=arg req=null params=null cb=digital_tg_recv_sensf_req
 *         type=TG_LISTEN [timeout=300] [inner=socket upper=FUNCTION] [by=FUNCTION]
 *         [anonymous] [on-stack]                                (all on one line)
 *   0.003 handle tid=41 is=ndev req=null  instead of the command's allocation
 *   0.300 dispatch tid=9 is=ndev resp=-110, dispatched tid=9, abort tid=9 is=ndev, aborted tid=9
 *   0.003 alloc tid=41 addr=cmd size=80 in=digital_send_cmd
 *   0.004 return tid=41 ret=0
 *   0.300 complete tid=7 dev=d0 cmd=cmd resp=-110
 *   0.310 callback tid=9 dev=d0 cb=digital_tg_recv_sensf_req arg=arg resp=-110
 *   0.320 free tid=9 addr=cmd in=digital_wq_cmd_complete
 *   0.330 leave tid=9 in=digital_wq_cmd_complete
 *   0.340 lost free tid=9 addr=arg        the ring buffer was full
 *   0.340 unseen free tid=9 addr=arg      the program did not run
 *   0.340 woke                            memory is followed from now on, or again
 *   0.340 blind somewhere|skb-ends        hooks are missing, those of skbs' ends among them
 *   0.350 missed 3                        programs did not run, which is unknown
 *   look addr=arg unreferenced|stale|doubtful|referenced|free|unreadable   a glance, from now on
 *   search addr=arg unreferenced|...      the same for searches
 *   checksum addr=arg is=7                the object's bytes change
 *   9.000 scan                            kmemleak's rule
 *   9.000 unload nfc_digital              a traced module goes
 *   9.000 closed addr=socket              its file is closed
 *   tick 3.0                              time passes, suspects are looked at
 *   finish                                the end of the trace: a short grace
 *   expect leak addr=arg [rule= kind= certainty= callback= command= site= size= degraded=yes|no
 *                         said=TIMES updates=TIMES within=SECONDS]
 *   expect no leak addr=arg               never one, retracted ones count
 *   expect retracted addr=arg             no finding now, but one before
 *   expect nothing                        never any leak
 *   expect leaks 3                        findings that stand now
 *   expect stat commands=1 ...            of struct ledger_stats
 *   expect warnings callback-overdue=1 growth=0
 *   expect histogram cb=NAME|none allocations= bytes= freed= outstanding=
 *
 * An address is a word (the same word is the same address), word+8, null, 0x...
 * or a negative errno as ERR_PTR.
 */
#ifndef NLB_TEST_SCRIPT_H
#define NLB_TEST_SCRIPT_H

#include <stdio.h>

#include "replay/player.h"

struct script;

/*
 * Reads a script; complaints with path:line go to out.  NULL if it is not one
 * (then there was a complaint).
 */
struct script *script__read(const char *path, FILE *out);
struct script *script__parse(const char *path, const char *text, FILE *out);
void script__free(struct script *s);

/* The first comment's first sentence. */
const char *script__title(const struct script *s);
/* Lines that check something. */
unsigned script__expectations(const struct script *s);
struct names *script__names(const struct script *s);

/*
 * Runs it with p, whose hooks may be set; p is started here, and the caller's
 * to stop.  Expectations that fail are described on out; NULL: they are not
 * looked at.  Returns how many failed, or -ENOMEM if the ledger could not be made.
 */
int script__run(const struct script *s, struct player *p, FILE *out);

#endif /* NLB_TEST_SCRIPT_H */
