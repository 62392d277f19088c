#!/usr/bin/env bash
# Runs all commands of a guide, in order, and compares what they print with what
# the guide shows:
#
#   tests/guides/run_guide.sh GUIDE PROGRAM [PART]
#
# PROGRAM is build/caps_runtime of a build. The commands run in a scratch folder
# with the entries of the tree (CAPS_GUIDE_TREE, by default this one), PROGRAM's
# folder as build/ and an empty home.
#
# What a block of the guide is follows from the word after its fence:
#
#   sh       commands of bash, which must all succeed; a `text` block or a table
#            after it is what they print
#   console  commands after "$ ", each with what it prints below it; lines after
#            the prompt of `replay` ("start> " or "#12 3ms> ") are typed there
#   text     what the sh block before it prints
#   others   are not run (toml, yaml, json, cmake, cpp, mermaid; bash for scripts
#            of elsewhere)
#
# Links must lead somewhere. How outputs are compared: see compare_output.awk. A
# comment in front of a block, on a line of its own, says what is special about it:
#
#   <!-- guide: tolerance 0.05 -->   in place of 0.02, for numbers with a point
#   <!-- guide: figures vary -->     numbers are not compared
#   <!-- guide: fails with 2 -->     the exit code the commands must have
#   <!-- guide: file NAME -->        the block is written to this file first
#   <!-- guide: part of FILE -->     all lines of the block are in this file, in
#                                    this order
#   <!-- guide: needs PROGRAM -->    not run where this program is missing
#   <!-- guide: table -->            the table that follows is what the block
#                                    before it prints; see compare_table.awk
#   <!-- guide: not compared: REASON -->
#   <!-- guide: not run here: REASON -->
#       `check` must find nothing wrong with the scenarios that are named
#   <!-- guide: instead: COMMAND -->
#       besides, in place of a block that is not run
#   <!-- guide: part NAME -->
#       the block is run only if NAME is given as PART, and then only such blocks
set -euo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tree=$(readlink -f "${CAPS_GUIDE_TREE:-$here/../..}")

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

(($# == 2 || $# == 3)) || die "usage: run_guide.sh GUIDE PROGRAM [PART]"
guide=$(readlink -f "$1")
program=$(readlink -f "$2")
part=${3:-}
[[ -f $guide ]] || die "there is no guide $1"
[[ -x $program && ${program##*/} == caps_runtime ]] \
  || die "$2 is no program caps_runtime"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scratch=$work/scratch
shown=$work/shown
printed=$work/printed
mkdir -p "$scratch" "$work/home"
for entry in "$tree"/*; do
  case ${entry##*/} in
    build* | runs) ;;
    *) ln -s "$entry" "$scratch/" ;;
  esac
done
ln -s "$(dirname "$program")" "$scratch/build"
cd "$scratch"
export HOME=$work/home

failures=0
ran=0
compared=0
left_out=0

note() {
  printf '%s:%s: %s\n' "${guide#"$tree"/}" "$at" "$*"
}

problem() {
  note "$@"
  failures=$((failures + 1))
}

# What the comments in front of a block say; for `tolerance` and `vary` also
# those in front of the block with what it prints.
forget_directives() {
  tolerance=0.02
  vary=0
  code=0
  file=
  excerpt=
  needs=
  table=0
  not_compared=
  not_run=
  instead=
  in_part=
}

read_directive() {
  local text=$1
  case $text in
    'tolerance '*) tolerance=${text#* } ;;
    'figures vary') vary=1 ;;
    'fails with '*) code=${text#fails with } ;;
    'file '*) file=${text#* } ;;
    'part of '*) excerpt=${text#part of } ;;
    'part '*) in_part=${text#* } ;;
    'needs '*) needs=${text#* } ;;
    'table') table=1 ;;
    'not compared: '*) not_compared=${text#*: } ;;
    'not run here: '*) not_run=${text#*: } ;;
    'instead: '*) instead=${text#*: } ;;
    *) problem "the runner does not know: $text" ;;
  esac
}

