#!/bin/sh
# The WebSocket conformance tests are the Autobahn testsuite's, which is for Python 2.7 only. Installs it once, into
# ~/.cache/spica/wstest: with a Python 2.7 that is here (PYTHON2 names one), else with that of Debian 11 in a chroot.
set -eu
home=$HOME/.cache/spica/wstest
[ -x "$home/bin/wstest" ] && exit 0

python=""
for candidate in ${PYTHON2:-} python2.7 "$HOME/.pyenv/versions/2.7.18/bin/python2.7"; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then python=$candidate && break; fi
done
mkdir -p "$home/bin"
if [ -n "$python" ]; then
    echo "conformance: installing the Autobahn testsuite for $($python -V 2>&1)"
    "$python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target "$home/lib" \
        autobahntestsuite==25.10.1 2>"$home/pip.log" || { cat "$home/pip.log" >&2; exit 1; }
    # The .pth files of namespace packages count only in a site directory.
    start="import site; site.addsitedir('$home/lib'); from autobahntestsuite.wstest import run; run()"
    cat >"$home/bin/wstest" <<END
#!/bin/sh
# Runs the fuzzing client by the file fuzzingclient.json of the folder named; reports go there too.
cd "\$1" && PYTHONPATH='$home/lib' exec '$(command -v "$python")' -u -c "$start" -m fuzzingclient -s fuzzingclient.json
END
elif command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "conformance: installing the Autobahn testsuite into a Debian 11 root, for its Python 2.7"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
    debootstrap --variant=minbase --include=python2.7,python2.7-dev,virtualenv,gcc,libc6-dev \
        bullseye "$home/root" >"$home/debootstrap.log" || { tail "$home/debootstrap.log" >&2; exit 1; }
    chroot "$home/root" virtualenv --quiet --python=python2.7 /wstest
    # pip in there reaches PyPI as it does out here: the same name servers, certificates and settings.
    mkdir -p "$home/root/etc/ssl/certs"
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        if [ -e "$file" ]; then cp "$file" "$home/root$file"; fi
    done
    # Debian's own pip of that time can't build the one dependency that has no wheel.
    chroot "$home/root" /wstest/bin/pip install --quiet --force-reinstall pip==20.3.4
    chroot "$home/root" /wstest/bin/pip install --quiet autobahntestsuite==25.10.1
    cat >"$home/bin/wstest" <<END
#!/bin/sh
# Runs the fuzzing client by the file fuzzingclient.json of the folder named; reports go there too.
run=/run-\$\$
mkdir "$home/root\$run" && cp "\$1/fuzzingclient.json" "$home/root\$run/"
chroot "$home/root" sh -c "cd \$run && exec /wstest/bin/wstest -m fuzzingclient -s fuzzingclient.json"
status=\$?
cp -r "$home/root\$run/." "\$1/" && rm -r "$home/root\$run"
exit \$status
END
else
    echo "conformance: no Python 2.7 with pip, which the Autobahn testsuite needs: name one with PYTHON2=/path/to/python2.7." >&2
    exit 1
fi
chmod +x "$home/bin/wstest"
