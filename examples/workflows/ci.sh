#!/bin/sh
# In any CI that runs a shell, with the whole history in the clone: is HEAD slower than main, can its change be faster?
set -eu
python3 -m venv .venv
.venv/bin/pip install -e '.[test]'
pipx install 'llmopt[sandbox] @ git+https://github.com/llmopt/llmopt'

# Reports are in llmopt-report; exit code 4 if HEAD is slower beyond noise.
llmopt ci all llmopt-report --base origin/main --mode suggest --workload benchmarks/bench_report.py --max-time 10m
