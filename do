#!/usr/bin/env bash
# Sets up what is needed, then does one thing:  ./do demo | test | check | bench | setup
set -euo pipefail
cd "$(dirname "$0")"

DEBIAN_PACKAGES="xvfb xauth libegl1 libgl1 libgl1-mesa-dri libopengl0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 \
libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libdbus-1-3 libfontconfig1 fonts-dejavu-core"

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Installs Debian packages as root; tells anybody else which command to give.
install_packages() {
    command -v apt-get >/dev/null || fail "Please install these (named as in Debian) with your system's package manager, then run this again: $*"
    if [ "$(id -u)" -ne 0 ]; then
        fail "Some system packages are missing. Please run this once, then try again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    fi
    say "Installing system packages"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

setup_system() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing="" library known
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)
    for library in libEGL.so.1 libGL.so.1 libOpenGL.so.0 libxkbcommon-x11.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 \
        libxcb-image.so.0 libxcb-keysyms.so.1 libxcb-randr.so.0 libxcb-render-util.so.0 libxcb-shape.so.0 libdbus-1.so.3 libfontconfig.so.1; do
        case "$known" in *"$library"*) ;; *) missing="$missing $library" ;; esac
    done
    command -v Xvfb >/dev/null && command -v xauth >/dev/null || missing="$missing Xvfb"
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $DEBIAN_PACKAGES
}

setup_environment() {
    local python stamp
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python)
        [ -n "$python" ] || { install_packages python3 python3-venv; python=$(find_python); }
        [ -n "$python" ] || fail "Python 3.11 or newer is needed, and this system's package manager has only $(python3 --version). Please install one (python.org, uv, conda) and run this again."
        "$python" -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
        "$python" -m venv .venv
    fi
    # The environment is made again only when what it is made from has changed.
    stamp=$(cat pyproject.toml <(.venv/bin/python --version) | cksum)
    if [ "$(cat .venv/installed 2>/dev/null)" != "$stamp" ]; then
        say "Installing motorscope and what it needs into .venv (about 6 GB with torch; some minutes the first time)"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[all,test]"
        echo "$stamp" >.venv/installed
    fi
}

demo() {
    if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname -s)" != Linux ]; then
        exec .venv/bin/motorscope view --sample --detect --stage 2
    fi
    say "No display here: running the demo on a virtual one"
    xvfb-run -a -s "-screen 0 1280x800x24 +extension GLX" \
        .venv/bin/motorscope view --sample --detect --stage 2 --screenshot demo.png --picks demo_picks.csv
    say "The window as it looked: $PWD/demo.png"
    say "The motors found:        $PWD/demo_picks.csv"
}

check() {
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/mypy
    .venv/bin/lint-imports
}

bench() {
    .venv/bin/python -c 'import monai' 2>/dev/null ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
    exec .venv/bin/python benchmarks/speed.py "$@"
}

case "${1:-}" in
    setup | demo | test | check | bench) ;;
    *) fail "Usage: ./do demo | test | check | bench | setup" ;;
esac
setup_system
setup_environment
case "$1" in
    demo) demo ;;
    test) shift; exec .venv/bin/python -m pytest "$@" ;;
    check) check ;;
    bench) shift; bench "$@" ;;
esac
