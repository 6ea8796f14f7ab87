#!/bin/sh
# Make .venv with Python 3.11 or newer and install a requirements file: sh tools/venv.sh requirements.txt
# A second call with an unchanged file installs nothing.
set -eu
python=""
for name in python3.11 python3 python3.12 python3.13; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer was not found; install it and run this again." >&2
    exit 1
fi
stamp=".venv/installed-$1"
if [ ! -x .venv/bin/python ]; then
    "$python" -m venv .venv || { echo "Making .venv failed; on Debian install python3-venv." >&2; exit 1; }
fi
if ! cat requirements*.txt | cmp -s - "$stamp"; then
    echo "Installing $1 into .venv (a few minutes, about 2 GB) ..." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1"
    cat requirements*.txt >"$stamp"
fi
