#!/bin/sh
# Make the secrets of compose.yaml, once: files in deploy/secrets. Needs `make` to have run, for the keys.
# Keep a copy of master_key elsewhere: without it nobody can open what is stored.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
  echo "deploy/secrets is there already; nothing was changed." >&2
  exit 1
fi
umask 077
mkdir secrets.new
../.venv/bin/safeplate keys create > secrets.new/.keys
sed -n 's/^SAFEPLATE_KEYS__MASTER=//p' secrets.new/.keys > secrets.new/master_key
sed -n "s/^SAFEPLATE_KEYS__SIGNING='\(.*\)'\$/\1/p" secrets.new/.keys > secrets.new/signing_keys
rm secrets.new/.keys
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" > secrets.new/database_password
printf 'postgresql://safeplate:%s@postgres:5432/safeplate?sslmode=disable' "$password" > secrets.new/database_url
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets.new/metrics_token
# Compose mounts each file with the mode that it has here, and the service runs as 10001. Nobody else on this machine
# gets to them: the folder stays its owner's alone.
chmod 0444 secrets.new/*
chmod 0700 secrets.new
mv secrets.new secrets
echo "Written: deploy/secrets"
