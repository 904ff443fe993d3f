#!/usr/bin/env bash
# Builds the real Dockerfile where no Docker engine runs, runs the image, and drives it: secrets,
# migrations, readiness, a connection to the sandbox, a sync, the list of calls, a clean stop.
#
# Needs root on Debian with buildah, podman, runc, mmdebstrap, curl, jq and PostgreSQL's server programs
# (apt-get install buildah podman runc mmdebstrap curl jq postgresql). The base images are made from
# Debian's packages and this machine's Rust toolchain and kept for the next run. What it does not prove:
# the official base images, and Compose's own scheduling of health checks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

here="${CALLWEAVE_CONTAINER_DIR:-/var/lib/callweave-container}"
image=localhost/callweave:proof
work="$(mktemp -d /var/lib/callweave-proof.XXXXXX)"
mkdir -p "$here"

# The engine's configuration stays in this script's own directory.
cat >"$here/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$here/graph"
runroot = "$here/run"
CONF
cat >"$here/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
CONF
cat >"$here/policy.json" <<CONF
{"default": [{"type": "insecureAcceptAnything"}]}
CONF
export CONTAINERS_STORAGE_CONF="$here/storage.conf" CONTAINERS_CONF="$here/containers.conf"
export BUILDAH_ISOLATION=chroot

say() { printf '\n==> %s\n' "$*"; }

containers=()
server=""
cleanup() {
  local result=$?
  set +e
  if [ "$result" -ne 0 ]; then
    for name in "${containers[@]}"; do
      echo "---- log of $name" >&2
      podman logs "$name" 2>&1 | tail -20 >&2
    done
  fi
  [ "${#containers[@]}" -eq 0 ] || podman rm --force --time 5 "${containers[@]}" >/dev/null 2>&1
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$work"
  exit "$result"
}
trap cleanup EXIT

# ---- base images ----

have() { buildah inspect --type image "$1" >/dev/null 2>&1; }

base_images() {
  local debian=docker.io/library/debian:bookworm-slim rust=docker.io/library/rust:1.95-bookworm container
  if ! have "$debian"; then
    say 'base image: debian'
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/debian.tar"
    container="$(buildah from scratch)"
    buildah add --quiet "$container" "$work/debian.tar" / >/dev/null
    buildah commit --quiet "$container" "$debian" >/dev/null
    buildah rm "$container" >/dev/null
  fi
  if ! have "$rust"; then
    say 'base image: rust'
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,gcc,g++,libc6-dev,make,cmake bookworm "$work/rust.tar"
    container="$(buildah from scratch)"
    buildah add --quiet "$container" "$work/rust.tar" / >/dev/null
    buildah add --quiet "$container" "$(rustc --print sysroot)" /usr/local/rust >/dev/null
    buildah config --env PATH=/usr/local/rust/bin:/usr/local/bin:/usr/bin:/bin --env CARGO_HOME=/usr/local/cargo "$container"
    buildah commit --quiet "$container" "$rust" >/dev/null
    buildah rm "$container" >/dev/null
  fi
}

build() {
  say 'image'
  local registry=()
  # Where this machine's cargo is told another way to its registry, the build is told as well.
  [ ! -e "${CARGO_HOME:-$HOME/.cargo}/config.toml" ] ||
    registry=(-v "${CARGO_HOME:-$HOME/.cargo}/config.toml:/usr/local/cargo/config.toml:ro")
  env -u RUSTUP_TOOLCHAIN buildah build --isolation chroot --pull-never --layers --format docker \
    --signature-policy "$here/policy.json" -v /etc/ssl/certs:/etc/ssl/certs:ro "${registry[@]}" \
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag "$image" .
}

size_of() { buildah inspect --type image --format '{{.OCIv1.RootFS}}' "$1" >/dev/null; podman image inspect --format '{{.Size}}' "$1"; }

# ---- what runs ----

