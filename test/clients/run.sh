#!/usr/bin/env bash
# Real clients that are not JavaScript, against the built gateway on its embedded OSS, over http and https.
# Installs what is missing: Python packages into .venv-clients, programs by apt-get.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
for program in rclone s3cmd restic; do command -v $program >/dev/null || missing+=($program); done
[ -x /usr/bin/aws ] || missing+=(awscli)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi
venv=.venv-clients
if [ ! -x $venv/bin/aws ]; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet boto3==1.43.11 awscli==1.45.11
fi

npm run build --silent
data=$(mktemp -d)
start() { # port, further settings
  local port=$1; shift
  env PORT="$port" ADMIN_PORT=0 LOCAL_OSS_PORT=0 LOCAL_OSS_COPY_LIMIT=10485760 LOCAL_OSS_DIR="$data/$port" "$@" \
    node dist/cli.js >"$data/$port.log" 2>&1 &
  pids+=($!)
}
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$data"' EXIT
echo "sts: {secrets: [$(head -c 32 /dev/urandom | base64)]}" >"$data/settings.yaml"
start 9400 GATEWAY_CONFIG="$data/settings.yaml"
start 9401 TLS_CERT_FILE=test/data/localhost-cert.pem TLS_KEY_FILE=test/data/localhost-key.pem
sleep 2

status=0
$venv/bin/python test/clients/test_clients.py http://127.0.0.1:9400 https://127.0.0.1:9401 || status=1
for script in test/clients/extra/*.sh; do
  if [ -f "$script" ]; then bash "$script" http://127.0.0.1:9400 || status=1; fi
done
if [ $status -ne 0 ]; then tail -n 20 "$data"/*.log; fi
exit $status
