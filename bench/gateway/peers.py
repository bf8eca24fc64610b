"""The servers of the measurement: how each is started, proven to do its job, and ended."""

import http.client
import json
import os
import secrets
import select
import shlex
import shutil
import socket
import subprocess
import time
import urllib.parse

# The subject makes and signs all its tokens first, on a core that it may have to share.
READY_WITHIN = 300
TARGET = "/v1/items/42"


class Failed(Exception):
    """The measurement cannot go on; says why."""


class Peer:
    """A server under measurement: where it listens, which tokens it knows, what it claims to do."""

    def __init__(self, name, url, good, bad, governs):
        self.name, self.url, self.good, self.bad, self.governs = name, url, good, bad, governs
        self.process = None
        self.limited = None
        self.tokens_file = None


class Bench:
    """The vendor and all peers in one temporary folder; `stop` ends exactly what `start` began."""

    def __init__(self, folder, here, options):
        self.folder, self.here, self.options = folder, here, options
        self.credential = f"Bearer vendor-{secrets.token_hex(16)}"
        self.tokens = [f"pcl_{secrets.token_urlsafe(40)}" for _ in range(options.tokens)]
        self.limited = f"pcl_{secrets.token_urlsafe(40)}"
        self.peers = []
        self.processes = []
        self.upstream = free_port()

    def start(self):
        for tool in ("/usr/sbin/nginx", "wrk", "taskset"):
            if not shutil.which(tool):
                raise Failed(f"`{tool}` is missing: `make bench-setup`")
        self.write_tokens()
        self.nginx("upstream", self.upstream, self.options.load_core)
        for name, governs in (("nginx plain", False), ("nginx+lua", True)):
            port = free_port()
            bad = "pcl_" + secrets.token_urlsafe(40)
            peer = Peer(name, f"http://127.0.0.1:{port}{TARGET}", self.tokens, bad, governs)
            peer.limited = self.limited if governs else None
            peer.process = self.nginx(name.split()[-1].split("+")[-1], port, self.options.server_core)
            self.peers.append(peer)
        if self.options.engine:
            ready, process = self.ready(self.options.engine)
            peer = Peer("engine", ready["url"], self.tokens, "", False)
            peer.process = process
            self.peers.append(peer)
        if self.options.subject:
            self.peers.append(self.subject())
        # The same number of distinct tokens for everyone, or the caches would decide.
        fewest = min(len(peer.good) for peer in self.peers)
        for number, peer in enumerate(self.peers):
            peer.tokens_file = self.folder / f"load-{number}"
            peer.tokens_file.write_text("".join(f"{token}\n" for token in peer.good[:fewest]))

    def write_tokens(self):
        ending = int(time.time()) + 86_400
        operations = "GET /v1/items,POST /v1/items,GET /v1/users,GET /v1/orders"
        with open(self.folder / "tokens", "w", encoding="ascii") as file:
            for number, token in enumerate(self.tokens):
                file.write(f"{token}\tgrt_{number:05}|{ending}|1000000000|{operations}\n")
            file.write(f"{self.limited}\tgrt_limited|{ending}|1|{operations}\n")

    def nginx(self, kind, port, core):
        words = {
            "DIR": self.folder,
            "HERE": self.here,
            "PORT": port,
            "UPSTREAM": self.upstream,
            "CREDENTIAL": self.credential,
            "USER": "user root;" if os.geteuid() == 0 else "",
        }
        text = (self.here / f"{kind}.conf").read_text()
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        path = self.folder / f"{kind}.conf"
        path.write_text(text)
        command = ["/usr/sbin/nginx", "-p", str(self.folder), "-e", str(self.folder / f"{kind}.log"), "-c", str(path)]
        process = self.begin(command, core)
        wait_for_port(port, process, kind)
        return process

    def ready(self, command):
        """A server that says in one line of JSON where it is; with its process."""
        environment = {
            "BENCH_UPSTREAM": f"http://127.0.0.1:{self.upstream}",
            "BENCH_CREDENTIAL": self.credential,
            "BENCH_TOKENS": str(self.options.tokens),
        }
        command = shlex.split(command)
        process = self.begin(command, self.options.server_core, environment, stdout=subprocess.PIPE)
        said = first_line(process)
        try:
            ready = json.loads(said)
            if not isinstance(ready["url"], str):
                raise TypeError("`url` is no text")
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"the first line of {command[0]} is not what was agreed ({error!r}): {said!r}") from error
        return ready, process

    def subject(self):
        ready, process = self.ready(self.options.subject)
        try:
            good = [ready["good_token"]] + list(ready.get("good_tokens", []))
            peer = Peer("subject", ready["url"], list(dict.fromkeys(good)), ready["bad_token"], True)
        except (KeyError, TypeError) as error:
            raise Failed(f"the subject's first line is not what was agreed ({error!r})") from error
        peer.process = process
        peer.limited = ready.get("limited_token")
        return peer

    def begin(self, command, core, environment=None, stdout=subprocess.DEVNULL):
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            env={**os.environ, **(environment or {})},
        )
        self.processes.append(process)
        return process

    def prove(self):
        """The vendor refuses strangers, so a 200 through a peer shows that it put the credential in."""
        direct = f"http://127.0.0.1:{self.upstream}{TARGET}"
        expect("the vendor itself, without its credential", fetch(direct), 401)
        for peer in self.peers:
            expect(f"{peer.name}, good token", fetch(peer.url, peer.good[0]), 200)
            expect(f"{peer.name}, last good token", fetch(peer.url, peer.good[-1]), 200)
            if peer.governs:
                expect(f"{peer.name}, bad token", fetch(peer.url, peer.bad), 401, 403)
                expect(f"{peer.name}, no token", fetch(peer.url), 401, 403)
                expect(f"{peer.name}, operation out of scope", fetch(peer.url, peer.good[0], "DELETE"), 403)
            if peer.limited:
                expect(f"{peer.name}, one call a minute", fetch(peer.url, peer.limited), 200)
                # Twice, because a minute may end in between.
                again = {fetch(peer.url, peer.limited) for _ in range(2)}
                expect(f"{peer.name}, limit used up", max(again), 429)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process, name):
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"{name} ended at once with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failed(f"{name} does not listen on port {port} after {READY_WITHIN} s")


def first_line(process):
    deadline = time.monotonic() + READY_WITHIN
    said = b""
    while not said.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise Failed(f"the subject said nothing for {READY_WITHIN} s")
        piece = os.read(process.stdout.fileno(), 1)
        if not piece:
            raise Failed("the subject ended before it was ready")
        said += piece
    return said.decode()


def fetch(url, token=None, method="GET"):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status
    finally:
        connection.close()


def expect(what, status, *wanted):
    if status not in wanted:
        raise Failed(f"{what}: answered {status}, not {' or '.join(map(str, wanted))}")
