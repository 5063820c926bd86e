#!/usr/bin/env bash
# Long copies as boto3 and the AWS CLI take them, against a gateway of their own whose OSS is slow.
set -euo pipefail
cd "$(dirname "$0")/../../.."

port=9410
python=python3
if [ -x .venv-clients/bin/python ]; then
  python=.venv-clients/bin/python
  export AWS=$PWD/.venv-clients/bin/aws
fi
node --import tsx test/clients/slow-gateway.ts $port >/dev/null &
gateway=$!
trap 'kill $gateway 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  if (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; then break; fi
  sleep 0.1
done
$python test/clients/test_keep_alive.py http://127.0.0.1:$port
