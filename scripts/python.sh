# Sourced by the commands beside it: goes to the top of the checkout and sets $PYTHON to a Python that can carry Banyan.
# BANYAN_PYTHON names one to use instead of the first that fits.
cd "$(dirname "$0")/.." || exit 1
unset CDPATH PYTHONHOME PYTHONPATH
fits='import sys; sys.exit(not (sys.version_info >= (3, 11) and sys.maxsize > 2**32))'
bare=""
PYTHON=""
for name in ${BANYAN_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
  "$name" -c "$fits" >/dev/null 2>&1 || continue
  if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then PYTHON=$name; break; fi
  [ -n "$bare" ] || bare=$name
done
if [ -z "$PYTHON" ] && [ -n "$bare" ]; then
  version=$("$bare" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "Python $version is here, but without the modules venv and ensurepip." >&2
  echo "On Debian and Ubuntu they come with the package python$version-venv; elsewhere reinstall Python with pip." >&2
  exit 69
fi
if [ -z "$PYTHON" ]; then
  found=$("${BANYAN_PYTHON:-python3}" --version 2>/dev/null || echo "no Python 3")
  echo "Banyan needs Python 3.11 or newer; this machine offers $found." >&2
  echo "Install one, or name it: BANYAN_PYTHON=/path/to/python3.11 $0" >&2
  exit 69
fi
