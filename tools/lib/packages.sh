# For scripts that run programs of npm or PyPI: installs what is pinned, outside of the repository, once.

# Where the tools keep what they install, each in a folder of its own.
caches="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}"

# Usage: hold FOLDER. Two runs at a time do not write into one folder: the second waits until the first has ended.
hold() {
  mkdir -p "$(dirname "$1")"
  if command -v flock >/dev/null; then
    exec 9>"$1.lock"
    flock 9
  fi
}

# Usage: node_modules SOURCE TARGET. Installs what SOURCE/package-lock.json pins into TARGET.
node_modules() {
  # What npm removes first and what is written last: half an installation counts as none.
  local installed="$2/node_modules/.installed.json"
  if cmp -s "$1/package-lock.json" "$installed"; then
    return 0
  fi
  mkdir -p "$2"
  cp "$1/package.json" "$1/package-lock.json" "$2/"
  (cd "$2" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) &&
    cp "$1/package-lock.json" "$installed"
}

# Usage: python_packages REQUIREMENTS TARGET. A virtual environment with what REQUIREMENTS pins.
python_packages() {
  # One that was made for another Python does not start.
  if cmp -s "$1" "$2/requirements.txt" && "$2/bin/python" -c '' 2>/dev/null; then
    return 0
  fi
  python3 -m venv --clear "$2" && "$2/bin/pip" install --quiet --disable-pip-version-check -r "$1" &&
    cp "$1" "$2/requirements.txt"
}
