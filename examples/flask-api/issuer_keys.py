"""Fetches the issuer's public keys and keeps them: at most one request at a time, and one every two seconds."""

import json
import threading
import time
import urllib.request
from urllib.parse import urlsplit

from jwt import PyJWKClient, PyJWKSet


class KeysUnavailable(Exception):
    """No key could be had so far, so that nothing can be said about any token."""


class RefuseRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class IssuerKeys(PyJWKClient):
    """
    PyJWKClient of PyJWT 2.6 waits without end, asks again for each unknown kid, follows redirects, and forgets its keys when
    the issuer is away. This one does not.
    """

    cooldown, longest_age, timeout, longest_body = 2, 300, 3, 100_000

    def __init__(self, uri, log):
        super().__init__(uri, cache_jwk_set=False)
        address = urlsplit(uri)
        if address.scheme != "https" and (address.scheme, address.hostname) not in [
            ("http", host) for host in ("localhost", "127.0.0.1", "::1")
        ]:
            raise ValueError("The JWK Set must be at an https address, or on this machine.")
        self.log = log
        self.opener = urllib.request.build_opener(RefuseRedirects)
        self.lock = threading.Lock()
        self.jwk_set = None
        self.asked_at = -self.longest_age

    def get_jwk_set(self, refresh=False):
        """The keys at hand; newer ones when they are old, or when `refresh` says that a kid is not among them."""
        wanted_age = self.cooldown if refresh or self.jwk_set is None else self.longest_age
        if self.age() >= wanted_age:
            with self.lock:
                if self.age() >= wanted_age:
                    self.ask()
        if self.jwk_set is None:
            raise KeysUnavailable()
        return self.jwk_set

    def age(self):
        return time.monotonic() - self.asked_at

    def ask(self):
        try:
            with self.opener.open(self.uri, timeout=self.timeout) as response:
                body = response.read(self.longest_body + 1)
            if len(body) > self.longest_body:
                raise ValueError("too long")
            keys = json.loads(body)["keys"]
            # One key of a type that PyJWT does not know would spoil the whole set.
            self.jwk_set = PyJWKSet([key for key in keys if (key.get("kty"), key.get("crv")) == ("EC", "P-256")])
        except Exception as error:
            # Whatever it was, the keys that were there before stay: a token that they verify is as good as it was.
            self.log(f"JWK Set unavailable: {type(error).__name__}")
        self.asked_at = time.monotonic()
