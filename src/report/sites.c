// SPDX-License-Identifier: GPL-2.0-only
/*
 * The readable part of the HTML report: the summary, what went wrong at each
 * site step by step, what was taken back, and how the trace was made.
 */
#include <inttypes.h>
#include <string.h>

#include "report/page.h"
#include "report/words.h"
#include "version.h"

#define SITES_SHOWN 200U /* with all details */
#define SITES_OPEN  3U	 /* unfolded from the beginning */
#define ROWS_SHOWN  100U /* of a site's allocations */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static double relative(const struct page *p, uint64_t ns)
{
	return ns > p->v->start ? (double)(ns - p->v->start) / 1e9 : 0;
}

/* ---- summary ---- */

void sites__title(struct page *p)
{
	const struct model_view *v = p->v;

	if (v->leaks)
		fprintf(p->out, "%s leaked at %zu site%s", page__bytes(p, v->leaked_bytes),
			v->standing, plural(v->standing));
	else
		fputs("No leaks found", p->out);
}

static void tile(struct page *p, const char *name, const char *value, const char *more)
{
	fprintf(p->out, "<div class=\"tile\"><dt>%s</dt><dd><b>%s</b> <span>%s</span></dd></div>\n",
		name, value, more);
}

static void bar(struct page *p)
{
	const struct model_view *v = p->v;
	uint64_t definite = v->by_certainty[CERTAINTY_DEFINITE];
	uint64_t probable = v->by_certainty[CERTAINTY_PROBABLE];

	fprintf(p->out,
		"<div class=\"certainty\" role=\"img\" aria-label=\"%s definite, %s probable\">",
		page__number(p, definite), page__number(p, probable));
	if (definite)
		fprintf(p->out, "<i class=\"definite\" style=\"flex-grow:%" PRIu64 "\"></i>",
			definite);
	if (probable)
		fprintf(p->out, "<i class=\"probable\" style=\"flex-grow:%" PRIu64 "\"></i>",
			probable);
	fprintf(p->out,
		"</div>\n<p class=\"key\"><span><i class=\"definite\"></i><b>%s</b> definite: two "
		"searches of memory found no reference</span>"
		"<span><i class=\"probable\"></i><b>%s</b> probable: one look found none, or the "
		"rest could not be read</span></p>\n",
		page__number(p, definite), page__number(p, probable));
}

void sites__summary(struct page *p)
{
	const struct ledger_stats *s = &p->v->stats;
	const struct model_view *v = p->v;
	char text[160], began[40];

	if (v->leaks)
		fprintf(p->out, "<h1><em>%s leaked</em> in %s allocation%s at %s site%s</h1>\n",
			page__bytes(p, v->leaked_bytes), page__number(p, v->leaks),
			plural(v->leaks), page__number(p, v->standing), plural(v->standing));
	else
		fputs("<h1 class=\"good\"><em>No leaks found</em></h1>\n", p->out);
	fprintf(p->out, "<p class=\"where\">Traced for %.1f s on Linux %s", v->seconds,
		page__text(p, v->kernel));
	if (v->wall_start) {
		report__time(v->wall_start, began, sizeof(began));
		fprintf(p->out, " from <time datetime=\"%s\">%.10s %.8s UTC</time>", began, began,
			began + 11);
	}
	for (size_t i = 0; i < v->nr_modules; i++)
		fprintf(p->out, "%s<code>%s</code>", i ? ", " : ", with ",
			page__text(p, v->modules[i]));
	fputs(".</p>\n", p->out);
	if (v->leaks)
		bar(p);
	fputs("<dl class=\"tiles\">\n", p->out);
	snprintf(text, sizeof(text), "followed, %s freed", page__number(p, s->frees));
	tile(p, "Allocations", page__number(p, s->allocations), text);
	snprintf(text, sizeof(text), "when tracing ended, %s",
		 page__bytes(p, s->outstanding_bytes));
	tile(p, "Outstanding", page__number(p, s->outstanding), text);
	snprintf(text, sizeof(text), "queued, %s callbacks returned",
		 page__number(p, s->callbacks));
	tile(p, "Commands", page__number(p, s->commands), text);
	snprintf(text, sizeof(text), "looked into, %s cleared", page__number(p, s->cleared));
	tile(p, "Suspects", page__number(p, s->suspects), text);
	tile(p, "Taken back", page__number(p, s->retracted), "reported, and freed or used after");
	snprintf(text, sizeof(text), "of %s finding%s", page__number(p, v->leaks),
		 plural(v->leaks));
	tile(p, "Degraded", page__number(p, v->degraded), text);
	fputs("</dl>\n", p->out);
}

