#!/usr/bin/env bash
# Builds the script of the panels from its TypeScript, with the versions that the lockfile pins.
#
#   tools/bundle.sh          builds fiftyone_plugin/panels/dist/index.umd.js, which is committed
#   tools/bundle.sh --check  fails where the committed one is not what its source builds
set -euo pipefail
cd "$(dirname "$0")/../fiftyone_plugin/panels/js"

say() { printf '%s\n' "$*" >&2; }
fail() { say "bundle: $*"; exit 1; }

command -v npm >/dev/null ||
    fail "npm is needed and was not found; on Debian and Ubuntu: sudo apt-get install nodejs npm"

# The types of what the panels are sent are Python's.
python3 ../../../tools/panel_types.py "$@"

# Packages are installed anew where the lockfile has changed. None of their scripts is run.
stamp=node_modules/.lockfile
if ! cmp -s package-lock.json "$stamp"; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json "$stamp"
fi
node_modules/.bin/tsc --noEmit

built=../dist/index.umd.js
if [ "${1:-}" = --check ]; then
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    node build.mjs "$fresh/index.umd.js"
    cmp -s "$fresh/index.umd.js" "$built" ||
        fail "fiftyone_plugin/panels/dist/index.umd.js is not what its source builds: make bundle"
    say "bundle: the committed script is what its source builds"
else
    node build.mjs "$built"
fi
