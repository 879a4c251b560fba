# For the scripts beside it: Debian packages that are missing, and Debian's archive without touching this machine's.
# shellcheck shell=bash

command -v dpkg-query >/dev/null || { echo "The lab needs a Debian machine: dpkg is not here." >&2; exit 1; }

# The names in a file such as packages.txt.
packages_in() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"; }

# PACKAGE…: prints those that are not installed.
packages_missing() {
    local installed package
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        grep -qxF "installed $package" <<<"$installed" || echo "$package"
    done
}

as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi; }

# Package lists may be empty (containers) or old; they are fetched only if something fails without, and once.
lists_updated=
update_lists() {
    [[ -z $lists_updated ]] || return 1
    lists_updated=yes
    as_root apt-get update -qq
}

# PACKAGE…: installs them; prints what went wrong.
packages_install() {
    [[ $# -gt 0 ]] || return 0
    local log; log=$(mktemp)
    try_install() {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1
    }
    if ! try_install "$@"; then
        if ! update_lists || ! try_install "$@"; then cat "$log" >&2; rm -f "$log"; return 1; fi
    fi
    rm -f "$log"
}

# FOLDER ARCHITECTURE [RELEASE]: sets `apt` to an apt-get with lists of its own below FOLDER. Of Debian 12 whatever this
# machine runs: it is the last release for little-endian MIPS, and its U-Boot the one that the tests know.
private_apt() {
    local folder=$1 key=/usr/share/keyrings/debian-archive-keyring.gpg from=
    [[ ! -r $key ]] || from="[signed-by=$key]"
    mkdir -p "$folder"/lists/partial "$folder"/archives/partial
    printf '%s %s http://deb.debian.org/debian %s main\n' deb "$from" "${3:-bookworm}" deb-src "$from" "${3:-bookworm}" \
        >"$folder/sources.list"
    apt=(apt-get -qq -o APT::Sandbox::User=root -o APT::Architecture="$2" -o APT::Architectures="$2"
        -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::State::Lists="$folder/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$folder")
}