static void notice(struct page *p, uint64_t count, const char *one, const char *many)
{
	if (count)
		fprintf(p->out, "<li><b>%s</b> %s</li>\n", page__number(p, count),
			count == 1 ? one : many);
}

static bool any_notice(const struct model_view *v)
{
	return model__incomplete(v) || v->suppressed || v->degraded || v->lost_events ||
	       v->missed_hooks || v->unseen || v->left_out || v->stats.missed_frees_healed ||
	       v->nr_warnings;
}

void sites__notices(struct page *p)
{
	const struct model_view *v = p->v;
	char why[WORDS_DEGRADED];

	if (!any_notice(v))
		return;
	fputs("<ul class=\"notices\">\n", p->out);
	if (model__incomplete(v))
		fprintf(p->out, "<li><b>Incomplete:</b> %s.</li>\n", model__incomplete(v));
	if (v->suppressed)
		fprintf(p->out, "<li><b>%s</b> finding%s with %s suppressed.</li>\n",
			page__number(p, v->suppressed), plural(v->suppressed),
			page__bytes(p, v->suppressed_bytes));
	if (v->degraded) {
		words__degraded(v->why_degraded, why, sizeof(why));
		fprintf(p->out, "<li><b>%s</b> finding%s degraded: %s.</li>\n",
			page__number(p, v->degraded), v->degraded == 1 ? " is" : "s are", why);
	}
	notice(p, v->lost_events, "event was lost; the book of live allocations was read again.",
	       "events were lost; the book of live allocations was read again.");
	notice(p, v->missed_hooks, "time a hook did not run.", "times a hook did not run.");
	notice(p, v->stats.missed_frees_healed, "free was missed, and noticed since.",
	       "frees were missed, and noticed since.");
	notice(p, v->unseen, "allocation was not followed: the book was full.",
	       "allocations were not followed: the book was full.");
	notice(p, v->left_out, "allocation is without its stack: events came too fast.",
	       "allocations are without their stacks: events came too fast.");
	for (size_t i = 0; i < v->nr_warnings; i++) {
		fprintf(p->out, "<li><b>%s:</b> %s", page__text(p, v->warnings[i].rule),
			page__prose(p, v->warnings[i].message));
		if (v->warnings[i].count > 1)
			fprintf(p->out, " (%s times)", page__number(p, v->warnings[i].count));
		fputs("</li>\n", p->out);
		page__forget(p);
	}
	fputs("</ul>\n", p->out);
}

/* ---- one site ---- */

static void step(struct page *p, const char *class, const char *name)
{
	fprintf(p->out, "<li class=\"%s\"><b>%s</b> <span>", class, name);
}

static void end_step(struct page *p)
{
	fputs("</span></li>\n", p->out);
}

static void step_allocated(struct page *p, const struct model_finding *f)
{
	step(p, "", "Allocated");
	fprintf(p->out, "%s", page__bytes(p, f->size));
	if (f->function) {
		fprintf(p->out, " in <code>%s+0x%x</code>", page__text(p, f->function), f->offset);
		if (f->module)
			fprintf(p->out, " of %s", page__text(p, f->module));
	}
	fprintf(p->out, ", by %s (pid %" PRIu32 ") at %s", page__text(p, f->comm), f->pid,
		page__time(p, f->wall_born));
	end_step(p);
}

