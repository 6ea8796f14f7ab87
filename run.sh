#!/bin/sh
# Install the app into .venv (once) and start it; all arguments go to app.py.
set -eu
cd "$(dirname "$0")"
sh tools/venv.sh requirements.txt
exec .venv/bin/python app.py "$@"
