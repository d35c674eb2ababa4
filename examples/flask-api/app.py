"""An orders API that takes the access tokens of an authorization server."""

import functools
import logging
import os
import re
import sys

import jwt
from flask import Flask, g, jsonify, request
from issuer_keys import IssuerKeys, KeysUnavailable
from werkzeug.serving import make_server

ISSUER, AUDIENCE, JWT_SECRET = (os.environ.get(name, "") for name in ("ISSUER", "AUDIENCE", "JWT_SECRET"))
if not ISSUER or not AUDIENCE:
    sys.exit("Set ISSUER to the issuer of the access tokens, and AUDIENCE to the identifier of this API.")
if JWT_SECRET and len(JWT_SECRET.encode()) < 32:
    sys.exit("JWT_SECRET is shorter than 32 bytes: make another with `openssl rand -base64 32`.")

ALGORITHM = "HS256" if JWT_SECRET else "ES256"
LONGEST_TOKEN = 8192
# PyJWT 2.6 raises the last three for JSON that is too deep, or that has a list or 1e999 for a time.
REFUSALS = (jwt.PyJWTError, RecursionError, TypeError, OverflowError)

logging.basicConfig(stream=sys.stderr, format="%(message)s")
# The log of requests has their whole address, in which some clients put tokens.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

app = Flask(__name__)
issuer_keys = None if JWT_SECRET else IssuerKeys(f"{ISSUER}/.well-known/jwks.json", app.logger.warning)


def verify(token):
    """The claims of an access token, or one of REFUSALS that says why not."""
    if len(token) > LONGEST_TOKEN or not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", token):
        raise jwt.DecodeError()
    header = jwt.get_unverified_header(token)
    if header.get("alg") != ALGORITHM:
        raise jwt.InvalidAlgorithmError()
    # PyJWT 2.6 looks at neither of these.
    if header.get("typ") != "at+jwt" or "crit" in header:
        raise jwt.InvalidTokenError()
    key = JWT_SECRET.encode() if JWT_SECRET else issuer_keys.get_signing_key(header.get("kid")).key
    required = {"require": ["exp", "iss", "aud", "sub"]}
    claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=required, audience=AUDIENCE, issuer=ISSUER, leeway=5)
    if type(claims["exp"]) not in (int, float) or not isinstance(claims["sub"], str):
        raise jwt.InvalidTokenError()
    return claims


def require(is_enough, refusal):
    """Lets a request pass if its access token is valid and enough; the claims are then in `g.claims` (RFC 6750)."""

    def decorate(view):
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            bearer = re.fullmatch(r"Bearer +(.*)", request.headers.get("Authorization", ""), re.IGNORECASE)
            if bearer is None:
                return "", 401, {"WWW-Authenticate": "Bearer"}
            try:
                g.claims = verify(bearer[1])
            except REFUSALS as error:
                app.logger.warning("access token refused: %s", type(error).__name__)
                return jsonify(error="invalid_token"), 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            except KeysUnavailable:
                return jsonify(error="temporarily_unavailable"), 503, {"Retry-After": "2"}
            if not is_enough(g.claims):
                return jsonify(error=refusal["error"]), 403, refusal["headers"]
            return view(*args, **kwargs)

        return guarded

    return decorate


def require_scope(scope):
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    refusal = {"error": "insufficient_scope", "headers": {"WWW-Authenticate": challenge}}
    return require(lambda claims: scope in str(claims.get("scope", "")).split(" "), refusal)


def require_role(*roles):
    """One of the roles is enough (RFC 9068 §2.2.3.1)."""
    refusal = {"error": "insufficient_role", "headers": {}}
    # A text would be searched for parts of words.
    return require(lambda claims: isinstance(claims.get("roles"), list) and any(role in claims["roles"] for role in roles), refusal)


@app.get("/public")
def public():
    return jsonify(message="Anyone may read this.")


@app.get("/orders")
@require_scope("orders:read")
def orders():
    return jsonify(orders=[{"id": 1, "item": "coffee", "customer": g.claims["sub"]}])


@app.get("/admin")
@require_role("admin")
def admin():
    return jsonify(orders=1, administrator=g.claims["sub"])


@app.errorhandler(404)
def not_found(_error):
    return jsonify(error="not_found"), 404


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "5000")), app, threaded=True)
    print(f"Listening on http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