static void step_carried(struct page *p, const struct model_finding *f)
{
	const char *article;

	if (!f->command && !f->submit)
		return;
	step(p, "", f->sock ? "Held" : f->kind == KIND_RESPONSE ? "Answered" : "Queued");
	/* an IN_SEND, a TG_LISTEN */
	article = f->command && *f->command && strchr("AEIO", *f->command) ? "an" : "a";
	if (f->sock)
		fprintf(p->out, "for %s ", article);
	else if (f->kind == KIND_COMMAND)
		fprintf(p->out, "as %s ", article);
	else
		fprintf(p->out, "as the %s %s %s ", f->role, f->kind == KIND_RESPONSE ? "to" : "of",
			article);
	fprintf(p->out, "%s%s%scommand", f->command ? "<code>" : "",
		f->command ? page__text(p, f->command) : "", f->command ? "</code> " : "");
	if (f->device)
		fprintf(p->out, " on %s", page__text(p, f->device));
	if (f->submit)
		fprintf(p->out, ", by <code>%s</code>", page__text(p, f->submit));
	if (f->submitter)
		fprintf(p->out, " in <code>%s</code>", page__text(p, f->submitter));
	if (f->callback)
		fprintf(p->out, ", for <code>%s</code>", page__text(p, f->callback));
	if (f->upper)
		fprintf(p->out, ", on behalf of <code>%s</code>", page__text(p, f->upper));
	end_step(p);
}

static void steps_rule(struct page *p, const struct model_finding *f)
{
	const char *callback = f->callback ? page__text(p, f->callback) : "the callback";
	const char *at = page__time(p, f->wall_moment);

	switch (f->rule) {
	case RULE_CALLBACK_KEPT:
		step(p, "", "Delivered");
		fprintf(p->out, "to <code>%s</code>, which owns it from there on", callback);
		end_step(p);
		step(p, "bad", "Returned");
		fprintf(p->out, "<code>%s</code> came back at %s: not freed, in no new command",
			callback, at);
		break;
	case RULE_COMMAND_DROPPED:
		step(p, "bad", "Dropped");
		fprintf(p->out,
			"the command was freed at %s and <code>%s</code> never ran, so nobody "
			"freed what it carried",
			at, callback);
		break;
	case RULE_SUBMIT_FAILED:
		step(p, "bad", "Refused");
		fprintf(p->out,
			"<code>%s</code> returned an error at %s, and its caller did not free it",
			page__text(p, f->submit), at);
		break;
	case RULE_OWNER_GONE:
		step(p, "bad", "Orphaned");
		fprintf(p->out,
			f->sock ? "the socket was closed at %s, and its memory stayed"
				: "its device or module went away at %s and left it behind",
			at);
		break;
	default:
		step(p, "bad", "Lost");
		fprintf(p->out, "a scan at %s found nothing that refers to it", at);
		break;
	}
	end_step(p);
}

static void step_story(struct page *p, const struct model_finding *f)
{
	step(p, f->certainty == CERTAINTY_DEFINITE ? "bad" : "", "Reported");
	for (size_t i = 0; i < f->nr_story; i++) {
		const struct model_turn *t = &f->story[i];

		fprintf(p->out, "%s%s at %s", i ? ", " : "",
			t->kind == MODEL_RETRACTED ? "taken back" : certainty__name(t->certainty),
			page__time(p, t->time));
	}
	if (f->certainty == CERTAINTY_DEFINITE)
		fputs("; nothing in the kernel's memory refers to it", p->out);
	end_step(p);
}

static void stack(struct page *p, const struct model_stack *s)
{
	fputs("<div><h4>Allocated at</h4>\n", p->out);
	if (!s || !s->depth) {
		fputs("<p class=\"quiet\">No stack could be taken.</p></div>\n", p->out);
		return;
	}
	fputs("<ol class=\"stack\" tabindex=\"0\" aria-label=\"Stack, innermost first\">", p->out);
	for (size_t i = 0; i < s->depth; i++)
		fprintf(p->out, "<li%s>%s</li>\n", i == s->site ? " class=\"here\"" : "",
			page__text(p, s->frames[i].text));
	fputs("</ol></div>\n", p->out);
}

