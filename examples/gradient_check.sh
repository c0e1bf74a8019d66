#!/usr/bin/env bash
# Fail a build when a hand-written gradient is wrong.
set -euo pipefail

point="3,4,10"
mine="6,8,20" # what our own program answered at that point

right=$(gradcli eval "sum(x**2)" --x "$point" --get grad.x)
error=$(gradcli eval "max(abs(a - b))" --a "$mine" --b "$right" --no-grad --get value)
echo "largest difference: $error"
awk -v error="$error" 'BEGIN { exit !(error < 1e-9) }'
