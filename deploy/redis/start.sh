#!/bin/sh
# Redis, or Valkey, with two users: `default`, without a password, may only look at the heartbeat; `prosaas` does the work, with a
# password made here at the first start and left in a volume that only the services mount.
set -eu
secret=/run/prosaas/redis-password
if [ ! -s "$secret" ]; then
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$secret.new"
  chmod 0444 "$secret.new"
  mv "$secret.new" "$secret"
fi
hash=$(printf %s "$(cat "$secret")" | sha256sum | cut -d ' ' -f 1)
exec "$(command -v redis-server || command -v valkey-server)" \
  --bind '*' --protected-mode no --dir /data \
  --appendonly yes --appendfsync everysec --save '' \
  --maxmemory "${REDIS_MAXMEMORY:-384mb}" --maxmemory-policy noeviction \
  --user default on nopass resetkeys '~worker:heartbeat*' resetchannels -@all +ping +get \
  --user prosaas on "#$hash" '~*' '&*' +@all -acl -debug -flushall -flushdb -module -replicaof -shutdown -slaveof
