#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The words that the scenarios are written in.  A scenario runs in a guest and compares what
# nfcleakbpf says with what somebody else counted: SLUB's user tracking, the kernel's own kprobe
# counters, the traffic generator.  Nothing here waits for a fixed time, since a simulated machine's
# clock runs unevenly: it waits until something is so, and gives up much later.
# shellcheck disable=SC2034 # used by those who read this
set -euo pipefail

tool=build/nfcleakbpf
traffic=build/nfctraffic
tracefs=/sys/kernel/tracing
scenario=$(basename "$0")
work=$(mktemp -d "/tmp/$scenario.XXXXXX")
kernel=$(uname -r)
series=$(cut -d. -f 1,2 <<<"$kernel")
export PATH=$PATH:/usr/sbin:/sbin

run=$work/run0 # files of the latest run: .json, .err
runs=0
run_pid=

# ---- results ----

evidence() { sed 's/^/#   | /' | cut -c 1-400 | head -n 40; }

# What the latest run said, in short.
run_evidence() {
	[ ! -s "$run.err" ] || tail -n 12 "$run.err" | evidence
	[ ! -s "$run.json" ] || { grep -v '"event":"histogram"' "$run.json" | tail -n 4 | evidence; }
}

ok() { echo "ok - $scenario: $*"; }

# Evidence comes on standard input.
not_ok() {
	echo "not ok - $scenario: $*"
	evidence
}

die() {
	run_evidence | not_ok "$@"
	exit 1
}

equal() { # DESCRIPTION GOT WANTED
	if [ "$2" = "$3" ]; then
		ok "$1 ($2)"
	else
		{
			echo "got $2, wanted $3"
			run_evidence | sed 's/^#   | //'
		} | not_ok "$1"
	fi
}

# Where tasks are preempted in the midst of a program, what others do meanwhile is missed, and said.
preempted() { grep -qE '\((full|lazy)\)' /sys/kernel/debug/sched/preempt 2>/dev/null; }

# Equal, but for programs that did not run where that cannot be helped.
accounted() { # DESCRIPTION GOT WANTED
	local missed=0
	! preempted || missed=$(end_of .missed_hooks)
	if [ "$2" != "$3" ] && [ "$((10#$2 - 10#$3))" -le "$missed" ] && [ "$((10#$3 - 10#$2))" -le "$missed" ]; then
		ok "$1 ($2 of $3; the kernel did not run $missed programs)"
	else
		equal "$@"
	fi
}

check() { # DESCRIPTION COMMAND...
	local what=$1 rc=0
	shift
	"$@" >"$work/check" 2>&1 || rc=$?
	if [ "$rc" = 0 ]; then
		ok "$what"
	else
		{
			echo "\$ $* (exit status $rc)"
			head -n 20 "$work/check"
			run_evidence | sed 's/^#   | //'
		} | not_ok "$what"
	fi
}

lacks() { ! grep -nE -- "$1" "$2"; } # PATTERN FILE

# Good if a file of JSON lines has none that QUERY selects; those are the evidence.
none() { # DESCRIPTION QUERY [FILE]
	local file=${3:-$run.json}
	if ! jq -c "$2" "$file" >"$work/none" 2>&1; then
		not_ok "$1" <"$work/none"
	elif [ -s "$work/none" ]; then
		not_ok "$1" <"$work/none"
	else
		ok "$1"
	fi
}

# What cannot be tried, since the kernel has no such thing.
lacking() { echo "# NOT ON THIS KERNEL: $scenario: $*"; }

seconds() { printf '%d.%02d s' "$(($1 / 100))" "$(($1 % 100))"; }

# ---- time and waiting ----

