#!/usr/bin/env bash
# Fetch what only the system's packages have (Prometheus with promtool; redis-cli where no wheel brings one) into a
# cache folder: unpacked there, never installed, so that no service starts on this machine and no root is needed.
# Prints the folder with the programs. Exits 3 where the machine is no Debian or the packages cannot be had.
set -euo pipefail

cache="${ARCHITECT_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/architect/system-tools}"
packages=(prometheus redis-tools liblzf1 libjemalloc2)
programs=(prometheus promtool redis-cli)

complete() { for program in "${programs[@]}"; do [ -x "$cache/bin/$program" ] || return 1; done; }

if complete; then echo "$cache/bin"; exit 0; fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "system_tools: no apt-get here" >&2; exit 3; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root" "$cache/bin"
apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::Cache=$work/cache" -o Dir::State::status=/var/lib/dpkg/status -o "APT::Sandbox::User=$(id -un)")
cd "$work"
"${apt[@]}" update >&2 || { echo "system_tools: the package lists cannot be fetched" >&2; exit 3; }
"${apt[@]}" download "${packages[@]}" >&2 || { echo "system_tools: ${packages[*]} cannot be fetched" >&2; exit 3; }
for package in ./*.deb; do dpkg-deb -x "$package" "$work/root"; done
rm -rf "$cache/root"
mv "$work/root" "$cache/root"

libraries=$(find "$cache/root/usr/lib" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
for program in "${programs[@]}"; do
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "'$libraries'" "'$cache/root/usr/bin/$program'" > "$cache/bin/$program.new"
  chmod 755 "$cache/bin/$program.new"
  "$cache/bin/$program.new" --version >/dev/null
  mv "$cache/bin/$program.new" "$cache/bin/$program"
done
echo "$cache/bin"
