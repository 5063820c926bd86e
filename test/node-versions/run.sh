#!/usr/bin/env bash
# The suite, and the built gateway with an AWS SDK, on the versions of Node given, or on all that the gateway is for.
# Each comes from its package `node` into the user's cache folder.
# The suite is left out on the version at hand, where `npm test` runs it. What has no runtime beneath it (no socket, stream,
# timer or process) is left to that one and the newest.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3-oss-gateway-node
here=$(node -p 'process.versions.node.split(".")[0]')
[ $# -gt 0 ] || set -- 20 22 24 26
# The SDK's word on the version of Node.
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
npm run build --silent
with_runtime=$(ls -d test/*/ | grep -vE '/(bytes|config|copy|s3|translate|xml)/$')
newest=$(printf '%s\n' "$@" | sort -n | tail -1)

failed=()
for version in "$@"; do
  if [ "$version" = "$here" ]; then
    echo "Node $version, the one at hand"
    node --import tsx test/node-versions/round-trip.ts || failed+=("$version")
    continue
  fi
  folder=$cache/$version/node_modules/node/bin
  npm install --silent --no-audit --no-fund --prefix "$cache/$version" "node@$version" || true
  if ! "$folder/node" --version; then
    echo "Node $version: left out, its package cannot be had or does not run here"
    # Not yet one of those that the gateway must run on.
    [ "$version" -gt 24 ] || failed+=("$version")
    continue
  fi
  [ "$version" = "$newest" ] && suite='' || suite=$with_runtime
  (
    export PATH="$folder:$PATH"
    # What runs in workerd does not depend on Node.
    node --import tsx test/node-versions/round-trip.ts &&
      npx vitest run --project node $suite || exit 1
    [ "$version" = "$newest" ] || exit 0
    # Processes that are started, reloaded and replaced.
    npx vitest run --config vitest.cli.config.ts &&
      npx vitest run --config vitest.limits.config.ts test/limits/{reload,workers,credentials}.test.ts
  ) || failed+=("$version")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed on Node ${failed[*]}"
  exit 1
fi
