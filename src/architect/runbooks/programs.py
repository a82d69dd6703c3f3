"""Names of programs that people type in runbooks: they tell a command from a word, and say nothing of its effect."""

from __future__ import annotations

import re

_PROGRAMS_LIST = """
    ab aerospike alertmanager alias amtool ansible ansible-playbook apk apt apt-get argocd asadm atlas awk aws
    awslocal az barman base64 bash bazel bcftools berks blkid bosh brctl brew bundle burrow bzip2 calicoctl cargo
    cassandra-cli cast cat cd ceph certbot cf chattr chef chef-client chgrp chmod choco chown cilium cinder clickhouse
    clickhouse-client cloud_sql_proxy cmp conntrack consul cp cqlsh createdb crictl crm crontab csplit ctr curl cut
    date dd deployer df dig dmesg dnf docker docker-compose doctl dotnet dpkg drbdadm dropdb du echo egrep eksctl env
    etcdctl exit export fallocate fdisk fgrep find firewall-cmd flux fly flyctl free fsck fuser gcloud gdb getent
    getfacl gh ghorg git gitlab-ctl gitlab-psql gitlab-rails gitlab-rake gitlab-redis-cli glab gluster go goaccess gpg
    grep gsutil gunzip gzip haproxy hcloud hdfs head helm helmfile heroku host hostname hostnamectl htop http httpie
    ibmcloud icinga2 iftop influx initdb iostat iotop ip ipconfig ipmitool iptables iscsiadm istioctl java jcmd jmap
    journalctl jps jq jstack jstat k k9s kafka-configs kafka-consumer-groups kafka-topics kafkacat kcat kill killall
    kind kinit kitchen knife kops kubeadm kubectl kubectx kubens kubie kustomize ldapsearch less linkerd linode-cli ln
    locust logout logrotate ls lsblk lscpu lsof ltrace lvdisplay lvextend lvs mailq make mc mcrouter mdadm memcached-tool
    minikube mkdir mkfs modprobe mongo mongod mongodump mongorestore mongosh mount mtr mv mysql mysqladmin mysqldump
    nats nc ncat netcat netstat nft nginx nice nmap nmcli node nohup nomad nova npm npx nslookup ntpq nvme oc oci odo
    openssl openstack osmo packer parted patronictl pcs pg_basebackup pg_controldata pg_ctl pg_ctlcluster pg_dump
    pg_dumpall pg_isready pg_lsclusters pg_restore pg_rewind pgbackrest pgbench pgbouncer pgrep php ping pip pip3
    pkill plink pm2 podman popd postfix postqueue postsuper prlimit promtool ps pscp psql psqlrc
    pt-online-schema-change pulsar-admin pulumi puppet pushd pv pvcreate pvs pwd pwsh python python3 rabbitmqctl rados
    radosgw-admin rails rake rbd rclone rdsadmin read readlink reboot redis-cli redis-server repmgr resize2fs restic
    rm rmdir rosa route rpm rsync ruby runuser s3cmd salt sar sc scp screen sed sensu-cli service set sftp sh
    sha256sum shutdown skopeo sleep smartctl snap socat sort source sqlcmd sqlite3 ss ssh ssh-add ssh-copy-id
    ssh-keygen stat stern strace stress su sudo supervisorctl swapoff swapon sync sysctl systemctl systemd-analyze
    systemd-resolve tail tar taskkill tasklist tc tcpdump tee telnet terraform terragrunt test time timedatectl
    timeout tmux tofu top touch tr traceroute tree truncate tshark ufw ulimit umask umount uname uniq unset unzip
    update-ca-certificates uptime useradd userdel usermod valkey-cli varnishadm vault velero vgcreate vgs vi vim virsh
    virtctl vmstat wal-e wal-g watch wc wg wget which who whoami winrm xargs xfs_growfs xfs_repair yarn yarn-daemon yq
    yum zabbix_get zcat zfs zgrep zip zookeeper-shell zpool zypper
"""
PROGRAMS = frozenset(_PROGRAMS_LIST.split())
_ORCHESTRATORS_LIST = """
    kubectl oc k helm aws az gcloud gsutil terraform tofu terragrunt argocd flux eksctl docker podman rosa
    kubectx kubens gh git
"""
ORCHESTRATORS = frozenset(_ORCHESTRATORS_LIST.split())
"""Programs that people run on their own machine, not inside what these programs manage."""

_LIKE_ENGLISH_LIST = """
    alias apply at cast cat cut date expand export find fold free go head help host install join k kill last
    less link locate look mail make more mount move node nice open paste patch ping plan pr print printf ps read
    route run sc screen script see select service set shift shutdown sleep snap sort source split stat strings
    su sync tail tc tee test time top touch tr tree type uniq unset up users vi view w wait watch wc what which
    who write yes
"""
_LIKE_ENGLISH = frozenset(_LIKE_ENGLISH_LIST.split())
_WORD = re.compile(
    r"(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|\S*)\s+)*(?:(?:sudo|time|nohup|watch|env|"
    r"exec)\s+(?:-\S+\s+)*)*(?P<word>\S+)"
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
    r"[A-Z_][A-Z0-9_]*=\S|function\s+\w+|\w+\(\)\s*\{|\{\s*$|\[\[?\s)|\$env:\w+\s*=|(?:Get|Set|New|Remove|Start|"
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
