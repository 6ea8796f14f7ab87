#!/bin/sh
# Install what the tests need into .venv (once) and run them; all arguments go to pytest.
set -eu
cd "$(dirname "$0")"
sh tools/venv.sh requirements-dev.txt
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium for the browser tests ..." >&2
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-dejavu-core fonts-noto-cjk) >/dev/null || echo "chromium could not be installed" >&2
fi
exec .venv/bin/python -m pytest -n 2 --dist loadfile "$@"