# Runs the script $1 with standard input from $2, in the folder where the last
# one of the block ended, and notes its output and exit code.
run_script() {
  local begin=$SECONDS
  ran=$((ran + 1))
  status=0
  # shellcheck disable=SC2016
  bash -eo pipefail -c 'cd "$1"; source "$2"; pwd >"$3"' guide \
    "$(<"$work/folder")" "$1" "$work/folder" >"$printed" 2>&1 <"$2" \
    || status=$?
  if ((status != code)); then
    problem "ended with $status instead of $code:"
    sed 's/^/    /' "$1"
    echo "  printed:"
    tail -n 30 "$printed" | sed 's/^/    /'
  fi
  ((SECONDS - begin < 5)) || note "took $((SECONDS - begin)) s"
}

compare() {
  local with=$1
  compared=$((compared + 1))
  awk -f "$here/$with" -v "tolerance=$tolerance" -v "any_figure=$vary" \
    "$shown" "$printed" >"$work/difference" \
    || {
      problem "prints something else:"
      cat "$work/difference"
    }
}

# Whether a program of a command that is not run is there, or is to be built.
has_program() {
  case $1 in
    build/caps_runtime) return 0 ;;
    build/*) grep -RqwF --include=CMakeLists.txt "${1##*/}" tests/ ;;
    */*) [[ -x ${1/#\~/$HOME} ]] ;;
  esac
}

# The program and the scenarios that a command which is not run names must be
# there, and the scenarios right.
check_command() {
  local words=() settings=() word previous=
  eval "words=($1
  )"
  ((${#words[@]})) || return 0
  has_program "${words[0]}" || problem "there is no program ${words[0]}"
  [[ ${words[0]} == build/caps_runtime ]] || return 0
  for word in "${words[@]}"; do
    [[ $previous == --set ]] && settings+=(--set "$word")
    previous=$word
  done
  for word in "${words[@]}"; do
    case $word in
      *=*) ;;
      *.study.toml) [[ -f $word ]] || problem "there is no study $word" ;;
      *.toml)
        build/caps_runtime check "$word" "${settings[@]}" >"$printed" 2>&1 \
          || problem "check $word: $(tail -n 1 "$printed")"
        ;;
    esac
  done
}

check_commands() {
  local line one command=""
  while IFS= read -r line; do
    if [[ $line == *\\ ]]; then
      command+=${line%\\}
      continue
    fi
    command+=$line
    while IFS= read -r one; do
      check_command "$one"
    done <<<"${command//&&/$'\n'}"
    command=
  done <"$1"
}

# Whether the commands of the block in front of which directives were read are
# to be run.
is_run() {
  can_compare=0
  [[ $in_part == "$part" ]] || return 1
  if [[ -n $needs ]] && ! command -v "$needs" >/dev/null; then
    note "not run: there is no $needs"
    left_out=$((left_out + 1))
    return 1
  fi
  can_compare=1
}

run_sh() {
  is_run || return 0
  bash -n "$block" 2>"$printed" || problem "$(cat "$printed")"
  if grep -qE '\| *(head|grep -q)' "$block"; then
    problem "a reader that stops early ends its writer with SIGPIPE, at times;" \
      "sed -n reads all"
  fi
  if [[ -z $not_run ]]; then
    run_script "$block" /dev/null
    return 0
  fi
  can_compare=0
  left_out=$((left_out + 1))
  note "not run: $not_run"
  check_commands "$block"
  if [[ -n $instead ]]; then
    printf '%s\n' "$instead" >"$work/instead"
    run_script "$work/instead" /dev/null
  fi
}

# One command of a console block, with what is typed at its prompt.
run_console_command() {
  [[ -s $work/command ]] || return 0
  run_script "$work/command" "$work/typed"
  compare compare_output.awk
}

run_console() {
  local line first=$at
  is_run || return 0
  local prompt='^(start|#[0-9]+ [0-9.a-z]+)> (.*)$'
  : >"$work/command"
  local number=$first in_command=0
  while IFS= read -r line; do
    number=$((number + 1))
    if ((in_command)); then
      printf '%s\n' "$line" >>"$work/command"
      [[ $line == *\\ ]] || in_command=0
    elif [[ $line == '$ '* ]]; then
      run_console_command
      at=$number
      printf '%s\n' "${line#\$ }" >"$work/command"
      : >"$work/typed"
      : >"$shown"
      [[ $line == *\\ ]] && in_command=1
    elif [[ ! -s $work/command ]]; then
      problem "no command before: $line"
    elif [[ $line =~ $prompt ]]; then
      printf '%s\n' "${BASH_REMATCH[2]}" >>"$work/typed"
    else
      printf '%s\n' "$line" >>"$shown"
    fi
  done <"$block"
  run_console_command
  at=$first
  can_compare=0
}

check_text() {
  [[ $in_part == "$part" ]] || return 0
  if [[ -n $not_compared ]]; then
    note "not compared: $not_compared"
  elif ((can_compare)); then
    cp "$block" "$shown"
    compare compare_output.awk
    can_compare=0
  elif [[ $last != sh ]]; then
    problem "no command prints this"
  fi
}

# Whether all lines of the block are in the file of `part of`, in their order.
check_excerpt() {
  [[ -f $excerpt ]] || {
    problem "there is no $excerpt"
    return 0
  }
  compared=$((compared + 1))
  awk '{ gsub(/[ \t]+/, " "); sub(/ $/, "") }
    $0 == "" { next }
    FILENAME == ARGV[1] { line[++count] = $0; next }
    $0 == line[found + 1] { ++found }
    END {
      if (found < count)
        print line[found + 1]
      exit found < count
    }' "$block" "$excerpt" >"$work/difference" \
    || problem "not in $excerpt: $(cat "$work/difference")"
}

end_block() {
  printf '%s\n' "$scratch" >"$work/folder"
  if [[ -n $file && $in_part == "$part" ]]; then
    mkdir -p "$(dirname "$file")"
    cp "$block" "$file"
  fi
  [[ -z $excerpt ]] || check_excerpt
  case $kind in
    sh) run_sh ;;
    console) run_console ;;
    text) check_text ;;
    toml | yaml | json | cmake | cpp | mermaid | bash) ;;
    *) problem "a block needs one of sh, console, text, toml, cmake, cpp," \
      "mermaid, json, yaml, bash after its fence, not '$kind'" ;;
  esac
  last=$kind
  forget_directives
}

# The headings of a guide as links name them.
anchors() {
  sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' \
    | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# What the guide links to must be there; links are relative to its folder.
check_links() {
  local line link target
  while IFS=: read -r line link; do
    at=$line
    link=${link#](}
    link=${link%)}
    [[ $link == *://* ]] && continue
    target=$guide
    [[ $link == '#'* ]] || target=$(dirname "$guide")/${link%%#*}
    if [[ ! -e $target ]]; then
      problem "leads nowhere: $link"
    elif [[ $link == *#* ]] && ! anchors "$target" | grep -qxF -e "${link#*#}"; then
      problem "${link%%#*} has no heading ${link#*#}"
    fi
  done < <(grep -noE '\]\([^) ]+\)' "$guide")
}

block=$work/block
last=
can_compare=0
in_block=0
in_table=0
at=0
number=0
forget_directives
directive='^<!-- guide: (.*) -->$'
while IFS= read -r line <&3 || [[ -n $line ]]; do
  number=$((number + 1))
  if ((in_block)); then
    if [[ $line == '```' ]]; then
      in_block=0
      end_block
    else
      printf '%s\n' "$line" >>"$block"
    fi
  elif ((in_table)) && [[ $line == '|'* ]]; then
    printf '%s\n' "$line" >>"$shown"
  else
    if ((in_table)); then
      in_table=0
      ((can_compare)) && compare compare_table.awk
      forget_directives
    fi
    at=$number
    if [[ $line == '```'* ]]; then
      kind=${line#'```'}
      in_block=1
      : >"$block"
    elif [[ $line =~ $directive ]]; then
      read_directive "${BASH_REMATCH[1]}"
    elif ((table)) && [[ $line == '|'* ]]; then
      in_table=1
      printf '%s\n' "$line" >"$shown"
    elif [[ $line == '<!-- guide'* ]]; then
      problem "this directive is no line of its own: $line"
    elif [[ $line == '    '[^\ ]* ]] && [[ $line == *caps_runtime* ]]; then
      problem "a command outside of a fence: $line"
    fi
  fi
done 3<"$guide"
((in_block == 0)) || problem "the last block has no end"
if ((in_table && can_compare)); then
  compare compare_table.awk
fi

[[ -n $part ]] || check_links

at=$number
note "$ran blocks and commands run, $compared outputs compared," \
  "$left_out left out, $failures wrong, $SECONDS s"
((failures == 0))
