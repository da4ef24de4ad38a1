#!/bin/sh
# Checks licences, banned crates, sources and known holes of the dependencies (deny.toml) as far as this machine can,
# and says what it did not check.
set -eu
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
    echo "deny: NOT RUN, cargo-deny is not installed. Licences, bans, sources and advisories were not checked."
    exit 0
fi

cargo deny --all-features check licenses bans sources

# Advisories need a copy of the database from outside.
if cargo deny --all-features fetch db >/dev/null 2>&1; then
    cargo deny --all-features check advisories
else
    echo "deny: advisories NOT CHECKED, their database cannot be reached."
fi
