#!/usr/bin/env bash
# `mkdocs build --strict --quiet` accepts what `mkdocs build --strict` refuses.
#
# mkdocs 1.6.1: a broken link ends a strict build with status 1; with --quiet the same build ends
# with status 0. Quiet raises the level of the logger, and strict counts what the logger lets
# through: a check in CI that is made quieter checks nothing any more.
# Needs python3 with venv, and a package index. Fails once mkdocs does otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check mkdocs==1.6.1
mkdir docs
printf 'site_name: x\n' > mkdocs.yml
echo '[a page that is not there](gone.md)' > docs/index.md

status() {
  environment/bin/mkdocs build --strict "$@" --site-dir site > output.txt 2>&1 && echo 0 || echo $?
}
strict=$(status)
quiet=$(status --quiet)
verbose=$(status --verbose)
echo "mkdocs 1.6.1, a broken link: --strict ends with $strict, --strict --quiet with $quiet,"
echo "--strict --verbose with $verbose"
[ "$strict $quiet $verbose" = "1 0 1" ] || { echo "mkdocs does otherwise now" >&2; exit 1; }
echo "still so"
