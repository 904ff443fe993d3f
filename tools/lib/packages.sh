# For scripts that run programs of npm or PyPI: installs what is pinned, outside of the repository, once.

# Usage: node_modules SOURCE TARGET. Installs what SOURCE/package-lock.json pins into TARGET.
node_modules() {
  mkdir -p "$2"
  if cmp -s "$1/package-lock.json" "$2/package-lock.json" && [ -d "$2/node_modules" ]; then
    return 0
  fi
  cp "$1/package.json" "$1/package-lock.json" "$2/"
  if ! (cd "$2" && npm ci --ignore-scripts --no-audit --no-fund --silent); then
    rm -f "$2/package-lock.json" # so that the next run tries again
    return 1
  fi
}

# Usage: python_packages REQUIREMENTS TARGET. A virtual environment with what REQUIREMENTS pins.
python_packages() {
  if cmp -s "$1" "$2/requirements.txt"; then
    return 0
  fi
  python3 -m venv --clear "$2" && "$2/bin/pip" install --quiet --disable-pip-version-check -r "$1" &&
    cp "$1" "$2/requirements.txt"
}