clock=0
# Sets $clock to hundredths of a second since boot, without starting a process.
tick() {
	local t
	read -r t _ </proc/uptime
	clock=$((10#${t/./}))
}

exec {never}<> <(:)
nap() { read -rt 0.1 -u "$never" || :; }

# Waits until COMMAND succeeds; fails when it did not in SECONDS.
until_true() { # SECONDS COMMAND...
	local end
	tick
	end=$((clock + 100 * $1))
	shift
	until "$@"; do
		tick
		[ "$clock" -lt "$end" ] || return 1
		nap
	done
}

# ---- nfcleakbpf ----

said() { grep -q -- "$1" "$run.json" 2>/dev/null; }
complained() { grep -q -- "$1" "$run.err" 2>/dev/null; }
gone() { [ ! -d "/proc/$run_pid" ]; }
tracing_or_gone() { said '"event":"start"' || gone; }

new_run() {
	runs=$((runs + 1))
	run=$work/run$runs
	: >"$run.json"
	: >"$run.err"
	tick
	run_began=$clock
}

# The shell makes what it starts in the background ignore Ctrl-C, a terminal does not.
launch() { exec env --default-signal=INT "$tool" "$@"; }

# It is nfcleakbpf that runs, and not the shell on the way to it.
launched() {
	local comm=
	read -r comm 2>/dev/null <"/proc/$run_pid/comm" || return 0
	[ "$comm" = nfcleakbpf ]
}

start_run() { # OPTION...
	new_run
	launch run --json "$@" >"$run.json" 2>"$run.err" &
	run_pid=$!
	until_true 10 launched
}

# As people read it, in $run.text.
start_text_run() { # OPTION...
	new_run
	launch run "$@" >"$run.text" 2>"$run.err" &
	run_pid=$!
	until_true 10 launched
}

# As start_run, and $run.arrived gets for each line the wall clock, the time since boot, its event.
start_timed_run() { # OPTION...
	new_run
	: >"$run.arrived"
	launch run --json "$@" > >(stamp "$run") 2>"$run.err" &
	run_pid=$!
}

stamp() { # RUN
	local line t event
	trap '' INT
	while IFS= read -r line; do
		read -r t _ </proc/uptime
		event=${line#'{"event":"'}
		printf '%s %s %s\n' "$EPOCHREALTIME" "${t/./}" "${event%%'"'*}" >>"$1.arrived"
		printf '%s\n' "$line" >>"$1.json"
	done
}

# As many hooks as this are on functions of modules, which come last.
hooked() { # COUNT
	[ "$(grep -E ' (nfc|nfc_digital) ' /sys/kernel/debug/kprobes/list |
		grep -vcE 'GONE|digital_tg_listen_nfcf')" -ge "$1" ]
}

wait_hooked() {
	local planned
	planned=$("$tool" doctor --json | jq '[.hooks[] | select(.state == "planned" and
		(.mechanism | test("^kret?probe$")))] | length')
	until_true 60 hooked "$planned" || die "nfcleakbpf hooks the modules' functions"
	# Some moments more, for what is not a kprobe.
	for _ in 1 2 3 4 5; do nap; done
}

wait_tracing() {
	until_true 60 tracing_or_gone || :
	said '"event":"start"' || die "nfcleakbpf starts"
}

# Sets $run_status.
stop_run() { # [SIGNAL]
	kill -s "${1:-INT}" "$run_pid" 2>/dev/null || :
	wait_run
}

wait_run() {
	until_true 60 gone || {
		kill -KILL "$run_pid"
		die "nfcleakbpf ends when told to"
	}
	run_status=0
	wait "$run_pid" || run_status=$?
	run_pid=
	# What went through a pipe arrives a moment later.
	[ ! -e "$run.arrived" ] || until_true 10 said '"event":"end"' || :
}

# A number or word of the running trace; how much of memory it follows just now.
now() { "$tool" status --json | jq -r "$1"; }
following() { [ "$(now .following)" = "$1" ]; }

leaks() { grep -c '"event":"leak"' "$run.json" || :; }
leaks_are() { [ "$(leaks)" = "$1" ]; }
# A number of the end report.
end_of() { jq -r "select(.event == \"end\") | $1" "$run.json"; }

# ---- who else counts ----

# Before 5.16 SLUB prints no more than fits into a page, with the modules last.
have_slub() { grep -q 'slub_debug=U' /proc/cmdline && [ -d /sys/kernel/debug/slab ]; }

# What SLUB knows of live objects: a line with their number and the allocator's caller, then the
# stack.  Not the sheaves (6.18 and newer), which SLUB makes for itself below whoever allocates then
# and keeps.
alloc_traces() {
	awk '
		/^ *[0-9]+ / { own = $2 ~ /^(__)?pcs_|sheaf/ }
		!own
	' /sys/kernel/debug/slab/kmalloc-*/alloc_traces /sys/kernel/debug/slab/skbuff_*/alloc_traces
}

# "COUNT FUNCTION" for all live objects that SLUB knows and that were allocated below a function of
# the NFC stack, by the innermost such function.
slub() {
	alloc_traces | awk '
		/^ *[0-9]+ / { n = $1 }
		!n || !/\[(nfc|nfc_digital|nfcsim)\]/ { next }
		{
			f = $1 ~ /^[0-9]+$/ ? $2 : $1
			sub(/\+.*/, "", f)
			count[f] += n
			n = 0
		}
		END { for (f in count) print count[f], f }
	' | sort -k 2
}

# The objects among them allocated by FUNCTION.
slub_of() { # FUNCTION
	slub | awk -v f="$1" '$2 == f { n = $1 } END { print n + 0 }'
}

# Once the modules are gone nothing of theirs may be left, and SLUB cannot name their functions any
# more: they have to be known from before.  And so have the nameless functions of others, whose place
# the modules may have got.
remember_nameless() {
	have_slub || return 0
	alloc_traces | awk '{ f = $1 ~ /^[0-9]+$/ ? $2 : $1 } f ~ /^0x/ { print f }' |
		sort -u >"$work/nameless"
}

remember_functions() {
	awk '$2 ~ /^[tT]$/ && $4 ~ /^\[(nfc|nfc_digital|nfcsim)\]$/ { print $1, $3, $4 }' \
		/proc/kallsyms | sort >"$work/functions"
}

# As slub, for modules that are gone.
slub_of_the_dead() {
	alloc_traces | awk '
		FILENAME ~ /nameless$/ { other[$1] = 1; next }
		FILENAME ~ /functions$/ {
			at[++functions] = $1 ""
			name[functions] = $2
			if (!($3 in first)) first[$3] = $1 ""
			last[$3] = $1 ""
			next
		}
		/^ *[0-9]+ / { n = $1 }
		!n { next }
		{
			f = $1 ~ /^[0-9]+$/ ? $2 : $1
			if (f !~ /^0x/ || f in other) next
			f = substr(f, 3) ""
			for (m in first) {
				if (f < first[m] || f > last[m]) continue
				for (i = 1; i < functions && at[i + 1] <= f; i++) ;
				count[name[i]] += n
				n = 0
				next
			}
		}
		END { for (f in count) print count[f], f }
	' "$work/nameless" "$work/functions" -
}

# Once the modules are gone.
slub_sees_no_leak() {
	# What a boot forgot to ask for is no lack: it fails below.
	if [ ! -d /sys/kernel/debug/slab ]; then
		lacking "SLUB is not asked, it prints no more than fits into a page (before 5.16)"
		return
	fi
	slub_of_the_dead >"$work/left"
	if [ -s "$work/left" ]; then
		# And where they come from.
		alloc_traces | awk '
			NR == FNR { other[$1] = 1; next }
			/^ *[0-9]+ / { if (nameless) printf "%s", record; record = ""; nameless = 0 }
			{ record = record $0 "\n" }
			$1 ~ /^0x/ && !($1 in other) { nameless = 1 }
			END { if (nameless) printf "%s", record }
		' "$work/nameless" - >>"$work/left"
		not_ok "SLUB sees no leak either" <"$work/left"
	else
		ok "SLUB sees no leak either"
	fi
}

# The kernel counts the calls of functions, by kprobe events (which have nothing to do with BPF).
count_calls() { # MODULE:FUNCTION...
	local f
	for f; do
		echo "p:suite/${f#*:} $f" >>"$tracefs/kprobe_events"
	done
	echo 1 >"$tracefs/events/suite/enable"
}

calls() { # FUNCTION
	awk -v f="$1" '$1 == f { n = $2 + $3 } END { print n + 0 }' "$tracefs/kprobe_profile"
}

stop_counting() {
	[ -d "$tracefs/events/suite" ] || return 0
	echo 0 >"$tracefs/events/suite/enable"
	: >"$tracefs/kprobe_events"
}

# Its maps in the order of bpf/*.h, those of questions, and what libbpf makes of either's variables.
maps='book|live_slots|known_stacks|scopes|events|reads|window|symbols|(nfcleakb|query_bp)[a-z.]*'

# What of nfcleakbpf is in the kernel: nothing, once it has ended, however it did.
ours() {
	{
		bpftool prog show | grep -o 'name nlb_[a-z_]*' || :
		bpftool map show | grep -oE "name ($maps)\\>" || :
		find /sys/fs/bpf -mindepth 1
		grep -E '\[?(nfc|nfc_digital|nfcsim)\]?( |$)' /sys/kernel/debug/kprobes/list || :
		cat "$tracefs/kprobe_events"
	} | grep -v digital_tg_listen_nfcf || : # which only count_calls probes
}
nothing_of_ours() { [ -z "$(ours)" ]; }

# ---- traffic ----

# Its last line of output, JSON, is in $work/traffic.
traffic() { # ARGUMENT...
	local rc=0
	"$traffic" "$@" >"$work/traffic.out" 2>"$work/traffic.err" || rc=$?
	tail -n 1 "$work/traffic.out" >"$work/traffic"
	[ "$rc" = 0 ] || cat "$work/traffic.out" "$work/traffic.err" | not_ok "nfctraffic $*"
	return "$rc"
}

traffic_said() { jq -r "$1" "$work/traffic"; }

# Polls as target; $planted is how many leaks that were, as count_calls counts them.
poll() { # SECONDS
	local before
	before=$(calls digital_tg_listen_nfcf)
	# With which technology a device listens is chosen at random, and only NFC-F leaks: it may be
	# another all the time.
	for _ in 1 2 3 4; do
		traffic poll-target "$1" nfc0
		planted=$(($(calls digital_tg_listen_nfcf) - before))
		[ "$planted" = 0 ] || break
	done
	traffic down
}

# ---- the end ----

cleanup() {
	# A child that is killed before it becomes another program comes here, too.
	[ "$BASHPID" = $$ ] || return 0
	[ -z "$run_pid" ] || kill -KILL "$run_pid" 2>/dev/null || :
	"$traffic" down >/dev/null 2>&1 || :
	stop_counting || :
	[ -z "$run_pid" ] || until_true 60 gone || :
	unload-nfc || :
}
trap cleanup EXIT
