"""Why an attestation does not hold, in our words. Those of a library may not enter: they may quote what is hostile."""

from __future__ import annotations

from action.errors import RefusalError
from checks.refusal import Reason, Refusal

DOWNLOAD = "download it again: gh attestation download FILE --repo OWNER/REPO"
ROOT = "name a trusted_root.json: gh attestation trusted-root > FILE"
PRIVATE = (
    "as GitHub's own Sigstore for private repositories has none; "
    "go by what GitHub says of the commit: gatekeeper verify --commit SHA"
)
OTHER_TIME = (
    "expected a signature made while its certificate was valid, got one of another time; sign the verdict again"
)
OTHER_ROOT = (
    "expected a certificate of the trusted root, got one of another authority; "
    "name the root of the Sigstore that signed it: --trusted-root FILE"
)
OTHER_PAYLOAD = "expected a signed in-toto statement, got something else that is signed; name a verdict's attestation"
OTHER_KIND = "expected a log entry of kind dsse, got another; sign the verdict with actions/attest"
NO_BUNDLE = f"expected a Sigstore bundle with a certificate and one log entry, got a document that is none; {DOWNLOAD}"
NO_LOG = f"expected an entry of a transparency log, got none, {PRIVATE}"

_UNKNOWN = f"expected an attestation that holds, got one that sigstore refuses; {DOWNLOAD}"
_SENTENCES = (
    ("not enough sources of verified time", f"expected a time that a log or an authority tells, got none; {DOWNLOAD}"),
    ("no Timestamp Authorities", f"expected a timestamp by an authority of the trusted root, got another's; {ROOT}"),
    ("SCT", f"expected a certificate that a log of the trusted root has recorded, got another; {ROOT}"),
    ("invalid log entry", f"expected an entry that the log's own signatures hold for, got another; {DOWNLOAD}"),
    ("invalid signature", f"expected the signature of this statement, got one of other bytes or keys; {DOWNLOAD}"),
    ("Unsupported DSSE log entry", OTHER_KIND),
    ("Integrated time only supported", OTHER_KIND),
    ("log entry", f"expected the log's entry for this statement, got the entry of another; {DOWNLOAD}"),
    ("without a DSSE envelope", OTHER_PAYLOAD),
)
"""Words of sigstore, and ours. The first that are found count; none of them decides."""


def sentence_for(said: str) -> str:
    """Return our sentence for what sigstore says.

    >>> sentence_for("DSSE: invalid signature")[:43]
    'expected the signature of this statement, g'
    """
    return next((sentence for words, sentence in _SENTENCES if words in said), _UNKNOWN)


def refused(text: str) -> RefusalError:
    """Return the error for an attestation that cannot be relied on."""
    return RefusalError(Refusal(reason=Reason.ATTESTATION, text=text))
