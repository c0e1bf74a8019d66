#!/bin/bash
# Gradients in CI: each line fails the build where a number is wrong.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# One line a number.
gradcli eval "sum(x**2)" --x 3,4,10 --expect 125 --expect-grad x=6,8,20 > /dev/null

# A gradient that another program computed, as a .npy file or as numbers.
gradcli check "mean((y - W@x)**2)" --W "1,2;3,4" --x 1,-1 --y 0,1 --wrt W \
  --claim W=-1,1\;-2,2 > /dev/null

# Many cases in a file, with a report for the CI server.
gradcli test "$here/cases.toml" --junit report.xml
