"""
Follows the revocation feed of an issuer (docs/revocation-feed.md), so that each request is decided here, without a question to anyone.
Standard library only.
"""

import base64
import json
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

STALE_AFTER, DOWN_AFTER = 3, 30
KINDS, WITH_NOT_BEFORE = set("sjuckg"), set("ucg")
CLAIMS = {"s": "sid", "j": "jti", "u": "sub", "c": "client_id"}


class RevocationStateUnknown(Exception):
    """It is not known whether the token is revoked: answer 503, and never 401."""


class RevocationSet:
    """What is revoked: for each kind and value a not-before and the moment after which it may be forgotten."""

    def __init__(self, entries=()):
        self.marks = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry):
        kind, value, not_before, expires_at = entry
        if kind not in KINDS or not isinstance(value, str) or (not_before > 0) != (kind in WITH_NOT_BEFORE):
            raise ValueError("an entry of an unknown form: the list would be less than it seems")
        held = self.marks.get((kind, value), (0, 0))
        self.marks[kind, value] = (max(held[0], not_before), max(held[1], expires_at))

    def find(self, claims, kid):
        """The kind of the entry that revokes a token, or None."""
        named = {("k", kid), ("g", "")} | {(kind, claims.get(claim)) for kind, claim in CLAIMS.items()}
        for kind, value in sorted(named, key=str):
            mark = self.marks.get((kind, value))
            if mark and (mark[0] == 0 or claims.get("iat", 0) < mark[0]):
                return kind
        # A token that names no key may be signed with the revoked one.
        return "k" if kid is None and any(kind == "k" for kind, _ in self.marks) else None

    def remove_expired(self, now):
        self.marks = {name: mark for name, mark in self.marks.items() if mark[1] >= now}


class Replica:
    """What is known of an issuer's revocations, and how far that can be relied on."""

    def __init__(self, monotonic=time.monotonic):
        self.monotonic = monotonic
        self.lock = threading.Lock()
        self.set = None
        self.epoch, self.seq = "", 0
        self.heard_at = self.lateness = self.quickest = None

    def apply_snapshot(self, snapshot):
        """Adds a snapshot to what is known: a database that was restored from a backup, or an older snapshot, knows less than we do."""
        with self.lock:
            if self.set is None:
                self.set = RevocationSet([])
            for entry in snapshot["entries"]:
                self.set.add(entry)
            if snapshot["epoch"] != self.epoch:
                self.quickest = None
            self.epoch, self.seq = snapshot["epoch"], snapshot["seq"]

    def apply_entries(self, previous, place, entries):
        """Takes entries; False if they do not follow on what is known."""
        epoch, _, seq = place.rpartition(":")
        with self.lock:
            if epoch != self.epoch or previous != self.seq:
                return False
            for entry in entries:
                self.set.add(entry)
            self.seq = int(seq)
            return True

    def apply_heartbeat(self, seq, now):
        """Takes a heartbeat; False if it is ahead of what is known."""
        with self.lock:
            if seq > self.seq:
                return False
            self.heard_at = self.monotonic()
            difference = self.heard_at - now
            self.quickest = difference if self.quickest is None else min(self.quickest, difference)
            self.lateness = difference - self.quickest
            self.set.remove_expired(min(now, time.time()))
            return True

    def lag(self):
        return float("inf") if self.heard_at is None else self.monotonic() - self.heard_at + self.lateness

    def find(self, claims, kid):
        """The kind of the entry that revokes a token, or None. Raises RevocationStateUnknown when too little is known."""
        with self.lock:
            kind = self.set.find(claims, kid) if self.set else None
            if kind is None and self.lag() > DOWN_AFTER:
                raise RevocationStateUnknown()
            return kind


class FeedReader:
    """Keeps a replica up to date, in a thread of its own."""

    def __init__(self, issuer, client_id, client_secret, log):
        self.issuer, self.log, self.replica = issuer, log, Replica()
        credentials = f"{urllib.parse.quote(client_id, safe='')}:{urllib.parse.quote(client_secret, safe='')}"
        self.basic = "Basic " + base64.b64encode(credentials.encode()).decode()
        self.endpoints = self.token = None
        self.token_until = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        snapshot_due, failures = True, 0
        while True:
            try:
                if snapshot_due:
                    self.replica.apply_snapshot(json.load(self.get("revocation_snapshot_endpoint", {})))
                snapshot_due, failures = self.follow(), 0
            except Exception as error:
                # Whatever it was, what is known stays, and lag says how old it is.
                self.token = None
                failures += 1
                if failures == 1:
                    self.log(f"the revocation feed cannot be read: {type(error).__name__}")
            time.sleep(random.uniform(0, min(5, 0.1 * 2 ** min(failures, 6))))

    def follow(self):
        """Follows the stream until it ends; True if a new snapshot is due."""
        place = f"{self.replica.epoch}:{self.replica.seq}"
        with self.get("revocation_stream_endpoint", {"Last-Event-ID": place, "Accept": "text/event-stream"}) as stream:
            fields = {}
            for line in stream:
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                if name:
                    fields[name] = value
                elif fields and not self.take(fields.get("event"), json.loads(fields.get("data", "{}")), fields.get("id", "")):
                    return True
                else:
                    fields = {}
        return False

    def take(self, event, data, place):
        if event == "rev":
            return self.replica.apply_entries(data["p"], place, data["e"])
        if event == "hb":
            return self.replica.apply_heartbeat(data["seq"], data["now"])
        return event != "reset"

    def get(self, name, headers):
        request = urllib.request.Request(self.find(name), headers={**headers, "Authorization": f"Bearer {self.get_token()}"})
        # A heartbeat comes every half second: a socket that is silent for longer than this is dead.
        return urllib.request.urlopen(request, timeout=STALE_AFTER)

    def find(self, name):
        if self.endpoints is None:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/oauth-authorization-server", timeout=10) as answer:
                self.endpoints = json.load(answer)
        return self.endpoints[name]

    def get_token(self):
        if self.token is None or time.monotonic() > self.token_until:
            form = {"grant_type": "client_credentials", "scope": "revocations:read", "resource": self.issuer}
            body = urllib.parse.urlencode(form).encode()
            request = urllib.request.Request(self.find("token_endpoint"), body, {"Authorization": self.basic})
            with urllib.request.urlopen(request, timeout=10) as answer:
                token = json.load(answer)
            self.token, self.token_until = token["access_token"], time.monotonic() + 0.8 * token["expires_in"]
        return self.token