run_container() {
  local name="$1"
  shift
  containers+=("$name")
  podman run --detach --name "$name" --network host --read-only --tmpfs /tmp --cap-drop ALL \
    --security-opt no-new-privileges --signature-policy "$here/policy.json" --volume "$work/secrets:/secrets:ro" \
    --env "CALLWEAVE__DATABASE__URL=postgres://callweave@127.0.0.1:$database_port/callweave" \
    --env CALLWEAVE__DATABASE__PASSWORD_FILE=/secrets/postgres_password \
    --env CALLWEAVE__ENCRYPTION__KEYS_FILE=/secrets/encryption_keys \
    --env CALLWEAVE__EGRESS__ALLOW=127.0.0.0/8 "$@" >/dev/null
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

await() {
  local what="$1" tries="$2"
  shift 2
  for _ in $(seq "$tries"); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 1
  done
  echo "$what did not come about" >&2
  return 1
}

database() {
  say 'database'
  local programs
  programs="$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)"
  install -d -o postgres -g postgres -m 0700 "$work/database"
  chmod 0711 "$work"
  install -o postgres -m 0400 "$work/secrets/postgres_password" "$work/password"
  su postgres -s /bin/sh -c "$programs/initdb --pgdata '$work/database' --username callweave \
    --auth scram-sha-256 --pwfile '$work/password' --encoding UTF8 --locale C" >/dev/null
  su postgres -s /bin/sh -c "exec $programs/postgres -D '$work/database' -p $database_port \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories=" >"$work/database.log" 2>&1 &
  server=$!
  PGPASSWORD="$(cat "$work/secrets/postgres_password")"
  export PGPASSWORD
  await 'the database' 60 psql -h 127.0.0.1 -p "$database_port" -U callweave -d postgres -c 'SELECT 1'
  psql -q -h 127.0.0.1 -p "$database_port" -U callweave -d postgres -c 'CREATE DATABASE callweave'
}

base_images
build

say 'what the image is'
total="$(size_of "$image")"
base="$(size_of docker.io/library/debian:bookworm-slim)"
beyond=$(((total - base) / 1024 / 1024))
echo "beyond its base: $beyond MiB"
[ "$beyond" -le 60 ]
podman image inspect "$image" \
  | jq -er '.[0] | "user \(.Config.User), labels \(.Config.Labels | length), health check \(.Healthcheck.Test | join(" "))"'
[ "$(podman image inspect --format '{{.Config.User}}' "$image")" = 10001:10001 ]

database_port="$(free_port)" api_port="$(free_port)" worker_port="$(free_port)" sandbox_port="$(free_port)"
install -d -o 10001 -g 10001 -m 0755 "$work/secrets"
chmod 0711 "$work"
podman run --rm --network none --signature-policy "$here/policy.json" --read-only --volume "$work/secrets:/secrets" "$image" secrets /secrets
database

say 'what the binary is made of'
container="$(podman create --signature-policy "$here/policy.json" "$image")"
podman cp "$container:/usr/share/doc/callweave/callweave.cdx.json" "$work/bill.json"
podman rm "$container" >/dev/null
# Every package of the list is locked, in that version.
awk '/^name = /{name=$3} /^version = /{print name, $3}' Cargo.lock | tr -d '"' | sort >"$work/locked"
jq -r '.components[] | "\(.name) \(.version)"' "$work/bill.json" | sort >"$work/listed"
[ "$(wc -l <"$work/listed")" -gt 100 ]
[ -z "$(comm -23 "$work/listed" "$work/locked")" ]
echo "$(wc -l <"$work/listed") packages, all of them locked"

say 'containers'
run_container callweave-proof-sandbox "$image" sandbox --listen "127.0.0.1:$sandbox_port" --calls 200
run_container callweave-proof-api --env "CALLWEAVE__SERVER__LISTEN=127.0.0.1:$api_port" "$image" serve --role api
run_container callweave-proof-worker --env "CALLWEAVE__SERVER__LISTEN=127.0.0.1:$worker_port" "$image" serve --role worker
await 'readiness of the API' 60 curl -fsS "http://127.0.0.1:$api_port/readyz"
await 'readiness of the worker' 60 curl -fsS "http://127.0.0.1:$worker_port/readyz"
podman exec callweave-proof-api /usr/local/bin/callweave health
podman healthcheck run callweave-proof-worker

say 'a connection, a sync, calls'
key="$(podman exec callweave-proof-api /usr/local/bin/callweave keys create --tenant proof --name proof --scope '*' --json | jq -r .key)"
auth=(-H "Authorization: Bearer $key")
curl -fsS "http://127.0.0.1:$sandbox_port/control/credentials" | jq '.callgear.connection + {name: "proof"}' >"$work/connection.json"
curl -fsS "${auth[@]}" -H 'Content-Type: application/json' -d "@$work/connection.json" "http://127.0.0.1:$api_port/v1/connections" | jq -c '{id, vendor, state}'
have_calls() {
  [ "$(curl -fsS "${auth[@]}" "http://127.0.0.1:$api_port/v1/calls?limit=100&has_transcript=true" | jq '.data | length')" -eq 100 ]
}
await 'a hundred analysed calls' 120 have_calls
echo 'a hundred analysed calls are there'
curl -fsS "http://127.0.0.1:$api_port/docs/" | grep -q swagger
curl -fsS "http://127.0.0.1:$api_port/openapi.json" | jq -e '.openapi | startswith("3.1")' >/dev/null

say 'stop'
podman stop --time 30 callweave-proof-api callweave-proof-worker >/dev/null
for name in callweave-proof-api callweave-proof-worker; do
  [ "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 0 ]
done
echo 'both ended with 0'
printf '\nall good\n'
