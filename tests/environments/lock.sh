#!/usr/bin/env bash
# Resolves the locked versions of every test environment again; run by `make lock`.
# usage: lock.sh UV
set -euo pipefail
uv=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/environments
constraints=$(mktemp)
trap 'rm -f "$constraints"' EXIT

# The test tools are the same everywhere, so that results can be compared and merged.
grep -oE '^(boto3|botocore|moto|pytest|pytest-xdist|slipcover)==[^ ;]+' \
  "$root/requirements.lock" >"$constraints"

compile() { # compile LOCK PYTHON ARGUMENT...
  "$uv" pip compile --generate-hashes --no-header --no-annotate --quiet \
    --python-version "$2" "${@:3}" -o "$here/$1"
}

for name in 2.0 1.3 0.15 0.7; do
  compile "$name.lock" 3.12 --universal -c "$constraints" "$here/$name.in"
done
compile none.lock 3.10 --universal "$here/none.in"

functions=$(mktemp)
trap 'rm -f "$constraints" "$functions"' EXIT
"$uv" pip compile --generate-hashes --no-header --no-annotate --quiet --no-deps \
  --python-version 3.12 "$here/0.7.no-deps.in" -o "$functions"
cat "$functions" >>"$here/0.7.lock"
