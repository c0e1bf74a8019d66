#!/usr/bin/env bash
# Gradient descent from the shell: fit petal width to petal length, both from a table.
set -euo pipefail
cd "$(dirname "$0")"

loss="mean((y - a*x - b)**2)"
data=(--x @data/iris.csv:petal_length --y @data/iris.csv:petal_width)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

a=0.4 b=0
for _ in 1 2 3 4 5; do
    gradcli eval "$loss" "${data[@]}" --a "$a" --b "$b" --wrt a,b -o "$scratch/step.npz" 2>/dev/null
    a=$(gradcli eval "a - 0.02*g" --a "$a" --g "@$scratch/step.npz:grad.a" --get value)
    b=$(gradcli eval "b - 0.02*g" --b "$b" --g "@$scratch/step.npz:grad.b" --get value)
done
gradcli eval "$loss" "${data[@]}" --a "$a" --b "$b" --no-grad --precision 6
