"""Messages as docs/security.md and docs/asyncapi.yaml describe them: CloudEvents in Kafka's binary mode, signed.

Signature: a DSSE envelope with Ed25519 in `ce_dssematerial`, as the CloudEvents verifiability extension has it. Written
from the specifications; shares no code with the product.
"""
import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PAYLOAD_TYPE = "https://cloudevents.io/verifiability/dsse/v0.1"


def canonical(value):
    """RFC 8785 for what is sent here: objects, lists, strings, whole numbers, booleans, null; names are ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data):
    return hashlib.sha256(data).digest()


class Key:
    """A department's key; its seed comes from the run's dice, so that a run can be repeated."""

    def __init__(self, dice, department, roles, sources=None):
        self.department, self.roles = department, roles
        self.sources = sources or ["dept:" + department]
        self.private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha256(self.public)[:16].hex()


def material(event, names):
    parts = [event["id"], event["source"], "1.0", event["type"], "" if event["data"] is None else "application/json", "",
             event.get("subject") or "", event["time"]]
    core = b"".join(sha256(part.encode()) for part in parts) + sha256(event["data"] or b"")
    signed = {"core": base64.b64encode(sha256(core)).decode()}
    if names:
        ext = b"".join(sha256(event["extensions"][name].encode()) for name in names)
        signed["ext"] = base64.b64encode(sha256(ext)).decode()
        signed["signedextattrs"] = names
    return signed


def envelope(event, key):
    payload = canonical(material(event, sorted(event.get("extensions", {}))))
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    return base64.b64encode(canonical({
        "payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key.id, "sig": base64.b64encode(key.private.sign(signed)).decode()}]})).decode()


def headers(event, signature):
    """The headers of an event; `signature` is None for an unsigned one."""
    pairs = [("ce_specversion", "1.0"), ("ce_id", event["id"]), ("ce_source", event["source"]), ("ce_type", event["type"]),
             ("ce_time", event["time"])]
    if event.get("subject") is not None:
        pairs.append(("ce_subject", event["subject"]))
    if event["data"] is not None:
        pairs.append(("content-type", "application/json"))
    pairs += [("ce_" + name, value) for name, value in event.get("extensions", {}).items()]
    if signature is not None:
        pairs.append(("ce_dssematerial", signature))
    return [(name, value.encode()) for name, value in pairs]


def body_digest(event):
    """The SHA-256 of type, subject and data, by which two submissions say the same."""
    return sha256(sha256(event["type"].encode()) + sha256((event.get("subject") or "").encode()) + sha256(event["data"] or b""))
