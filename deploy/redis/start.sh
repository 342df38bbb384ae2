#!/bin/sh
# Redis, or Valkey, with two users: `default`, without a password, may only look at the heartbeat; `prosaas` does the work, with a
# password made here at the first start and left in a volume that only the services mount.
#
# The server replays its AOF as `default`, and drops every transaction that this user may not run (redis#14541, valkey#3983). So
# `default` is restricted once everything is loaded, and the port is opened after that. Until then the server listens on a socket
# in a directory that only its own user can enter.
#
# Arguments are further options for the server. DATA_DIR, REDIS_PASSWORD_FILE and PORT are for use outside a container.
set -eu
secret=${REDIS_PASSWORD_FILE:-/run/prosaas/redis-password}
port=${PORT:-6379}
server=$(command -v redis-server || command -v valkey-server)
cli=$(command -v redis-cli || command -v valkey-cli)
socket=$(mktemp -d)/redis.sock

if [ ! -s "$secret" ]; then
  # A start that was killed here left one that is read-only.
  rm -f "$secret.new"
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$secret.new"
  chmod 0444 "$secret.new"
  mv "$secret.new" "$secret"
fi
password=$(cat "$secret")
hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)

# expect_ok COMMAND...: ends the server unless the answer is OK. Nothing is lost: it had no clients yet. The container needs
# `init: true` for this: the kernel ignores a SIGKILL from inside for the first process of a container.
expect_ok() {
  answer=$("$@") || true
  [ "$answer" = OK ] && return
  echo "start.sh: the server is stopped, its port could not be opened: $answer" >&2
  kill -KILL $$
  exit 1
}

# Not by a PING: that is also refused while the disk is full.
open_port_when_loaded() {
  unset REDISCLI_AUTH
  until "$cli" -s "$socket" INFO persistence 2>/dev/null | grep -q '^loading:0'; do
    kill -0 $$ 2>/dev/null || exit 0
    sleep 0.1
  done
  expect_ok "$cli" -s "$socket" \
    ACL SETUSER default reset on nopass '~worker:heartbeat*' resetchannels -@all +ping +get
  export REDISCLI_AUTH="$password"
  expect_ok "$cli" -s "$socket" --user prosaas CONFIG SET port "$port"
}

# In the background of a subshell that ends at once, so that the server, which takes this shell's place and its signals, does not
# find a child that it knows nothing of. $$ is the server's process id.
(open_port_when_loaded &)

exec "$server" \
  --port 0 --unixsocket "$socket" --unixsocketperm 700 \
  --bind '*' --protected-mode no --dir "${DATA_DIR:-/data}" \
  --appendonly yes --appendfsync everysec --save '' \
  --maxmemory "${REDIS_MAXMEMORY:-384mb}" --maxmemory-policy noeviction \
  --user prosaas on "#$hash" '~*' '&*' +@all -acl -debug -flushall -flushdb -module -replicaof -shutdown -slaveof \
  "$@"
