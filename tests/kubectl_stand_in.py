"""A stand-in for kubectl: one deployment whose replicas lie in a file. It refuses arguments that nobody taught it.

Replicas are ready at once, but where a file says how many are.
"""

from __future__ import annotations

from pathlib import Path

from command_line import CommandLine

SCRIPT = """\
echo "$*" >> {world}/kubectl.log
context=${KUBE_CONTEXT:-shop-test}
count=$(cat {world}/replicas)
ready=$(cat {world}/ready 2>/dev/null || echo "$count")
case "$*" in
  "--request-timeout=10s config current-context") echo "$context" ;;
  "--request-timeout=10s get namespace/kube-system --output json") echo '{"metadata": {"uid": "uid-of-'$context'"}}' ;;
  "--request-timeout=10s get deployment/web --namespace shop --output json")
    status='{"observedGeneration": 1, "updatedReplicas": '$ready', "availableReplicas": '$ready'}'
    echo '{"spec": {"replicas": '$count'}, "metadata": {"generation": 1}, "status": '$status'}' ;;
  "get deployment web -n shop") echo "web $count" ;;
  "scale deployment web --replicas="*" -n shop"|"scale deployment/web --namespace shop --replicas="*)
    [[ "$*" =~ --replicas=([0-9]+) ]] && echo "${BASH_REMATCH[1]}" > {world}/replicas && echo scaled ;;
  "scale --dry-run=server deployment web --replicas="*" -n shop") echo "deployment.apps/web scaled (server dry run)" ;;
  *) echo "the stand-in does not know: $*" >&2; exit 64 ;;
esac
"""
SCALE = """\
# Too few replicas

## 1. Look

```bash
kubectl get deployment web -n shop
```

## 2. Scale

```bash
# Fewer replicas
kubectl scale deployment web --replicas={count} -n shop
```
"""


def install(command_line: CommandLine, *, replicas: int = 3) -> None:
    """Put the stand-in on PATH."""
    command_line.tool("kubectl", SCRIPT)
    (command_line.world / "replicas").write_text(f"{replicas}\n")


def log(command_line: CommandLine) -> list[str]:
    """Return what kubectl was asked, call by call."""
    path = command_line.world / "kubectl.log"
    return path.read_text().splitlines() if path.exists() else []


def replicas(command_line: CommandLine) -> int:
    """Return how many replicas there are."""
    return int((command_line.world / "replicas").read_text())


def document(command_line: CommandLine, *, count: int = 1) -> Path:
    """Write the document that scales."""
    return command_line.document(SCALE.replace("{count}", str(count)), "scale.md")
