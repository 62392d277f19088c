#!/usr/bin/env bash
# What run_guide.sh finds, and what it leaves in peace, in guides made for this.
# shellcheck disable=SC2016
set -euo pipefail

runner=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/run_guide.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
export CAPS_GUIDE_TREE=$tree
mkdir -p "$tree/scenarios" "$tree/out" "$tree/tests"
echo 'nodes = 3' >"$tree/scenarios/good.toml"
echo 'nodes = wrong' >"$tree/scenarios/bad.toml"

# A program that prints what it is told, echoes what is typed at a prompt, and
# refuses scenarios with a word "wrong".
cat >"$tree/out/caps_runtime" <<'END'
#!/usr/bin/env bash
case $1 in
  say) printf '%b\n' "$2" ;;
  fail) echo "error: as told"; exit "$2" ;;
  check) [[ -f $2 ]] && ! grep -q wrong "$2" ;;
  replay) while read -r line; do echo "you typed $line"; done ;;
esac
END
chmod +x "$tree/out/caps_runtime"

failures=0

# expect passes|fails WHAT [PART]: on the guide of standard input.
expect() {
  local found=passes
  cat >"$tree/guide.md"
  # shellcheck disable=SC2086
  "$runner" "$tree/guide.md" "$tree/out/caps_runtime" ${3:-} \
    >"$tree/report" 2>&1 || found=fails
  if [[ $found != "$1" ]]; then
    echo "$2: the runner $found:"
    sed 's/^/  /' "$tree/report"
    failures=$((failures + 1))
  fi
}

# expect_output passes|fails PRINTED SHOWN [DIRECTIVE]: SHOWN may be several
# lines.
expect_output() {
  printf '```sh\nbuild/caps_runtime say "%s"\n```\n%s\n```text\n%b\n```\n' \
    "$2" "${4:-}" "$3" | expect "$1" "shown $3, printed $2"
}

expect_output passes 'loss 0.5213 of 3' 'loss   0.5213 of 3'
expect_output fails 'loss 0.5213 of 3' 'lost 0.5213 of 3'
expect_output fails 'loss 0.5213 of 3' 'loss 0.5213 of'
expect_output fails 'loss 0.5213 of' 'loss 0.5213 of 3'
# Whole numbers are equal, others nearly.
expect_output fails 'loss 0.5213 of 3' 'loss 0.5213 of 4'
expect_output fails '1876 messages' '1877 messages'
expect_output passes 'loss 0.5213' 'loss 0.5300'
expect_output fails 'loss 0.5213' 'loss 0.5500'
expect_output passes 'loss 0.5213' 'loss 0.5500' '<!-- guide: tolerance 0.1 -->'
expect_output fails 'loss 0.5213' 'loss 0.7000' '<!-- guide: tolerance 0.1 -->'
expect_output fails 'loss -0.5213' 'loss 0.5213'
expect_output passes 'loss 1e-3' 'loss 1.01e-3'
expect_output fails 'loss 1e-3' 'loss 1e-5'
expect_output passes 'distance 0.018' 'distance 0.019'
expect_output passes 'took 3 s' 'took 9 s' '<!-- guide: figures vary -->'
expect_output fails 'took 3 s' 'took 9 h' '<!-- guide: figures vary -->'
# "..." is any words, any rest of a word, any lines.
expect_output passes 'took 3 s for all' 'took ... for all'
expect_output fails 'took 3 s for none' 'took ... for all'
expect_output passes 'results in runs/x-2031' 'results in runs/x-...'
expect_output fails 'results in runs/y-2031' 'results in runs/x-...'
expect_output passes 'a\nb\nc\nd' 'a\n...\nd'
expect_output fails 'a\nb\nc\nd' 'a\n...\ne'
expect_output fails 'a\nb' 'a'
expect_output fails 'a' 'a\nb'
expect_output fails 'a\nb' 'b\na'

expect passes 'exit code 2, as said' <<'END'
<!-- guide: fails with 2 -->
```sh
build/caps_runtime fail 2
```

```text
error: as told
```
END
expect fails 'a command that fails' <<'END'
```sh
build/caps_runtime fail 2
```
END
expect fails 'a command that fails before others' <<'END'
```sh
build/caps_runtime fail 2
build/caps_runtime say well
```
END
expect fails 'a command that should fail' <<'END'
<!-- guide: fails with 2 -->
```sh
build/caps_runtime say well
```
END
expect fails 'a missing program' <<'END'
```sh
build/caps_runtimes say well
```
END

