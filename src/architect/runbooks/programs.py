"""Names of programs that people type in runbooks: they tell a command from a word, and say nothing of its effect."""

from __future__ import annotations

import re

_PROGRAMS_LIST = """
    a2dismod a2ensite aa-status ab aerospike airflow alertmanager alias aliyun amtool ansible ansible-inventory
    ansible-playbook ansible-vault apache2ctl apachectl apk apt apt-get argocd arping asadm atlas atop auditctl aureport
    ausearch awk aws awslocal az azcopy barman base64 bash bazel bcftools beeline berks bjobs blkid blockdev borg bosh
    bpftrace bq brctl brew btrfs buildah bundle burrow bzip2 calicoctl cargo cassandra-cli cast cat cd cdk celery ceph
    ceph-volume certbot certutil cf chage chattr chef chef-client chgrp chmod choco chown chronyc cilium cinder
    clickhouse clickhouse-backup clickhouse-client cloud_sql_proxy clusterctl cmctl cmp cockroach composer conntrack
    consul coredumpctl corosync-cfgtool cosign cp cqlsh createdb createuser credhub crictl crm crm_mon crontab
    crossplane cryptsetup csplit ctr curator_cli curl cut date db2 dbt dcgmi dd deluser deployer depmod df dig dmesg
    dmidecode dmsetup dnf docker docker-compose doctl dotnet doveadm dpkg drbdadm dropdb dropuser du duplicity e2fsck
    ebtables echo efibootmgr egrep eksctl env esxcli etcdctl etcdutl ethtool exim exim4 exit export exportfs fallocate
    fdisk fgrep filebeat find fio firewall-cmd flink flux fly flyctl free fs_cli fsck fstrim fuser gcloud gcore gdb
    gdisk getenforce getent getfacl gh gh-ost ghorg git gitlab-ctl gitlab-psql gitlab-rails gitlab-rake gitlab-redis-cli
    glab gluster go goaccess gpasswd gpg gradle grafana-cli grep groupadd groupdel growpart grpcurl grype gsutil
    gunicorn gunzip gzip hadoop haproxy hbase hcloud hdfs hdparm head helm helmfile heroku host hostname hostnamectl
    hping3 htop http httpd httpie hubble ibmcloud icinga2 id ifconfig ifdown iftop ifup influx initdb insmod ionice
    iostat iotop ip ip6tables ipconfig iperf iperf3 ipmitool iptables iptables-restore iptables-save ipvsadm iscsiadm
    istioctl iw jattach java jcmd jmap journalctl jps jq jstack jstat k k3s k6 k9s kadmin kafka-acls kafka-configs
    kafka-console-consumer kafka-console-producer kafka-consumer-groups kafka-reassign-partitions kafka-topics kafkacat
    kapp kcat kdestroy keytool kill killall kind kinit kitchen klist kn knife kops kubeadm kubeconform kubectl kubectx
    kubens kubeseal kubie kustomize kvm lastlog ldapadd ldapmodify ldapsearch less linkerd linode-cli lldpctl ln locust
    logcli loginctl logout logrotate losetup ls lsattr lsblk lscpu lshw lsmod lsnrctl lsns lsof lspci lsusb ltrace
    lvcreate lvdisplay lvextend lvreduce lvremove lvresize lvs mailq make mariabackup mariadb mariadb-dump mc mcrouter
    mdadm memcached-tool microk8s mimirtool minikube mkdir mkfs modprobe mongo mongod mongodump mongoexport mongoimport
    mongorestore mongosh mongostat mongotop monit mount mpstat mtr multipath mv mvn mydumper myloader mysql mysqladmin
    mysqlbinlog mysqlcheck mysqldump named-checkconf named-checkzone nats nc ncat nerdctl netcat netlify netplan netstat
    networkctl newrelic nfsstat nft nginx nice nmap nmcli nmon node nodetool nohup nomad nova npm npx nsenter nslookup
    ntpdate ntpq ntpstat numactl nvidia-smi nvme oc oci odo opensearch-plugin openssl openstack openvpn orachk osmo
    pacemakerd packer parted partprobe passwd patronictl pcs pct pdnsutil perf pg_amcheck pg_archivecleanup
    pg_basebackup pg_controldata pg_ctl pg_ctlcluster pg_dump pg_dumpall pg_isready pg_lsclusters pg_receivewal
    pg_recvlogical pg_repack pg_resetwal pg_restore pg_rewind pg_upgrade pg_verifybackup pgbackrest pgbench pgbouncer
    pgcli pgrep php pidof pidstat ping pip pip3 pkill plink pm2 pmap podman popd postconf postfix postmap postqueue
    postsuper prlimit promtool ps pscp psql pstree pt-kill pt-online-schema-change pt-query-digest pt-table-checksum
    pt-table-sync pulsar-admin pulumi puma puppet pushd pv pvcreate pvdisplay pvesh pvremove pvresize pvs pwd pwsh
    py-spy python python3 qm qstat rabbitmq-diagnostics rabbitmq-plugins rabbitmq-queues rabbitmqadmin rabbitmqctl
    racadm rados radosgw-admin rails rake rbd rbspy rclone read readlink reboot redis-benchmark redis-cli redis-server
    reindexdb renice repmgr resize2fs resolvectl restic restorecon rke rm rman rmdir rmmod rndc rosa route rpcinfo rpm
    rsync ruby runuser s3cmd s5cmd sacct sacctmgr salt salt-call salt-key sam sar sbatch sbt sc scancel scontrol scp
    screen sed semanage sensu-cli serverless service sestatus set setenforce setfacl sftp sgdisk sh sha256sum showmount
    shred shutdown sinfo skaffold skopeo slabtop sleep sls smartctl smbclient snap snmpget snmpwalk socat solr sops sort
    source spark-submit sqlcmd sqlite3 sqlplus squeue squidclient srun ss ssh ssh-add ssh-copy-id ssh-keygen
    sstableloader stat stern storcli strace stress su sudo supervisorctl svn swapoff swapon syft sync sysctl systemctl
    systemd-analyze systemd-resolve tail tailscale talosctl tanzu tar taskkill tasklist taskset tc tcpdump tctl tee
    telegraf telnet terraform terragrunt test thanos time timedatectl timeout tiup tkn tmux tofu top touch tr tracepath
    traceroute tree trivy truncate tshark tune2fs udevadm ufw ulimit umask umount uname unbound-control uniq unset
    unshare unzip update-ca-certificates upsc uptime useradd userdel usermod uwsgi vacuumdb vagrant valkey-cli
    varnishadm varnishlog varnishreload varnishstat vault velero vercel vgcreate vgdisplay vgextend vgreduce vgs vi vim
    vim-cmd virsh virtctl visudo vmstat vtctlclient vtctldclient vtysh wal-e wal-g watch wc websocat wg wget which who
    whoami whois winrm wipefs wrangler wrk xargs xfs_growfs xfs_info xfs_repair xtrabackup yarn yq yum zabbix_get zcat
    zdb zfs zgrep zip zkcli zookeeper-shell zpool zypper
"""
PROGRAMS = frozenset(_PROGRAMS_LIST.split())
_ORCHESTRATORS_LIST = """
    kubectl oc k helm aws az gcloud gsutil terraform tofu terragrunt argocd flux eksctl docker podman rosa
    kubectx kubens gh git
"""
ORCHESTRATORS = frozenset(_ORCHESTRATORS_LIST.split())
"""Programs that people run on their own machine, not inside what these programs manage."""

