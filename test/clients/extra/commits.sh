#!/usr/bin/env bash
# Tables and arrays that commit by conditional writes, each with several writers at a time: none may lose a commit.
set -euo pipefail
venv=.venv-clients
$venv/bin/python -c 'import deltalake, icechunk, obstore, zarr' 2>/dev/null ||
  $venv/bin/pip install --quiet deltalake==1.6.6 icechunk==1.1.21 obstore==0.12.1 pyarrow zarr
$venv/bin/python test/clients/commits.py "$1"