expect passes 'a console with a prompt' <<'END'
```console
$ build/caps_runtime say \
  "on two lines"
on two lines
$ build/caps_runtime replay x
start> first
you typed first
#12 3.5ms> second
you typed second
```
END
expect passes 'a console that goes to another folder' <<'END'
```console
$ mkdir elsewhere && cd elsewhere
$ basename "$PWD"
elsewhere
```
END
expect fails 'a console with another answer' <<'END'
```console
$ build/caps_runtime replay x
start> first
you typed second
```
END
expect fails 'a console whose first command prints something else' <<'END'
```console
$ build/caps_runtime say one
two
$ build/caps_runtime say two
two
```
END

table='| scenario | accuracy | wall s |\n|---|---|---|\n'
expect_table() {
  printf '```sh\nbuild/caps_runtime say "%s"\n```\n\n<!-- guide: table -->\n%b\n' \
    "$table$2" "$3" | expect "$1" "table $3"
}
head='| scenario | accuracy |\n|---|---|\n'
rows='| a | 70.41 ± 0.10 | 3.1 |\n| b | 80.02 | 4 |'
expect_table passes "$rows" "$head| a (alone) | 70.40 ± 0.20 |\n| b | 80.02 |"
expect_table fails "$rows" "$head| a | 70.40 ± 0.20 |\n| b | 90.02 |"
expect_table fails "$rows" "$head| a | 70.40 ± 0.20 |"
expect_table fails "$rows" "$head| a | 70.41 |\n| b | 80.02 |"
expect_table fails "$rows" "$head| a | 70.40 ± 0.1 |\n| b | 80.02 |\n| c | 1.0 |"

expect passes 'a block that is not run' <<'END'
<!-- guide: not run here: it takes long -->
<!-- guide: instead: build/caps_runtime say short -->
```sh
build/caps_runtime --scenario scenarios/good.toml \
  --set x=3   # a remark
```

```text
what it would print
```
END
expect fails 'a block that is not run, with a wrong scenario' <<'END'
<!-- guide: not run here: it takes long -->
```sh
build/caps_runtime compare scenarios/*.toml
```
END
expect fails 'a block that is not run, with no scenario' <<'END'
<!-- guide: not run here: it takes long -->
```sh
build/caps_runtime --scenario scenarios/god.toml
```
END
expect fails 'a block that is not run, with a wrong program' <<'END'
<!-- guide: not run here: it takes long -->
```sh
./bootstrapp run && build/caps_runtime --scenario scenarios/good.toml
```
END
expect fails 'what is run instead fails' <<'END'
<!-- guide: not run here: it takes long -->
<!-- guide: instead: build/caps_runtime fail 1 -->
```sh
build/caps_runtime --scenario scenarios/good.toml
```
END

expect passes 'a file of the guide' <<'END'
<!-- guide: file mine.toml -->
```toml
nodes = 4
```

```sh
grep 4 mine.toml
```
END
expect passes 'a part of a file' <<'END'
<!-- guide: part of scenarios/good.toml -->
```toml
nodes   = 3
```
END
expect fails 'no part of a file' <<'END'
<!-- guide: part of scenarios/good.toml -->
```toml
nodes = 4
```
END

part='<!-- guide: part other -->
```console
$ build/caps_runtime fail 1
```'
expect passes 'a part that is not asked for' <<<"$part"
expect fails 'a part that is asked for' other <<<"$part"

expect fails 'a text that no command prints' <<'END'
```text
out of nowhere
```
END
expect fails 'a fence without a kind' <<'END'
```
build/caps_runtime fail 1
```
END
expect fails 'a fence without an end' <<'END'
```sh
build/caps_runtime say well
END
expect fails 'an unknown directive' <<'END'
<!-- guide: tolerence 3 -->
END
expect passes 'links' <<'END'
# A heading, with *more*
[a](scenarios/good.toml) [b](#a-heading-with-more) [c](https://example.org/)
END
expect fails 'a link to nowhere' <<<'[a](scenarios/god.toml)'
expect fails 'a link to no heading' <<<'[a](#heading)'

((failures == 0)) || exit 1
echo "run_guide.sh finds what it should"
