// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the parts of NFC are in a kernel that it is built into, from its symbols.
 */
#include "unit/unit.h"

#include <errno.h>

#include "hooks/hooks.h"
#include "hooks/subsystem.h"
#include "kernel/builtin.h"
#include "kernel/kallsyms.h"
#include "kernel/query.h"

#define TEXT	 0xffffffff81000000ULL
#define DATA	 0xffffffff82000000ULL
#define BSS	 0xffffffff82800000ULL
#define FUNCTION 0x100 /* bytes of each */

static const char *const core_prefixes[] = { "nfc_", "llcp_", NULL };
static const char *const core_anchors[] = { "nfc_dev_up", "llcp_sock_connect", NULL };
static const char *const digital_prefixes[] = { "digital_", "nfc_digital_", NULL };
static const char *const digital_anchors[] = { "digital_send_cmd", NULL };
static const char *const hci_prefixes[] = { "hci_", "nfc_hci_", NULL };
static const char *const hci_anchors[] = { "nfc_hci_recv_frame", NULL };
static const char *const sim_prefixes[] = { "nfcsim_", NULL };
static const char *const no_anchors[] = { NULL };

enum { CORE, DIGITAL, HCI, SIM };

static const struct builtin_part parts[] = {
	[CORE] = { "nfc", NULL, core_prefixes, core_anchors },
	[DIGITAL] = { "nfc_digital", "nfc", digital_prefixes, digital_anchors },
	[HCI] = { "hci", "nfc", hci_prefixes, hci_anchors },
	[SIM] = { "nfcsim", "nfc_digital", sim_prefixes, no_anchors },
	{ 0 },
};

/* ---- a pretended kernel ---- */

struct image {
	FILE *file;
	char *text;
	size_t size;
	uint64_t next; /* address */
	struct kallsyms *k;
	struct builtins b;
};

static void begin(struct image *i)
{
	memset(i, 0, sizeof(*i));
	i->file = open_memstream(&i->text, &i->size);
	assert_non_null(i->file);
	fprintf(i->file, "%llx T _stext\n", TEXT);
	i->next = TEXT + FUNCTION;
}

static void symbol(struct image *i, uint64_t addr, const char *name)
{
	fprintf(i->file, "%llx t %s\n", (unsigned long long)addr, name);
}

/* Functions one after the other, from a list with blanks. */
static void functions(struct image *i, const char *names)
{
	char *copy = strdup(names), *save = NULL;

	assert_non_null(copy);
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		symbol(i, i->next, name);
		i->next += FUNCTION;
	}
	free(copy);
}

/* Of nobody. */
static void others(struct image *i, unsigned count)
{
	while (count--) {
		fprintf(i->file, "%llx T other_%llx\n", (unsigned long long)i->next,
			(unsigned long long)i->next);
		i->next += FUNCTION;
	}
}

static int look(struct image *i, const struct builtin_part *list)
{
	FILE *f = tmpfile();
	char path[64];
	int err;

	fprintf(i->file,
		"%llx T _etext\n%llx D _sdata\n%llx D _edata\n%llx B __bss_start\n"
		"%llx B __bss_stop\n%llx B _end\n",
		(unsigned long long)i->next, DATA, DATA + 0x100000, BSS, BSS + 0x100000,
		BSS + 0x200000);
	fclose(i->file);
	assert_non_null(f);
	assert_true(fwrite(i->text, 1, i->size, f) == i->size && !fflush(f));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	assert_int_equal(kallsyms__parse(&i->k, path), 0);
	fclose(f);
	err = builtins__find(&i->b, list, i->k);
	if (err)
		assert_int_equal(i->b.count, 0);
	return err;
}

static void end(struct image *i)
{
	builtins__free(&i->b);
	kallsyms__close(i->k);
	free(i->text);
}

static uint64_t place(const struct image *i, const char *name)
{
	uint64_t addr = 0;

	kallsyms__find(i->k, name, &addr);
	if (!addr)
		fail_msg("%s is nowhere", name);
	return addr;
}

/* From one function to the end of another. */
static void check_range(const struct image *i, const struct memory_range *r, const char *first,
			const char *last)
{
	assert_int_equal(r->start, place(i, first));
	assert_int_equal(r->start + r->size, place(i, last) + FUNCTION);
}

static void check_text(const struct image *i, size_t part, const char *first, const char *last)
{
	const struct builtin *one = &i->b.list[part];

	assert_int_equal(one->state, BUILTIN_FOUND);
	assert_in_range(one->nr_text, 1, BUILTIN_TEXT);
	check_range(i, &one->text[0], first, last);
}

