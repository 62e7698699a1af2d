# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion for bash.  Commands and options are read from --help, so that they are always those of the
# program that is being typed; what an option's value may be is known here, and tests/completion
# compares it with what the program takes.  Needs no helper of the bash-completion package.

# The commands that "nfcleakbpf --help" lists.
_nfcleakbpf_commands() { # PROGRAM
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  *\([a-z][a-z-]*\)  *.*/\1/p'
}

# "-s --long ARG" for each option of a command; "-" where there is no short one.
_nfcleakbpf_options() { # PROGRAM COMMAND
	"$1" "$2" --help 2>/dev/null | sed -n \
		-e 's/^  \(-.\), \(--[a-z-]*\)\[\{0,1\}=\([A-Z:]*\).*/\1 \2 \3/p;t' \
		-e 's/^  \(-.\), \(--[a-z-]*\).*/\1 \2/p;t' \
		-e 's/^      \(--[a-z-]*\)\[\{0,1\}=\([A-Z:]*\).*/- \1 \2/p;t' \
		-e 's/^      \(--[a-z-]*\).*/- \1/p'
}

# What may follow an option: sets COMPREPLY.
_nfcleakbpf_value() { # OPTION ARG CURRENT
	local words=
	case $1 in
	--attach) words='auto kprobe kprobe-multi fentry' ;;
	--format) words='text kmemleak json html pprof folded perfetto' ;;
	--metrics) words=9464 ;;
	--module) words=$(cut -d ' ' -f 1 /proc/modules 2>/dev/null) ;;
	*)
		case $2 in
		FILE | PATH) _nfcleakbpf_files "$3" ;;
		esac
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$3")
}

_nfcleakbpf_files() { # CURRENT
	# Only where it is really a completion: then names with blanks are quoted, directories go on.
	compopt -o filenames 2>/dev/null || :
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_nfcleakbpf() {
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} command='' value i short long arg
	local list=()
	COMPREPLY=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-* | =) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_nfcleakbpf_commands "$program") --help --version" \
			-- "$current")
		return
	fi

	# bash takes --option=value for three words.
	if [ "$current" = = ]; then
		value=${COMP_WORDS[COMP_CWORD - 1]}
		current=
	elif [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
		value=${COMP_WORDS[COMP_CWORD - 2]}
	else
		value=${COMP_WORDS[COMP_CWORD - 1]}
	fi
	while read -r short long arg; do
		if [ -n "$arg" ] && [ -n "$value" ] && { [ "$value" = "$long" ] || [ "$value" = "$short" ]; }; then
			_nfcleakbpf_value "$long" "$arg" "$current"
			return
		fi
		list+=("$long")
	done < <(_nfcleakbpf_options "$program" "$command")
	case $current in
	-*) mapfile -t COMPREPLY < <(compgen -W "${list[*]}" -- "$current") ;;
	*) [ "$command" != report ] || _nfcleakbpf_files "$current" ;;
	esac
}

complete -F _nfcleakbpf nfcleakbpf
