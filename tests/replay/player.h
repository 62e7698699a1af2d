/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drives a ledger as src/cmd/run.c does, with a pretended kernel below it: so
 * unit tests, replayed recordings, torture and fuzz all go the same way.
 *
 * Time passes when player__advance() says so, with a look at what is due every
 * 100 ms.  The player keeps the in-kernel book of live allocations, from which
 * the ledger is set right after a loss.  It keeps whatever the ledger says.
 */
#ifndef NLB_TEST_PLAYER_H
#define NLB_TEST_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "record/session.h"
#include "trace/names.h"

#define PLAYER_GRACE_NS	  1000000000ULL /* as in src/cmd/run.c */
#define PLAYER_MIN_AGE_NS 5000000000ULL
#define PLAYER_TICK_NS	  100000000ULL
#define SECOND_NS	  1000000000ULL

/* How an event comes through. */
enum passage {
	PASS_SEEN,
	PASS_LOST,   /* the ring buffer was full: only the book knows */
	PASS_UNSEEN, /* the program did not run: nobody knows */
};

/* What was said about one allocation. */
struct accusation {
	uint64_t addr, born, id;
	unsigned leaks, updates, retractions;
	uint64_t first_said;
	struct allocation last; /* as it was when it was said */
};

struct player {
	struct session *session;
	struct ledger *ledger; /* the session's */
	struct names *names;
	uint64_t now, next_tick;
	bool lost; /* the book has to be read */

	struct live *book;
	size_t nr_book, room_book;
	struct accusation *said;
	size_t nr_said;
	struct sight {
		uint64_t addr;
		enum verdict glance, search;
		bool glanced, searched; /* is that known? */
		uint32_t checksum;
	} sights[64];
	size_t nr_sights;
	/* Searches of all memory, as of src/cmd/investigate.c; without them
	 * findings stay probable.
	 */
	bool searches;
	enum verdict search_default; /* where sights[] does not know better */
	bool searching, ending;
	uint64_t search_began, search_not_before;
	unsigned nr_searches;
	uint64_t next_slow_tick;

	unsigned leaks, updates, retractions; /* altogether */
	enum certainty was;		      /* before the latest update */
	unsigned warnings[NR_RULES];
	struct warning last_warning;
	bool endless; /* the ledger asked for look after look at the same time */

	/* What is seen; NULL: sights[], else a glance at an skb finds it
	 * unreferenced and any other object unreadable.
	 */
	enum verdict (*look)(void *ctx, const struct allocation *a, enum look look);
	/* Everything said, after it was noted. */
	void (*on_said)(void *ctx, const char *what, const struct allocation *a, uint64_t now);
	/* Called before and after each event that the ledger is given. */
	void (*before)(void *ctx, const struct event *e);
	void (*after)(void *ctx, const struct event *e);
	void *ctx;
	/* Told what the ledger says as well; NULL: nobody. */
	const struct ledger_ops *also;
	void *also_ctx;
	/* Where not NULL: what is told of the run, and a recording of it. */
	struct tell *tell;
	struct recorder *recorder;
	/* Called with ctx when all is set up, before the first event. */
	void (*on_start)(void *ctx);
	/* Called around everything that the ledger does: for torture. */
	void (*arm)(bool on);
};

/*
 * All zero but for the hooks wanted above.  names remain the caller's.  The
 * roles are those of the subsystem tables.  Returns 0 or -ENOMEM.
 */
int player__start(struct player *p, struct names *names, uint64_t grace_ns, uint64_t min_age_ns);
void player__stop(struct player *p);

/* An event of the pretended kernel, at the player's time.  Returns what the ledger did. */
int player__event(struct player *p, const struct event *e, enum passage passage);
/* Lets time pass. */
void player__advance(struct player *p, uint64_t until);
/* The end of a trace: the last suspects get a short grace. */
void player__finish(struct player *p);
/* From now on this is seen at addr. */
void player__set_glance(struct player *p, uint64_t addr, enum verdict verdict);
void player__set_search(struct player *p, uint64_t addr, enum verdict verdict);
void player__set_checksum(struct player *p, uint64_t addr, uint32_t checksum);
/* kmemleak's rule, as with every --scan-interval. */
void player__scan(struct player *p);
/* A traced module was unloaded. */
void player__unload(struct player *p, const char *module);

/* The file of the socket there was closed. */
void player__closed(struct player *p, uint64_t addr);

/* What was said about the latest allocation at addr of which anything was said, or NULL. */
const struct accusation *player__said(const struct player *p, uint64_t addr);
/* The finding that stands about addr now, or NULL. */
const struct allocation *player__finding(const struct player *p, uint64_t addr);
size_t player__nr_findings(const struct player *p);

#endif /* NLB_TEST_PLAYER_H */