/* What holds of whatever was found. */
static void check_sound(const struct image *i)
{
	uint64_t end = place(i, "_etext");

	for (size_t p = 0; p < i->b.count; p++) {
		const struct builtin *one = &i->b.list[p];

		if (one->state != BUILTIN_FOUND) {
			assert_int_equal(one->nr_text, 0);
			continue;
		}
		assert_in_range(one->nr_text, 1, BUILTIN_TEXT);
		for (size_t n = 0; n < one->nr_text; n++) {
			const struct memory_range *r = &one->text[n];

			assert_true(r->size > 0 && r->start >= TEXT && r->start < end);
			assert_true(r->size <= end - r->start);
			assert_ptr_equal(builtins__at(&i->b, r->start), one);
			assert_ptr_equal(builtins__at(&i->b, r->start + r->size - 1), one);
		}
		assert_in_range(one->nr_data, 0, BUILTIN_DATA);
		for (size_t n = 1; n < one->symbols.count; n++)
			assert_true(one->symbols.list[n - 1].addr <= one->symbols.list[n].addr);
	}
}

/* ---- tests ---- */

static void neighbours(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	others(&i, 50);
	functions(&i, "nfcsim_send nfcsim_recv_wq");
	others(&i, 50);
	functions(&i, "nfc_fw_download __nfc_alloc_skb nfc_dev_up match_idx llcp_sock_connect "
		      "local_release local_cleanup nfc_llcp_send "
		      "nfc_hci_connect hci_dev_up nfc_hci_recv_frame "
		      "digital_skb_alloc digital_send_cmd nfc_digital_register");
	others(&i, 50);
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	/* To the byte where the next one begins; helpers in between are theirs. */
	check_text(&i, CORE, "nfc_fw_download", "nfc_llcp_send");
	check_text(&i, HCI, "nfc_hci_connect", "nfc_hci_recv_frame");
	check_text(&i, DIGITAL, "digital_skb_alloc", "nfc_digital_register");
	check_text(&i, SIM, "nfcsim_send", "nfcsim_recv_wq");
	assert_int_equal(i.b.list[CORE].nr_text, 1);
	assert_int_equal(i.b.list[CORE].symbols.count, 8);
	assert_int_equal(module_symbols__find(&i.b.list[CORE].symbols, "local_release"),
			 place(&i, "local_release"));
	assert_int_equal(module_symbols__find(&i.b.list[CORE].symbols, "hci_dev_up"), 0);
	assert_ptr_equal(builtins__at(&i.b, place(&i, "match_idx") + 1), &i.b.list[CORE]);
	assert_null(builtins__at(&i.b, TEXT));
	assert_ptr_equal(builtins__part(&i.b, "nfc-digital"), &i.b.list[DIGITAL]);
	assert_null(builtins__part(&i.b, "pn533"));
	end(&i);
}

static void rarely_run(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "hci_conn_add hci_conn_del hci_sock_bind");
	others(&i, 50);
	functions(&i,
		  "nfc_dev_up llcp_sock_connect nfc_hci_recv_frame nfc_hci_send digital_send_cmd");
	others(&i, 50);
	functions(&i, "nfcsim_send.isra.0 nfcsim_recv_wq");
	others(&i, 50);
	functions(&i, "hci_conn_add.cold hci_conn_del.cold hci_sock_bind.cold");
	others(&i, 20);
	functions(&i, "nfc_dev_up.cold llcp_sock_connect.cold nfc_hci_send.cold");
	others(&i, 20);
	functions(&i, "nfcsim_send.isra.0.cold nfcsim_device_new nfcsim_link_new");
	others(&i, 20);
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	check_text(&i, CORE, "nfc_dev_up", "llcp_sock_connect");
	assert_int_equal(i.b.list[CORE].nr_text, 2);
	check_range(&i, &i.b.list[CORE].text[1], "nfc_dev_up.cold", "llcp_sock_connect.cold");
	/* Not those of Bluetooth, though they are more. */
	assert_int_equal(i.b.list[HCI].nr_text, 2);
	check_range(&i, &i.b.list[HCI].text[1], "nfc_hci_send.cold", "nfc_hci_send.cold");
	assert_int_equal(i.b.list[DIGITAL].nr_text, 1);
	/* Whole functions may be there. */
	check_text(&i, SIM, "nfcsim_send.isra.0.cold", "nfcsim_link_new");
	assert_int_equal(i.b.list[SIM].nr_text, 2);
	check_range(&i, &i.b.list[SIM].text[1], "nfcsim_send.isra.0", "nfcsim_recv_wq");
	end(&i);
}

