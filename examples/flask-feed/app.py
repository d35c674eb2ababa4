"""An orders API in Python that refuses what is revoked within a moment. examples/flask-api has a fuller check of the token itself."""

import os
import re
import sys

import jwt
from flask import Flask, jsonify, request
from revocations import FeedReader, RevocationStateUnknown
from werkzeug.serving import make_server

try:
    ISSUER, AUDIENCE, CLIENT_ID, CLIENT_SECRET = (os.environ[name] for name in ("ISSUER", "AUDIENCE", "CLIENT_ID", "CLIENT_SECRET"))
except KeyError as missing:
    sys.exit(f"Set {missing.args[0]}: see the README.")

app = Flask(__name__)
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
feed = FeedReader(ISSUER, CLIENT_ID, CLIENT_SECRET, app.logger.warning)
REFUSED = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


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
        if header.get("typ") != "at+jwt" or "crit" in header or feed.replica.find(claims, header.get("kid")) is not None:
            return jsonify(error="invalid_token"), 401, REFUSED
    except jwt.PyJWTError:
        return jsonify(error="invalid_token"), 401, REFUSED
    except RevocationStateUnknown:
        return jsonify(error="temporarily_unavailable"), 503, {"Retry-After": "2"}
    return jsonify(orders=[{"id": 1, "item": "coffee", "customer": claims["sub"]}])


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "5000")), app, threaded=True)
    print(f"Listening on http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