static void bytes(struct page *p, const struct model_finding *f)
{
	fputs("<div><h4>First bytes</h4>\n", p->out);
	if (!f->nr_bytes) {
		fprintf(p->out, "<p class=\"quiet\">%s.</p></div>\n",
			p->v->veiled ? "Left out, as all addresses are" : "Could not be read");
		return;
	}
	fputs("<pre class=\"hex\" tabindex=\"0\">", p->out);
	for (size_t row = 0; row < f->nr_bytes; row += 8) {
		char ascii[9] = "";

		fprintf(p->out, "<i>%02zx</i> ", row);
		for (size_t i = row; i < row + 8; i++) {
			if (i < f->nr_bytes) {
				unsigned char c = f->bytes[i];

				fprintf(p->out, " %02x", c);
				ascii[i - row] = c >= 0x20 && c < 0x7f ? (char)c : '.';
			} else {
				fputs("   ", p->out);
			}
		}
		fprintf(p->out, "  <span>%s</span>\n", page__text(p, ascii));
	}
	fprintf(p->out, "</pre><p class=\"quiet\">of 0x%016" PRIx64 "%s</p></div>\n", f->addr,
		f->skb ? ", at skb-&gt;data" : "");
}

static void rows(struct page *p, const struct model_site *s)
{
	size_t shown = 0;

	fprintf(p->out,
		"<details class=\"all\"><summary>All %zu allocation%s of this site</summary>\n"
		"<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Address</th>"
		"<th class=\"n\">Bytes</th><th class=\"n\">Born</th><th>By</th><th>Verdict</th>"
		"</tr></thead><tbody>\n",
		s->nr_findings, plural(s->nr_findings));
	for (; shown < s->nr_findings && shown < ROWS_SHOWN; shown++) {
		const struct model_finding *f = s->findings[shown];
		const char *verdict = f->retracted ? "taken back" : certainty__name(f->certainty);

		fprintf(p->out,
			"<tr><td><code>0x%016" PRIx64 "</code></td><td class=\"n\">%s</td>"
			"<td class=\"n\">+%.3f s</td><td>%s (%" PRIu32 ")</td><td>%s%s</td></tr>\n",
			f->addr, page__number(p, f->size), relative(p, f->born),
			page__text(p, f->comm), f->pid, verdict, f->degraded ? ", degraded" : "");
	}
	fputs("</tbody></table></div>\n", p->out);
	if (shown < s->nr_findings)
		fprintf(p->out, "<p class=\"quiet\">The oldest %zu are listed, %s are not.</p>\n",
			shown, page__number(p, s->nr_findings - shown));
	fputs("</details>\n", p->out);
}

static void chips(struct page *p, const struct model_site *s)
{
	char why[WORDS_DEGRADED];

	for (int c = NR_CERTAINTIES - 1; c > CERTAINTY_POSSIBLE; c--)
		if (s->by_certainty[c])
			fprintf(p->out, "<span class=\"chip %s\">%s %s</span> ",
				certainty__name((enum certainty)c),
				page__number(p, s->by_certainty[c]),
				certainty__name((enum certainty)c));
	if (s->first->degraded) {
		words__degraded(s->first->degraded, why, sizeof(why));
		fprintf(p->out, "<span class=\"chip degraded\" title=\"%s\">degraded</span>", why);
	}
}

