#!/bin/sh
# nginx with one worker, as its documentation sets it up for speed; what it keeps goes to a folder of its own.
# Usage: nginx.sh PORT FOLDER h1|h2c|tls      h2c: HTTP/2 in clear text, which this nginx speaks on a port of its own
set -eu
port=$1 folder=$2
case $3 in
h1) listen="$port" tls="" ;;
h2c) listen="$port http2" tls="" ;;
tls) listen="$port ssl http2" tls="ssl_certificate $folder/tls.pem; ssl_certificate_key $folder/tls.key;" ;;
esac
own="$folder/nginx-$port" user=""
# Its worker would run as somebody who may not read our folders.
if [ "$(id -u)" = 0 ]; then user="user root;"; fi
mkdir -p "$own"
cat >"$own/nginx.conf" <<END
daemon off;
$user
worker_processes 1;
pid $own/nginx.pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 3600;
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 256;
    default_type application/octet-stream;
    client_body_temp_path $own/body; proxy_temp_path $own/proxy; fastcgi_temp_path $own/fastcgi;
    uwsgi_temp_path $own/uwsgi; scgi_temp_path $own/scgi;
    server {
        listen 127.0.0.1:$listen backlog=16384;
        $tls
        root $folder/site/public;
        location = /plaintext { default_type text/plain; return 200 "Hello, World!"; }
    }
}
END
exec nginx -p "$own" -c "$own/nginx.conf" -e stderr
