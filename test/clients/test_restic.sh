#!/usr/bin/env bash
# restic with its repository behind the gateway: init, backup, check, restore, forget and prune.
# usage: test_restic.sh http://127.0.0.1:9400   With RESULTS, appends client, feature and outcome to that file.
set -uo pipefail
endpoint=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local-secret RESTIC_PASSWORD=secret
export RESTIC_REPOSITORY="s3:$endpoint/restic-$$/repository" RESTIC_CACHE_DIR="$work/cache"
client=$(restic version | cut -d' ' -f1,2)
passed=0 failed=0

feature() { # feature of the matrix, name of the test, command
  local column=$1 name=$2 outcome=ok
  shift 2
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    restic: $name"
  else
    failed=$((failed + 1)) outcome=FAIL
    echo "FAIL  restic: $name"
    tail -n 5 "$work/log"
  fi
  if [ -n "${RESULTS:-}" ]; then printf '%s\t%s\t%s\n' "$client" "$column" "$outcome" >>"$RESULTS"; fi
}
files() { # directory, seed
  for number in $(seq 1 100); do echo "$2 $number" >"$1/file $number.txt"; done
  head -c 6000000 /dev/urandom >"$1/large-$2.bin"
}
restored() {
  restic restore latest --target "$work/restored" && diff -r "$work/source" "$work/restored$work/source"
}
prune() {
  restic forget --keep-last 1 --prune && [ "$(restic snapshots --json | grep -o '"short_id"' | wc -l)" = 1 ]
}

mkdir "$work/source"
files "$work/source" first
feature 'write and read' 'makes a repository and its bucket' restic init
feature 'sync up' 'backs a directory up' restic backup "$work/source"
files "$work/source" second
feature 'sync up' 'backs only the changes up' restic backup "$work/source"
feature 'write and read' 'finds every byte again' restic check --read-data
feature 'sync down' 'restores what was backed up' restored
feature 'list' 'lists its snapshots' restic snapshots
feature 'delete many' 'forgets a snapshot and prunes its packs' prune
feature 'write and read' 'is still whole' restic check --read-data
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