static void site(struct page *p, const struct model_site *s, size_t number)
{
	const struct model_finding *f = s->first;

	fprintf(p->out,
		"<li id=\"site-%zu\" class=\"site\"><details%s><summary>"
		"<span class=\"number\">%zu</span>"
		"<span class=\"what\"><b>%s</b><span class=\"meta\">",
		number, number <= SITES_OPEN ? " open" : "", number, page__prose(p, f->what));
	if (f->function)
		fprintf(p->out, "from <code>%s+0x%x</code>, ", page__text(p, f->function),
			f->offset);
	fprintf(p->out, "%s ", rule__name(f->rule));
	chips(p, s);
	fprintf(p->out,
		"</span></span><span class=\"sum\"><b>%s</b><span>%s allocation%s</span></span>"
		"</summary>\n<div class=\"body\">\n",
		page__bytes(p, s->bytes), page__number(p, s->count), plural(s->count));
	fputs("<h4>What happened</h4>\n<ol class=\"path\">\n", p->out);
	step_allocated(p, f);
	step_carried(p, f);
	steps_rule(p, f);
	step_story(p, f);
	fputs("</ol>\n", p->out);
	if (s->count > 1)
		fprintf(p->out,
			"<p class=\"quiet\">This is the first; the same happened %s more "
			"time%s.</p>\n",
			page__number(p, s->count - 1), plural(s->count - 1));
	fputs("<div class=\"two\">\n", p->out);
	stack(p, f->stack);
	bytes(p, f);
	fputs("</div>\n", p->out);
	rows(p, s);
	fputs("</div></details></li>\n", p->out);
	page__forget(p);
}

void sites__list(struct page *p)
{
	const struct model_view *v = p->v;
	size_t shown = v->standing < SITES_SHOWN ? v->standing : SITES_SHOWN;

	if (!v->standing) {
		fprintf(p->out,
			"<p class=\"empty\">Of %s allocations none is held to be leaked: each was "
			"freed, or no rule speaks against it.</p>\n",
			page__number(p, v->stats.allocations));
		return;
	}
	fputs("<ol class=\"sites\">\n", p->out);
	for (size_t i = 0; i < shown; i++)
		site(p, &v->sites[i], i + 1);
	fputs("</ol>\n", p->out);
	if (shown < v->standing)
		fprintf(p->out,
			"<p class=\"empty\"><b>%s</b> more sites, smaller than these, are left "
			"out here; the JSON report has them.</p>\n",
			page__number(p, v->standing - shown));
}

/* ---- the rest ---- */

/* Reported, but no finding any more: what the tool got wrong. */
void sites__taken_back(struct page *p)
{
	const struct model_view *v = p->v;
	uint64_t sites = 0;

	for (size_t i = 0; i < v->nr_sites; i++) {
		const struct model_site *s = &v->sites[i];

		if (!s->retracted && !s->possible)
			continue;
		if (!sites++)
			fputs("<section id=\"taken-back\"><h2>Taken back</h2>\n"
			      "<p class=\"lead\">Reported, and then freed, used again, or found to "
			      "be referred to: no leaks. They measure the tracer's own false "
			      "alarms.</p>\n<ul class=\"plain\">\n",
			      p->out);
		fprintf(p->out, "<li><b>%s</b> &times; %s",
			page__number(p, s->retracted + s->possible),
			page__prose(p, s->first->what));
		if (s->first->function)
			fprintf(p->out, ", from <code>%s+0x%x</code>",
				page__text(p, s->first->function), s->first->offset);
		fputs("</li>\n", p->out);
		page__forget(p);
	}
	if (sites)
		fputs("</ul></section>\n", p->out);
}

void sites__trace(struct page *p)
{
	const struct model_view *v = p->v;

	fprintf(p->out, "<p>%s hooks were attached.", page__number(p, v->hooks));
	if (v->nr_missing)
		fprintf(p->out, " %zu %s not:</p>\n<ul class=\"plain\">\n", v->nr_missing,
			v->nr_missing == 1 ? "was" : "were");
	else
		fputs(v->kernel ? " None was missing.</p>\n" : "</p>\n", p->out);
	for (size_t i = 0; i < v->nr_missing; i++)
		fprintf(p->out, "<li>%s</li>\n", page__prose(p, v->missing[i]));
	if (v->nr_missing)
		fputs("</ul>\n", p->out);
}
