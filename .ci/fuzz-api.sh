#!/bin/sh
# Sends made-up requests, valid and broken, to a development gateway on a free port, by its own API description.
# Fails on any 5xx and on any answer the description does not have. Needs schemathesis on the PATH.
set -eu
cd "$(dirname "$0")/.."

tool=""
for name in schemathesis st; do
    command -v "$name" >/dev/null 2>&1 && { tool="$name"; break; }
done
if [ -z "$tool" ]; then
    echo "fuzz-api: schemathesis is not on the PATH (python3 -m pip install schemathesis); nothing was sent" >&2
    exit 1
fi

cargo build --quiet
place="$(mktemp -d)"
gateway=""
stop() {
    [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT INT TERM

"${CARGO_TARGET_DIR:-target}/debug/lendport" dev --bind 127.0.0.1:0 --data-dir "$place/data" \
    --ready-file "$place/ready.json" >"$place/log" 2>&1 &
gateway=$!

tries=0
until [ -s "$place/ready.json" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ] || ! kill -0 "$gateway" 2>/dev/null; then
        echo "fuzz-api: the gateway did not become ready" >&2
        cat "$place/log" >&2
        exit 1
    fi
    sleep 0.2
done

field() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$place/ready.json" | head -n 1; }
url="$(field url)"
key="$(field secret_key)"

"$tool" run "$url/openapi.json" --url "$url" --header "Authorization: Bearer $key" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --max-examples "${FUZZ_EXAMPLES:-25}"
