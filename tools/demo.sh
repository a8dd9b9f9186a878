#!/bin/sh
# What a user does, in order, in ./demo. Run again, it serves the blog that is there; `rm -r demo` starts afresh.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
port=${PORT:-3000}

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p demo
cd demo
if [ ! -d blog ]; then
    run spica new blog
    cd blog
    run spica generate scaffold Post title:string body:text published:boolean
else
    echo "demo: demo/blog is there already; 'rm -r demo' starts afresh"
    cd blog
fi
run spica db migrate
printf '\n  open http://127.0.0.1:%s/posts   (Ctrl-C stops)\n' "$port"
printf '\n$ spica server --port %s\n' "$port"
# In this shell's place, so that what stops the demo stops the server.
exec spica server --port "$port"
