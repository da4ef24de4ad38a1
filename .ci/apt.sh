# For the scripts beside it, which set `say`. Installs packages where there is apt-get, as root or by sudo.

# Somebody else may be installing, and mirrors may be slow.
PATIENTLY="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"

updated=""

# may_install NAME ...: ends here, with what to do, where nothing can be installed.
may_install() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "missing: $*; there is no apt-get here, please install them" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
        say "missing: $*; run 'apt-get install $*' as root" >&2
        exit 1
    fi
}

# install_packages NAME ...
install_packages() {
    may_install "$@"
    say "installing $*"
    if [ -z "$updated" ]; then
        # A mirror that cannot be reached is no reason to give up while the lists that are here still do.
        # shellcheck disable=SC2086 # options
        again as_root apt-get update -qq -o APT::Update::Error-Mode=any $PATIENTLY ||
            say "the lists of packages may be old: not all of them could be fetched" >&2
        updated=yes
    fi
    # shellcheck disable=SC2086 # options
    again as_root apt-get install -y -qq --no-install-recommends $PATIENTLY "$@" >/dev/null
}

as_root() {
    set -- env DEBIAN_FRONTEND=noninteractive "$@"
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Up to three times, for what comes over a network.
again() {
    for pause in 5 20 0; do
        if "$@"; then return 0; fi
        sleep "$pause"
    done
    return 1
}