static void absent(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	others(&i, 20);
	/* Names alike prove nothing; neither do anchors that are only there as ends. */
	functions(&i, "hci_conn_add hci_conn_del hci_sock_bind");
	others(&i, 20);
	functions(&i, "nfc_dev_up llcp_sock_connect nfc_x");
	others(&i, 20);
	functions(&i, "digital_send_cmd.cold digital_to_analog");
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	check_text(&i, CORE, "nfc_dev_up", "nfc_x");
	assert_int_equal(i.b.list[DIGITAL].state, BUILTIN_ABSENT);
	assert_int_equal(i.b.list[HCI].state, BUILTIN_ABSENT);
	assert_int_equal(i.b.list[SIM].state, BUILTIN_ABSENT);
	assert_null(builtins__part(&i.b, "hci"));
	assert_false(builtins__scattered(&i.b, "hci"));
	assert_null(builtins__at(&i.b, place(&i, "hci_conn_del")));
	end(&i);
}

/* As many of others as a run goes on over, and one more. */
static void gaps(void **state)
{
	char refusal[BUILTINS_REFUSAL];
	struct image i;

	(void)state;
	for (unsigned n = 7; n <= 9; n++) {
		begin(&i);
		others(&i, 20);
		functions(&i, "nfc_dev_up");
		others(&i, n);
		functions(&i, "llcp_sock_connect digital_send_cmd");
		others(&i, n);
		functions(&i, "digital_skb_alloc");
		assert_int_equal(look(&i, parts), 0);
		check_sound(&i);
		if (n <= 8) {
			check_text(&i, CORE, "nfc_dev_up", "llcp_sock_connect");
			check_text(&i, DIGITAL, "digital_send_cmd", "digital_skb_alloc");
		} else {
			/* Of the one a known function is elsewhere, of the other nothing known. */
			assert_int_equal(i.b.list[CORE].state, BUILTIN_SCATTERED);
			assert_true(builtins__scattered(&i.b, "nfc"));
			assert_null(builtins__part(&i.b, "nfc"));
			check_text(&i, DIGITAL, "digital_send_cmd", "digital_send_cmd");
		}
		end(&i);
	}
	/* One of another part among them is another matter. */
	begin(&i);
	functions(&i, "nfc_dev_up digital_send_cmd llcp_sock_connect");
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	assert_true(builtins__scattered(&i.b, "nfc"));
	builtins__refusal(&i.b, refusal, sizeof(refusal));
	assert_non_null(strstr(refusal, ": they are not in one place"));
	end(&i);
	/* Nor do far ones belong together. */
	begin(&i);
	functions(&i, "nfc_dev_up other");
	i.next += 0x10000;
	functions(&i, "llcp_sock_connect");
	assert_int_equal(look(&i, parts), 0);
	assert_true(builtins__scattered(&i.b, "nfc"));
	end(&i);
}

/* A function that is known by its name may also be somebody else's; a part may have none. */
static void choices(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "nfc_a nfc_b nfc_c nfc_d nfc_e nfc_f llcp_sock_connect");
	others(&i, 20);
	functions(&i, "nfc_dev_up llcp_sock_connect");
	others(&i, 20);
	functions(&i, "nfcsim_a nfcsim_b nfcsim_c");
	others(&i, 20);
	functions(&i, "nfcsim_d");
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	assert_int_equal(i.b.list[CORE].state, BUILTIN_FOUND);
	assert_int_equal(i.b.list[CORE].symbols.count, 2);
	/* Three of four. */
	check_text(&i, SIM, "nfcsim_a", "nfcsim_c");
	end(&i);
	begin(&i);
	functions(&i, "nfcsim_a nfcsim_b");
	others(&i, 20);
	functions(&i, "nfcsim_c nfcsim_d");
	assert_int_equal(look(&i, parts), 0);
	assert_true(builtins__scattered(&i.b, "nfcsim"));
	end(&i);
}

static void compilers(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "other __pfx_nfc_dev_up nfc_dev_up __pfx_llcp_sock_connect llcp_sock_connect "
		      "__cfi_nfc_x nfc_x.constprop.0 nfc_y.llvm.1234 __pfx_other other");
	assert_int_equal(look(&i, parts), 0);
	check_text(&i, CORE, "__pfx_nfc_dev_up", "nfc_y.llvm.1234");
	end(&i);
}

