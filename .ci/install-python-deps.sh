#!/bin/sh
# Puts the Python packages that `make test` needs into a virtual environment below Cargo's target folder. Running it again
# does nothing while the list is the same. Nothing outside that folder is touched, but for Python itself where it is missing.
set -eu
cd "$(dirname "$0")/.."

say() { echo "install-python-deps: $*"; }
. .ci/apt.sh

wanted=.ci/python-requirements.txt

if ! python3 -c 'import venv, ensurepip' >/dev/null 2>&1; then
    install_packages python3 python3-venv
fi

# Wherever Cargo puts its output: the tests look for the environment beside their own folder there.
target="$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
place="$target/python"

if cmp -s "$wanted" "$place/installed.txt" && "$place/bin/python3" -c 'import axe_playwright_python, playwright, requests, standardwebhooks, wepay' >/dev/null 2>&1; then
    say "everything is there"
    exit 0
fi

say "making $place"
rm -rf "$place"
mkdir -p "$target"
python3 -m venv "$place"
"$place/bin/python3" -m pip install --quiet --disable-pip-version-check --no-input --retries 5 --timeout 60 \
    --only-binary :all: --require-hashes --requirement "$wanted"
cp "$wanted" "$place/installed.txt"
say "everything is there"
