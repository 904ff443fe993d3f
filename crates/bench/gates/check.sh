#!/usr/bin/env bash
# Counts the instructions of each operation under callgrind, and compares them with `baseline.toml`.
#   check.sh            fails where a count is more than 3 % off
#   check.sh --write    writes the baseline again
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/../../.."

baseline="$here/baseline.toml"
# Runs of an operation that are counted together.
times=20
write=false
[ "${1:-}" = --write ] && write=true
command -v valgrind >/dev/null || { echo 'valgrind is missing' >&2; exit 1; }
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

cargo build --profile gates --locked --quiet --package callweave-gates --bin callweave-gates
binary="${CARGO_TARGET_DIR:-target}/gates/callweave-gates"
compiler="$(rustc --version)"

# Instructions of one run; callgrind counts within `measured` and what it calls.
count() {
  valgrind --tool=callgrind --callgrind-out-file="$scratch/out" --error-exitcode=1 \
    --toggle-collect='callweave_gates::measured*' "$binary" "$1" "$times" >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    return 1
  }
  awk -v times="$times" '/Collected :/ { printf "%.0f\n", $NF / times }' "$scratch/log"
}

# What the baseline says of a name.
before() {
  [ -e "$baseline" ] || return 0
  awk -v name="$1" -F' = ' '$1 == name { gsub(/"/, "", $2); print $2 }' "$baseline"
}

{
  echo '# Instructions of one run of each operation under callgrind; written by `check.sh --write`.'
  echo "compiler = \"$compiler\""
  echo
  echo '[instructions]'
} >"$scratch/fresh"

failed=0
for name in $("$binary"); do
  now="$(count "$name")"
  if [ -z "$now" ] || [ "$now" -eq 0 ]; then
    echo "$name: nothing was counted" >&2
    exit 1
  fi
  echo "$name = $now" >>"$scratch/fresh"
  then="$(before "$name")"
  if "$write"; then
    echo "$name: $now"
  elif [ -z "$then" ]; then
    echo "$name: $now, which the baseline lacks" >&2
    failed=1
  else
    awk -v name="$name" -v now="$now" -v was="$then" 'BEGIN {
      off = 100 * (now - was) / was
      bad = off > 3 || off < -3
      printf "%s: %d instructions, %d in the baseline (%+.2f %%)%s\n", name, now, was, off, bad ? ": FAILED" : ""
      exit bad
    }' || failed=1
  fi
done

if "$write"; then
  mv "$scratch/fresh" "$baseline"
  exit 0
fi
known="$(before compiler)"
if [ "$known" != "$compiler" ]; then
  echo "the baseline was counted with $known, this is $compiler: another compiler may well differ by more than 3 %"
fi
if [ "$failed" -ne 0 ]; then
  echo 'if that is as it should be, or due to another compiler, write the baseline again: crates/bench/gates/check.sh --write' >&2
  exit 1
fi
