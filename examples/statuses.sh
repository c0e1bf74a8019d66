#!/usr/bin/env bash
# Tell a request that is wrong (2) from one that cannot be computed (3).
set -euo pipefail

attempt() {
    local status=0
    gradcli eval "$@" --json > /dev/null 2>&1 || status=$?
    case $status in
    0) echo "fine" ;;
    2) echo "the request is wrong" ;;
    3) echo "it could not be computed" ;;
    *) return "$status" ;;
    esac
}

attempt "sum(x**2)" --x 3,4,10
attempt "sum(x^2)" --x 3,4,10
attempt "sum(inv(A))" --A "1,2;2,4"
attempt "ones(10**6, 10**6)"