/* Two names for one address: of two parts, of a part and of nobody. */
static void aliases(void **state)
{
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "other nfc_dev_up");
	symbol(&i, i.next, "nfc_last");
	symbol(&i, i.next, "digital_first");
	i.next += FUNCTION;
	functions(&i, "digital_send_cmd");
	for (int n = 0; n < 30; n++)
		symbol(&i, i.next, "alias");
	functions(&i, "digital_skb_alloc other");
	assert_int_equal(look(&i, parts), 0);
	check_sound(&i);
	assert_int_equal(i.b.list[CORE].state, BUILTIN_FOUND);
	check_text(&i, DIGITAL, "digital_first", "digital_skb_alloc");
	assert_true(i.b.list[CORE].text[0].start + i.b.list[CORE].text[0].size <=
		    i.b.list[DIGITAL].text[0].start);
	end(&i);
}

static void variables(void **state)
{
	const struct builtin *one;
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "nfc_dev_up llcp_sock_connect");
	symbol(&i, DATA + 0x40, "other_data");
	symbol(&i, DATA + 0x80, "nfc_devlist");
	symbol(&i, DATA + 0xa0, "proto_tab");
	symbol(&i, DATA + 0xc0, "llcp_devices");
	symbol(&i, DATA + 0xe0, "other_list");
	symbol(&i, BSS + 0x100, "nfc_count");
	symbol(&i, BSS + 0x108, "nlb_other");
	/* Not as large as the next symbol says. */
	symbol(&i, BSS + 0x10000, "nfc_hole");
	/* Of a part that is not there; outside of what is looked at. */
	symbol(&i, BSS + 0x200, "digital_x");
	symbol(&i, BSS + 0x180000, "nfc_brk");
	assert_int_equal(look(&i, parts), 0);
	one = &i.b.list[CORE];
	assert_int_equal(one->nr_data, 2);
	assert_int_equal(one->data[0].start, DATA + 0x80);
	assert_int_equal(one->data[0].size, 0x60);
	assert_int_equal(one->data[1].start, BSS + 0x100);
	assert_int_equal(one->data[1].size, 8);
	assert_int_equal(i.b.list[DIGITAL].nr_data, 0);
	end(&i);
}

static struct builtins find_in(const char *text, int wanted)
{
	struct kallsyms *k;
	struct builtins b;
	FILE *f = tmpfile();
	char path[64];

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && !fflush(f));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	assert_int_equal(kallsyms__parse(&k, path), 0);
	fclose(f);
	assert_int_equal(builtins__find(&b, parts, k), wanted);
	kallsyms__close(k);
	return b;
}

/* Addresses are hidden, or the file is not what it should be. */
static void unreadable(void **state)
{
	static const char *const texts[] = {
		"",
		"0000000000000000 T _stext\n0000000000000000 t nfc_dev_up\n",
		"ffffffff81000000 T _stext\nffffffff81000100 t nfc_dev_up\n",
		"ffffffff81000000 T _etext\nffffffff81000100 t nfc_dev_up\n",
		/* The wrong way round. */
		"ffffffff81000000 T _etext\nffffffff81000100 t nfc_dev_up\n"
		"ffffffff81000200 T _stext\n",
		"ffffffff81000000 T _etext\nffffffff81000000 T _stext\n",
	};
	char refusal[BUILTINS_REFUSAL], why[256];
	struct builtins b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		b = find_in(texts[i], -ENOENT);
		assert_null(b.list);
		b.err = -ENOENT;
		builtins__refusal(&b, refusal, sizeof(refusal));
		kallsyms__why_hidden(KALLSYMS, why, sizeof(why));
		assert_non_null(strstr(refusal, why));
		assert_null(builtins__part(&b, "nfc"));
		assert_null(builtins__at(&b, TEXT));
		builtins__free(&b);
	}
	/* Outside of the text there is none. */
	b = find_in("ffffffff81000000 T _stext\nffffffff81001000 T _etext\n"
		    "ffffffff81002000 t nfc_dev_up\nffffffff81002100 t llcp_sock_connect\n"
		    "0000000000001000 t nfc_dev_up\n",
		    0);
	assert_int_equal(b.list[CORE].state, BUILTIN_ABSENT);
	builtins__free(&b);
}

