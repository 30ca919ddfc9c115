"""What the front tells the collector: the address of whoever asked, and a proof that it was the front that said so.

Behind a front the gateway sees the front's address only. Anybody can write the header that names the visitor's, and reach the gateway past
the front: it counts only beside the proof, which the front adds to what it sends to its origin. See docs/adr/0009.
"""

import hmac

from ariane.events.wire import Request

PROOF_HEADER = "x-ariane-front"
VIEWER_HEADER = "x-ariane-viewer"
_PURPOSE = b"collectors' front"


def front_proof(link_key: bytes) -> str:
    """Derived, so that there is no third secret to make and keep; who learns it can name any address, and sign nothing.

    A signed link's MAC is over text with a NUL (``ariane.signing``), so neither can pass for the other.
    """
    return hmac.digest(link_key, _PURPOSE, "sha256").hex()


def viewer_of(request: Request, link_key: bytes) -> str | None:
    """The visitor's address: the front's word where it is proven, the gateway's otherwise."""
    given = request.headers.get(PROOF_HEADER, "")
    viewer = request.headers.get(VIEWER_HEADER)
    if viewer and hmac.compare_digest(given.encode(), front_proof(link_key).encode()):
        return viewer
    return request.source_ip
