#!/usr/bin/env bash
# Short-lived keys, of the gateway that run.sh started.
set -euo pipefail
AWS=$PWD/.venv-clients/bin/aws .venv-clients/bin/python test/clients/test_sts.py "$1"
