"""An orders API in Python that asks Redis whether a token is revoked: once a request. examples/flask-api has a fuller check of the token."""

import os
import re
import sys

import jwt
import redis
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

try:
    ISSUER, AUDIENCE, REDIS_URL = (os.environ[name] for name in ("ISSUER", "AUDIENCE", "REDIS_URL"))
except KeyError as missing:
    sys.exit(f"Set {missing.args[0]}: see the README.")

app = Flask(__name__)
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
mirror = redis.Redis.from_url(REDIS_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)


def is_revoked(claims, kid, prefix="countersign"):
    names = {"sid": "sid", "jti": "jti", "sub": "sub", "client": "client_id"}
    asked = [f"{prefix}:{name}:{claims.get(claim)}" for name, claim in names.items()] + [f"{prefix}:kid:{kid}", f"{prefix}:all"]
    question = mirror.pipeline(transaction=False).mget([f"{prefix}:live", *asked]).pttl(f"{prefix}:live")
    (live, *marks), left = question.execute()
    # More than 5 s are left only when Redis's clock has been set back, and then nobody may be writing any more.
    if live is None or left > 5000:
        raise redis.RedisError("what is in Redis may not be everything")
    return any(mark is not None and (int(mark) == 0 or claims["iat"] < int(mark)) for mark in marks)


@app.get("/orders")
def orders():
    bearer = re.fullmatch(r"Bearer +(\S+)", request.headers.get("Authorization", ""), re.IGNORECASE)
    if bearer is None:
        return "", 401, {"WWW-Authenticate": "Bearer"}
    try:
        header = jwt.get_unverified_header(bearer[1])
        key = keys.get_signing_key(header.get("kid")).key
        required = {"require": ["exp", "iat", "iss", "aud", "sub"]}
        claims = jwt.decode(bearer[1], key, algorithms=["ES256"], options=required, audience=AUDIENCE, issuer=ISSUER, leeway=5)
        if header.get("typ") != "at+jwt" or "crit" in header or is_revoked(claims, header.get("kid")):
            raise jwt.InvalidTokenError()
    except jwt.PyJWTError:
        return jsonify(error="invalid_token"), 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    except redis.RedisError:
        return jsonify(error="temporarily_unavailable"), 503, {"Retry-After": "2"}
    return jsonify(orders=[{"id": 1, "item": "coffee", "customer": claims["sub"]}])


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "5000")), app, threaded=True)
    print(f"Listening on http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
