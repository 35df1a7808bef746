#!/bin/bash
# End the cluster that start.sh started.
set -uo pipefail
folder=${1:-/tmp/slurm}
for daemon in slurmd slurmctld; do
    [ -s "$folder/$daemon.pid" ] && kill "$(cat "$folder/$daemon.pid")"
done
