#!/bin/bash
# A SLURM cluster of one node on this machine, to try `motorscope batch --on slurm` with.
#
#   apt-get install slurm-wlm munge        (Debian, Ubuntu; as root)
#   benchmarks/slurm/start.sh [FOLDER]     starts it; FOLDER (default /tmp/slurm) holds what it keeps
#   benchmarks/slurm/stop.sh [FOLDER]      ends it
#
# Needs no cgroups and no accounting, so that it runs in a container. It is for trying things out:
# whoever can log in here can use it.
set -euo pipefail
folder=${1:-/tmp/slurm}
here=$(hostname -s)
cores=$(nproc)
memory=$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)

mkdir -p "$folder"/{state,spool} /run/munge
if [ ! -s /etc/munge/munge.key ]; then
    dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
fi
chown -R munge: /etc/munge /run/munge /var/log/munge /var/lib/munge
chmod 400 /etc/munge/munge.key
chmod 755 /run/munge
pgrep -x munged > /dev/null || setpriv --reuid munge --regid munge --init-groups munged

# The cores are said to be more than there are, so that several tasks run at once on a laptop.
cat > "$folder/slurm.conf" << END
ClusterName=trial
SlurmctldHost=$here
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobRequeue=1
KillWait=10
NodeName=$here CPUs=$((cores * 4)) RealMemory=$memory State=UNKNOWN
PartitionName=trial Nodes=ALL Default=YES MaxTime=INFINITE State=UP
SlurmdParameters=config_overrides
END
export SLURM_CONF=$folder/slurm.conf
slurmctld
slurmd
for _ in $(seq 60); do
    if sinfo --noheader --format=%T 2> /dev/null | grep -q idle; then
        sinfo
        echo "SLURM runs. In every shell that uses it: export SLURM_CONF=$SLURM_CONF"
        exit 0
    fi
    sleep 1
done
echo "SLURM did not start; see $folder/slurmctld.log and $folder/slurmd.log" >&2
exit 1
