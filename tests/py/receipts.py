"""Receipts as docs/protocol.md writes them down, read and verified without any of our code."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

# Order of secp256k1 (SEC 2): a signature's s must be in its lower half.
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Fields:
    """Takes fixed-width fields off the front of bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        field = self.data[self.at : self.at + length]
        assert len(field) == length, "too short"
        self.at += length
        return field

    def number(self, length):
        return int.from_bytes(self.take(length), "big")

    def numbers(self):
        return [self.number(8) for _ in range(self.number(1))]

    def end(self):
        assert self.at == len(self.data), "bytes after the end"


def unpack(text):
    """Bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def digest(stage, kind, body):
    """What is signed, or named, of a body: bound to chain and billing contract."""
    parts = [b"secret-ai/" + kind + b"/1", stage.chain_id.encode(), stage.billing.encode(), body]
    return hashlib.sha256(b"\0".join(parts)).digest()


@dataclass
class Evidence:
    request: bytes
    response: bytes
    model: str
    time: int
    units: list
    encoded: bytes

    @classmethod
    def read(cls, text):
        data = unpack(text)
        f = Fields(data)
        evidence = cls(f.take(32), f.take(32), f.take(f.number(1)).decode(), f.number(8), f.numbers(), data)
        f.end()
        return evidence


@dataclass
class Receipt:
    session_id: str
    kid: str
    seq: int
    final: bool
    aborted: bool
    counters: list
    evidence: bytes
    body: bytes
    signature: bytes

    @classmethod
    def read(cls, text):
        data = unpack(text)
        f = Fields(data)
        session_id, kid, seq, flags = f.take(16).hex(), f.take(20).hex(), f.number(8), f.number(1)
        assert flags < 4
        receipt = cls(
            session_id, kid, seq, bool(flags & 1), bool(flags & 2), f.numbers(), f.take(32), data[: f.at], f.take(64)
        )
        f.end()
        return receipt

    def verify(self, stage, public_key):
        """Raises unless the key, 33 bytes in hex, signed this."""
        r, s = (int.from_bytes(half, "big") for half in (self.signature[:32], self.signature[32:]))
        assert s <= ORDER // 2, "s is not low"
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), bytes.fromhex(public_key))
        signed = digest(stage, b"receipt", self.body)
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(Prehashed(hashes.SHA256())))


@dataclass
class Proof:
    """A receipt with the evidence that it names."""

    receipt: Receipt
    evidence: Evidence

    @classmethod
    def read(cls, told):
        """From a plain answer's headers, or from the JSON that ends a stream, without the prefix."""
        return cls(Receipt.read(told["receipt"]), Evidence.read(told["evidence"]))

    @classmethod
    def of_headers(cls, headers):
        return cls.read({name: headers[f"x-secret-ai-{name}"] for name in ("receipt", "evidence")})

    def verify(self, account, session, request, response):
        """Raises unless it is the attested worker's receipt for these bytes, sent and received."""
        worker = account.query(account.stage.registry, {"worker": {"worker_id": session.worker_id}})
        receipt, evidence = self.receipt, self.evidence
        assert (receipt.session_id, receipt.kid) == (session.id, worker["kid"])
        receipt.verify(account.stage, worker["receipt_pk"])
        assert receipt.evidence == digest(account.stage, b"evidence", evidence.encoded)
        assert evidence.request == hashlib.sha256(request).digest()
        assert evidence.response == hashlib.sha256(response).digest()


def price(lines, counters):
    """Base units, rounded up once."""
    return -(-sum(line["rate"] * count for line, count in zip(lines, counters)) // 10**6)