/* Whatever the kernel says, what is found is sound. */
static void rubbish(void **state)
{
	static const char *const names[] = {
		"nfc_dev_up",
		"llcp_sock_connect",
		"nfc_x",
		"nfc_x.cold",
		"digital_send_cmd",
		"digital_y",
		"nfc_hci_recv_frame",
		"hci_z",
		"nfcsim_a",
		"nfcsim_a.cold",
		"other",
		"o",
		"__pfx_",
		"_",
		".cold",
		"nfc_",
		"__pfx___cfi_nfc_q",
	};
	uint64_t seed = 0x6275696c74696eULL;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct image i;
		unsigned count = next_random(&seed) % 60;

		begin(&i);
		while (count--) {
			uint32_t r = next_random(&seed);
			uint64_t addr = i.next - (r % 8 == 0 ? r % 0x300 : 0);

			symbol(&i, addr, names[next_random(&seed) % ARRAY_SIZE(names)]);
			i.next += r % 3 ? r % 0x400 : 0;
			if (r % 50 == 1)
				symbol(&i, (uint64_t)r << 32 | r, "nfc_wild");
		}
		if (look(&i, parts) == 0)
			check_sound(&i);
		end(&i);
	}
}

/* Those that were found are modules for whoever asks for some. */
static void listed(void **state)
{
	struct modules m = { 0 };
	struct module_info loaded = { .name = "nfcsim" };
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "nfc_dev_up llcp_sock_connect digital_send_cmd nfcsim_a");
	assert_int_equal(look(&i, parts), 0);
	assert_int_equal(modules__add(&m, &loaded), 0);
	assert_int_equal(builtins__list(&i.b, &m), 0);
	assert_int_equal(m.count, 3);
	/* Loaded is loaded. */
	assert_false(modules__find(&m, "nfcsim")->built_in);
	assert_true(modules__find(&m, "nfc")->built_in);
	assert_int_equal(modules__find(&m, "nfc")->base, place(&i, "nfc_dev_up"));
	assert_int_equal(modules__find(&m, "nfc")->size, 2 * FUNCTION);
	/* Who needs them depends on them, though the kernel does not say so. */
	assert_true(modules__depends(&m, "nfc_digital", "nfc"));
	assert_true(modules__depends(&m, "nfcsim", "nfc"));
	assert_true(modules__depends(&m, "hci", "nfc"));
	assert_false(modules__depends(&m, "hci", "nfc_digital"));
	assert_false(modules__depends(&m, "nfc", "nfc_digital"));
	modules__free(&m);
	end(&i);
}

static void add_names(struct image *i, const struct subsystem *s, size_t *count)
{
	for (const struct hooked_function *f = s->functions; f->name; f++, ++*count)
		functions(i, f->name);
	for (const char *const *n = s->dispatchers; n && *n; n++, ++*count)
		functions(i, *n);
	for (const char *const *n = s->wrappers; n && *n; n++, ++*count)
		functions(i, *n);
}

/* What a table names is found by what it says of names, with all others next to it. */
static void tables(void **state)
{
	size_t counts[100] = { 0 }, n;
	struct image i;

	(void)state;
	begin(&i);
	others(&i, 20);
	for (n = 0; subsystems[n]; n++) {
		add_names(&i, subsystems[n], &counts[n]);
		/* One that nobody hooks has to have something. */
		if (!counts[n]) {
			char name[64];

			snprintf(name, sizeof(name), "%sx", subsystems[n]->prefixes[0]);
			functions(&i, name);
			counts[n]++;
		}
	}
	others(&i, 20);
	assert_int_equal(look(&i, subsystem__parts()), 0);
	check_sound(&i);
	assert_int_equal(i.b.count, n);
	for (n = 0; subsystems[n]; n++) {
		const struct subsystem *s = subsystems[n];

		if (i.b.list[n].state != BUILTIN_FOUND || i.b.list[n].symbols.count != counts[n])
			fail_msg("%s: %zu of %zu", s->module, i.b.list[n].symbols.count, counts[n]);
		assert_string_equal(i.b.list[n].part->module, s->module);
		for (size_t k = 0; s->needs && strcmp(subsystems[k]->module, s->needs) != 0; k++)
			assert_non_null(subsystems[k + 1]);
	}
	end(&i);
}

static const struct hook *planned_hook(const struct hooks *h, const char *mechanism,
				       const char *target)
{
	for (size_t i = 0; i < hooks__count(h); i++)
		if (!strcmp(hooks__at(h, i)->mechanism, mechanism) &&
		    !strcmp(hooks__at(h, i)->target, target))
			return hooks__at(h, i);
	fail_msg("no %s %s", mechanism, target);
	return NULL;
}

