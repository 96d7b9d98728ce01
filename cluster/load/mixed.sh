#!/bin/sh
# Runs the mixed profile: all configurations of `mixed/` at the same time, each at its own rate.
# Usage: . .imggen/bench/bench.env; cluster/load/mixed.sh [OPTIONS OF GHZ]
# Writes reports next to bench.env, as mixed-NAME.txt; exits with 1 if a run fails.
set -eu
cd "$(dirname "$0")/../.."
runs=""
for config in cluster/load/mixed/*.json; do
    name=$(basename "$config" .json)
    case $name in
        get | watch) requests="--data-file $IMGGEN_BENCH/jobs.json" ;;
        *) requests="" ;;
    esac
    # Unquoted on purpose: $requests is two words or none.
    ghz --config "$config" $requests --output "$IMGGEN_BENCH/mixed-$name.txt" "$@" "$IMGGEN_SERVER" &
    runs="$runs $!"
done
failed=0
for run in $runs; do
    wait "$run" || failed=1
done
[ $failed = 1 ] || head -n 9 "$IMGGEN_BENCH"/mixed-*.txt
exit $failed