_LIKE_ENGLISH_LIST = """
    alias apply at cast cat celery cut date expand export find fold free go head help host httpd id install iw join k
    kill last less link locate look mail make monit more mount move nice node open passwd paste patch perf ping plan pr
    print printf ps puma read route run sam sc screen script see select service set shift shutdown sleep snap solr sort
    source split stat strings su sync tail tc tee test time top touch tr tree type uniq unset up users vi view w wait
    watch wc what which who write yes
"""
_LIKE_ENGLISH = frozenset(_LIKE_ENGLISH_LIST.split())
_WORD = re.compile(
    r"(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\S*)\s+)*(?:(?:sudo|time|nohup|watch|env|"
    r"exec)\s+(?:(?:-[uUg]\s+\S+|-n\s+[\d.]+|-\S+)\s+)*)*(?P<word>\S+)"
)
_PATH = re.compile(
    r"(?:\.{1,2}|~|\$\w+|\$\{\w+\})/[\w.@+/-]*[\w@+-]\Z|/(?:usr|opt|bin|sbin|etc/init\.d|home|root|var|"
    r"srv)/[\w.@+/-]*[\w@+-]\Z"
    r"|[\w./-]+\.(?:sh|bash|py|rb|pl|ps1)\Z"
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_OPTION = re.compile(r"(?:^|\s)(?:--?[A-Za-z][\w-]*|-\d)")
_OPERATOR = re.compile(
    r"\s(?:\||\|\||&&|>|>>|<|2>&1|\\$)(?:\s|$)|\$[A-Za-z_{(]|\w=\S|(?:^|\s)[~.]{0,2}/\w|<[A-Za-z][\w -]*>|://|\w/\w"
)
_PROSE_WORDS = re.compile(
    r"(?<![\w-])(?:the|an?|is|are|was|were|this|that|these|those|you|your|we|our|it|its|be|been|should|will|can|of|"
    r"sure|which|they|their|if|"
    r"all|any|and|or|from|into|when|until|has|have)(?![\w-])",
    re.IGNORECASE,
)
_TOOL = re.compile(r"[a-z][a-z0-9]*(?:[._+-][a-z0-9]+)*\Z")
_SYNTAX = re.compile(
    r"(?:for\s+\w+\s+in\b|while\s+(?:\[|true|read|!)|until\s+\[|if\s+(?:\[|!|\w+\s+-)|case\s+\S+\s+in\b|"
    r"export\s+\w+=|(?:local|declare|readonly)\s|"
    r"[A-Z_][A-Z0-9_]*=\S|function\s+\w+|\w+\(\)\s*\{|\{\s*$|\[\[?\s(?!\]))|\$env:\w+\s*=|(?:Get|Set|New|Remove|Start|"
    r"Stop|Restart|Test|Invoke)-[A-Z]\w+"
)


def program_of(line: str) -> str:
    """Return the program a shell line calls, through assignments and sudo; empty where there is none."""
    match = _WORD.match(line.strip())
    return match["word"].strip("\"'`;()") if match else ""


def is_program(word: str) -> bool:
    """Say whether a word is known as a program, or is a path to one."""
    return word in PROGRAMS or bool(_PATH.match(word))


def looks_like_command(line: str) -> bool:
    """Say whether a line calls a known program, and is no sentence that begins with its name."""
    stripped = line.strip()
    word = program_of(stripped)
    if not is_program(word):
        return False
    return word not in _LIKE_ENGLISH or not reads_as_sentence(stripped)


def reads_as_sentence(line: str) -> bool:
    """Tell `find the pods` and `top of the list.` from commands: words of prose, and no option, path or operator."""
    outside = _QUOTED.sub(" ", line)
    if _OPTION.search(outside) or _OPERATOR.search(outside):
        return False
    return outside.rstrip().endswith((".", ":", "?", "!")) or bool(_PROSE_WORDS.search(outside))


def is_bare_command(line: str) -> bool:
    """Say whether a line without any marks is a command: stricter, since nothing but its words tells."""
    word = program_of(line)
    if reads_as_sentence(line) or " " not in line:
        return False
    if line.startswith(("sudo ", "./")) or has_shell_shape(line):
        return True
    outside = _QUOTED.sub(" ", line)
    return word in PROGRAMS and (
        word not in _LIKE_ENGLISH or bool(_OPTION.search(outside) or _OPERATOR.search(outside))
    )


def has_shell_shape(line: str) -> bool:
    """Say whether a line of unknown words can be nothing but shell: an option, a pipe, an expansion, a keyword."""
    stripped = line.strip()
    if _SYNTAX.match(stripped):
        return True
    word = program_of(stripped)
    if not _TOOL.match(word):
        return stripped.startswith(("sudo ", "./")) and not reads_as_sentence(stripped)
    rest = _QUOTED.sub(" ", stripped.partition(word)[2])
    if (
        not rest.strip()
        or rest.lstrip().startswith(("=", ":", "(", "[", "{", ",", ";"))
        or len(_PROSE_WORDS.findall(rest)) > 1
    ):
        return False
    return bool(_OPTION.search(rest) or re.search(r"\$\(|\s\|\s*[a-z]", rest)) or stripped.startswith("sudo ")