/* What is found is hooked as a module, and what is scattered is said to be missing. */
static void planned(void **state)
{
	struct hooks_config config = { .mode = ATTACH_AUTO };
	struct kernel kernel = { .features.kprobe = true };
	struct names *names = names__new(NULL, NULL);
	struct memory_range range;
	struct hooks *h;
	struct image i;

	(void)state;
	begin(&i);
	functions(&i, "nfc_dev_up llcp_sock_connect.isra.0 digital_send_cmd_complete");
	others(&i, 20);
	functions(&i, "digital_send_cmd nfc_hci_recv_frame");
	assert_int_equal(look(&i, subsystem__parts()), 0);
	kernel.builtins = i.b;
	assert_int_equal(builtins__list(&kernel.builtins, &kernel.modules), 0);
	assert_int_equal(hooks__new(&h, &config, &kernel, names), 0);
	assert_int_equal(hooks__nr_modules(h), 2);
	assert_string_equal(hooks__module(h, 0), "nfc");
	assert_string_equal(hooks__module(h, 1), "hci");
	assert_int_equal(planned_hook(h, "kprobe", "nfc_dev_up")->state, HOOK_PLANNED);
	assert_int_equal(planned_hook(h, "kretprobe", "llcp_sock_connect")->state, HOOK_PLANNED);
	assert_int_equal(planned_hook(h, "kprobe", "nfc_dep_link_up")->state, HOOK_MISSING);
	assert_int_equal(planned_hook(h, "kprobe", "nfc_hci_recv_frame")->state, HOOK_PLANNED);
	assert_int_equal(planned_hook(h, "text", "nfc_digital")->state, HOOK_MISSING);
	assert_non_null(strstr(planned_hook(h, "text", "nfc_digital")->reason, "not in one place"));
	assert_true(kernel__built_in(&kernel, "nfc"));
	assert_false(kernel__built_in(&kernel, "nfc_digital"));
	assert_int_equal(kernel__module_text(&kernel, "hci", &range, 1), 1);
	check_range(&i, &range, "nfc_hci_recv_frame", "nfc_hci_recv_frame");
	assert_int_equal(kernel__module_data(&kernel, "hci", &range, 1), 0);
	hooks__free(h);
	names__free(names);
	modules__free(&kernel.modules);
	end(&i);
}

static void decision(void **state)
{
	static const struct {
		const char *text;
		bool built_in;
	} cases[] = {
		{ "nfc_dev_up+0x0/0xd0", true },
		{ "nfc_dev_up+0x0/0xd0 [nfc]", false },
		{ "nfc_dev_up+0x10/0xd0", false },
		{ "nfc_dev_up.cold+0x0/0x10", false },
		{ "nfc_dev_down+0x0/0xd0", false },
		{ "0xffffffff81234567", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct symbol s;

		symbol__parse(&s, cases[i].text);
		if (builtin__says(&s) != cases[i].built_in)
			fail_msg("'%s'", cases[i].text);
	}
	assert_false(builtin__says(NULL));
}

static void unasked(void **state)
{
	struct builtins b;

	(void)state;
	assert_int_equal(builtins__open(&b, parts, NULL), 0);
	assert_false(b.nfc);
	assert_int_equal(b.count, 0);
	builtins__free(&b);
	assert_int_equal(builtins__open(&b, NULL, NULL), 0);
	builtins__free(&b);
}

static const struct CMUnitTest builtin[] = {
	TEST("builtin: parts next to each other, with helpers of other names", neighbours),
	TEST("builtin: what is hardly ever run is elsewhere", rarely_run),
	TEST("builtin: parts that are not there", absent),
	TEST("builtin: how many of others may be in between", gaps),
	TEST("builtin: which of several places it is", choices),
	TEST("builtin: what compilers make of names", compilers),
	TEST("builtin: two names for one address", aliases),
	TEST("builtin: variables", variables),
	TEST("builtin: symbols that do not say it", unreadable),
	TEST("builtin: symbols that are rubbish", rubbish),
	TEST("builtin: as modules", listed),
	TEST("builtin: every subsystem's table", tables),
	TEST("builtin: hooks on what was found, and on what was not", planned),
	TEST("builtin: a function of NFC's outside of all modules", decision),
	TEST("builtin: a kernel that cannot be asked", unasked),
};

UNIT_MAIN(builtin)
