#!/bin/sh
# The cascade benchmark: NumPy and the engine in turn, five times, on the same paths; medians,
# ratios, and how far the final price and debt of any path lie apart.
#   bench/cascade.sh [BUILD_DIR]     default: build/release
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/release}
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
"$build/bench_cascade" --paths "$work/paths.csv"
for turn in 1 2 3 4 5; do
  "$python" bench/cascade.py run "$work/paths.csv" bench/cascade_positions.csv "$work/numpy.csv" \
    | tee -a "$work/numpy.txt"
  "$build/bench_cascade" --threads 1 --out "$work/one.csv" | tee -a "$work/one.txt"
  "$build/bench_cascade" --threads 2 --out "$work/two.csv" | tee -a "$work/two.txt"
  for n in 1 2; do
    "$python" bench/cascade.py sweep "$build/faultline" "$work/sweep.sqlite" $n \
      | tee -a "$work/sweep$n.txt"
  done
done
exec "$python" bench/cascade.py compare "$work"
