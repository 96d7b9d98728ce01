#!/bin/sh
# Runs the mixed profile: all configurations of `mixed/` at the same time, each at its own rate.
# Usage: . .imggen/bench/bench.env; cluster/load/mixed.sh [OPTIONS OF GHZ, but for its output]
# Prints percentiles and status codes; writes ghz's reports next to bench.env, as mixed-NAME.json.
# Exits with 1 if a run fails, or if not every call is answered with OK.
set -eu
cd "$(dirname "$0")/../.."
runs=""
reports=""
for config in cluster/load/mixed/*.json; do
    name=$(basename "$config" .json)
    case $name in
        get | watch) requests="--data-file $IMGGEN_BENCH/jobs.json" ;;
        *) requests="" ;;
    esac
    report="$IMGGEN_BENCH/mixed-$name.json"
    rm -f "$report"
    # Unquoted on purpose: $requests is two words or none.
    ghz --config "$config" $requests --format json --output "$report" "$@" "$IMGGEN_SERVER" &
    runs="$runs $!"
    reports="$reports $report"
done
failed=0
for run in $runs; do
    wait "$run" || failed=1
done
[ $failed = 0 ] || exit 1
# Unquoted on purpose: each report is a word.
exec "${PYTHON:-.venv/bin/python}" -m cluster.load.reports $reports
