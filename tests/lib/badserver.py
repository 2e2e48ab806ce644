#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP(S) server on loopback that behaves well, or badly in one chosen way.

  badserver.py --dir DIR [--ports FILE] [--log FILE] [--tls CERT KEY] [--client-ca CA]
               [--proxy] [--proxy-user USER:PASS]

Ports of its listeners are written to FILE as JSON when it is ready: "http", with --tls
"https", with --proxy "proxy", and "hang", which takes connections and never answers.
The log gets a line of JSON a request.  The first component of the path says how a
request is answered:

  /ok/NAME       a file of DIR, with ETag and Last-Modified, 304 when they match
  /plain/NAME    likewise without either
  /to/URL        redirect to URL (%-escaped)
  /loop          redirect to itself
  /truncated/N   says the right length, sends half, closes
  /cut/N         no length, sends half, closes
  /longer/N      a length that is too small
  /stall/N       sends half, then nothing for ever
  /endless       never stops sending
  /headers       never stops sending headers
  /slow          a byte of the header a second
  /oversized     announces 100 MB
  /bomb          a small gzip file that unpacks to 64 MiB
  /bad304        304 although nobody asked
  /status/N      that status
  /auth/NAME     like /ok, for user "u" with password "p@ss" only
"""
import argparse
import base64
import email.utils
import hashlib
import http.server
import json
import os
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
import zlib


def gzip_bomb(size):
    c = zlib.compressobj(1, zlib.DEFLATED, 31)
    out = [c.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join(out) + c.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status, **more):
        entry = {"path": self.path, "status": status, "method": self.command,
                 "conditional": "If-None-Match" in self.headers or "If-Modified-Since" in self.headers}
        entry.update(more)
        with self.server.lock:
            self.server.log.write(json.dumps(entry) + "\n")
            self.server.log.flush()

    def answer(self, status, body=b"", **headers):
        self.note(status)
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def file(self, name):
        path = os.path.join(self.server.dir, urllib.parse.unquote(name))
        if ".." in name or not os.path.isfile(path):
            return None, None
        with open(path, "rb") as f:
            return f.read(), os.stat(path).st_mtime

    def do_GET(self):
        how, _, rest = self.path.lstrip("/").partition("/")
        f = getattr(self, "how_" + how.split("?")[0], None)
        if not f:
            return self.answer(404)
        try:
            f(rest.split("?")[0])
        except (BrokenPipeError, ConnectionError, ssl.SSLError):
            self.close_connection = True

    def how_ok(self, name, tags=True):
        body, mtime = self.file(name)
        if body is None:
            return self.answer(404)
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        modified = email.utils.formatdate(mtime, usegmt=True)
        known = self.headers.get("If-None-Match")
        if tags and (known == etag if known else self.headers.get("If-Modified-Since") == modified):
            return self.answer(304, ETag=etag)
        if tags:
            return self.answer(200, body, ETag=etag, Last_Modified=modified)
        return self.answer(200, body)

    def how_plain(self, name):
        self.how_ok(name, False)

    def how_auth(self, name):
        want = "Basic " + base64.b64encode(b"u:p@ss").decode()
        if self.headers.get("Authorization") != want:
            return self.answer(401, WWW_Authenticate='Basic realm="x"')
        self.how_ok(name)

    def how_to(self, url):
        self.answer(302, Location=urllib.parse.unquote(url))

    def how_loop(self, _):
        self.answer(302, Location="/loop")

    def how_status(self, n):
        self.answer(int(n), b"no\n")

    def how_bad304(self, _):
        self.answer(304)

    def how_bomb(self, _):
        self.answer(200, self.server.bomb())

    def begin(self, length=None):
        self.note(200)
        self.close_connection = True
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()

    def how_truncated(self, name):
        body, _ = self.file(name)
        self.begin(len(body))
        self.wfile.write(body[:len(body) // 2])

    def how_cut(self, name):
        body, _ = self.file(name)
        self.begin()
        self.wfile.write(body[:len(body) // 2])

    def how_longer(self, name):
        body, _ = self.file(name)
        self.begin(len(body) - 7)
        self.wfile.write(body)

    def how_stall(self, name):
        body, _ = self.file(name)
        self.begin(len(body))
        self.wfile.write(body[:len(body) // 2])
        self.wfile.flush()
        self.server.quit.wait(120)

    def how_endless(self, _):
        self.begin()
        while not self.server.quit.is_set():
            self.wfile.write(b'{"payloadType":' * 4096)

    def how_headers(self, _):
        self.note(200)
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.quit.is_set():
            self.wfile.write(b"X-More: and more\r\n" * 100)
            time.sleep(0.01)

    def how_slow(self, _):
        self.note(200)
        for c in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Slow: loris\r\n" * 10:
            if self.server.quit.wait(1):
                return
            self.wfile.write(bytes([c]))
            self.wfile.flush()

    def how_oversized(self, _):
        self.begin(100_000_000)
        self.wfile.write(b"x" * 1000)
        self.server.quit.wait(30)


class Proxy(Handler):
    """Forwards to the loopback listeners only."""

    def allowed(self):
        user = self.server.proxy_user
        want = "Basic " + base64.b64encode((user or "").encode()).decode()
        if user and self.headers.get("Proxy-Authorization") != want:
            self.answer(407, Proxy_Authenticate='Basic realm="p"')
            return False
        return True

    def connect(self, host, port):
        # every name stands for this machine: that is how tests tell it from a direct request
        return socket.create_connection(("127.0.0.1", port), timeout=20)

    def do_GET(self):
        if not self.allowed():
            return
        u = urllib.parse.urlsplit(self.path)
        self.note(0, via="proxy")
        up = self.connect(u.hostname, u.port)
        path = urllib.parse.urlunsplit(("", "", u.path, u.query, ""))
        lines = [f"GET {path} HTTP/1.1", f"Host: {u.netloc}", "Connection: close"]
        lines += [f"{k}: {v}" for k, v in self.headers.items()
                  if k.lower() not in ("host", "connection", "proxy-connection", "proxy-authorization")]
        up.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.close_connection = True
        self.pump(up, self.connection)

    def do_CONNECT(self):
        if not self.allowed():
            return
        self.note(0, via="proxy")
        host, port = self.path.rsplit(":", 1)
        up = self.connect(host, int(port))
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.close_connection = True
        t = threading.Thread(target=self.pump, args=(self.connection, up), daemon=True)
        t.start()
        self.pump(up, self.connection)

    @staticmethod
    def pump(a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
        except OSError:
            pass
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    _bomb = None

    def handle_error(self, request, client_address):
        pass

    def bomb(self):
        if Server._bomb is None:
            Server._bomb = gzip_bomb(64 << 20)
        return Server._bomb


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--dir", required=True)
    p.add_argument("--ports", required=True)
    p.add_argument("--log", required=True)
    p.add_argument("--tls", nargs=2)
    p.add_argument("--client-ca")
    p.add_argument("--proxy", action="store_true")
    p.add_argument("--proxy-user")
    a = p.parse_args()
    log, lock, quit_ = open(a.log, "a"), threading.Lock(), threading.Event()
    ports, servers = {}, []

    def listen(name, handler, context=None):
        s = Server(("127.0.0.1", 0), handler)
        s.dir, s.log, s.lock, s.quit, s.proxy_user = a.dir, log, lock, quit_, a.proxy_user
        ports[name] = s.server_port
        if context:
            s.socket = context.wrap_socket(s.socket, server_side=True, do_handshake_on_connect=False)
        servers.append(s)

    listen("http", Handler)
    if a.tls:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(*a.tls)
        listen("https", Handler, c)
    if a.tls and a.client_ca:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(*a.tls)
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(a.client_ca)
        listen("mtls", Handler, c)
    if a.proxy:
        listen("proxy", Proxy)
    hang = socket.create_server(("127.0.0.1", 0), backlog=16)
    ports["hang"] = hang.getsockname()[1]
    for s in servers:
        threading.Thread(target=s.serve_forever, daemon=True).start()
    with open(a.ports + ".new", "w") as f:
        json.dump(ports, f)
    os.rename(a.ports + ".new", a.ports)
    sys.stdin.read()  # until whoever started us is gone
    quit_.set()


main()
