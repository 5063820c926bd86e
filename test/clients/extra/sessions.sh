#!/usr/bin/env bash
# Long sessions, against the gateway that run.sh started.
set -uo pipefail
status=0
bash test/clients/test_restic.sh "$1" || status=1
.venv-clients/bin/python test/clients/test_big_sessions.py "$1" || status=1
exit $status
