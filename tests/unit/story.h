/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A story (see replay/script.h) that several tests of reports tell and then end in their
 * own way: three allocations of two callbacks leak, a command is on its way.
 */
#ifndef NLB_TEST_STORY_H
#define NLB_TEST_STORY_H

#define STORY_BEGIN                                                                                  \
	"config search=unreferenced\n"                                                               \
	"0.000 enter tid=41 in=digital_wq_poll outermost\n"                                          \
	"0.001 alloc tid=41 addr=arg1 size=8 in=digital_tg_listen_nfcf\n"                            \
	"0.001 submit tid=41 dev=d0 arg=arg1 req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n" \
	"0.001 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"                                  \
	"0.001 return tid=41 ret=0\n"                                                                \
	"0.302 callback tid=41 dev=d0 cb=digital_tg_recv_sensf_req arg=arg1 resp=-110\n"             \
	"0.303 free tid=41 addr=cmd in=digital_wq_cmd_complete\n"                                    \
	"0.400 alloc tid=41 addr=arg2 size=8 in=digital_tg_listen_nfcf\n"                            \
	"0.401 submit tid=41 dev=d0 arg=arg2 req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n" \
	"0.401 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"                                  \
	"0.401 return tid=41 ret=0\n"                                                                \
	"0.702 callback tid=41 dev=d0 cb=digital_tg_recv_sensf_req arg=arg2 resp=-110\n"             \
	"0.703 free tid=41 addr=cmd in=digital_wq_cmd_complete\n"                                    \
	"0.800 alloc tid=41 addr=req size=904 in=digital_in_send_sdd_req skb\n"                      \
	"0.801 submit tid=41 dev=d1 arg=null req=req cb=digital_in_recv_sdd_res type=IN_SEND\n"      \
	"0.801 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"                                  \
	"0.801 return tid=41 ret=0\n"

#endif /* NLB_TEST_STORY_H */
