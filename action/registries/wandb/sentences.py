"""Why an alias was not moved, and where it is now, one sentence each. Nothing is decided here."""

from __future__ import annotations

from action.errors import GatekeeperError, RefusalError, ServiceError
from action.files import show_name
from action.registry import Order, Stored
from checks.refusal import Reason, Refusal

_AGAIN = "to run the same command again is safe"
_FORBIDDEN = ("403", "a refusal")
"""What our own sentences hold where W&B does not let a key do something."""


def show(holder: Stored | None) -> str:
    """Name who holds an alias."""
    return "no version" if holder is None else show_name(holder.name)


def told(error: Exception) -> GatekeeperError:
    """Give an error as the one that is told: an answer that cannot be taken apart is none that we know."""
    if isinstance(error, GatekeeperError):
        return error
    return ServiceError(
        f"W&B: expected the answers that its client knows, got others ({type(error).__name__}); check WANDB_BASE_URL"
    )


def moved_by_another(order: Order, holder: Stored | None, place: str) -> RefusalError:
    """Somebody else was faster."""
    return _refused(
        Reason.ALIAS_MOVED,
        f"{show_name(order.alias)}: expected {show(order.expected)} to hold this alias in {show_name(place)} until it "
        f"is moved, but {show(holder)} holds it now: somebody else moved it, and it is left as it is; see who did, "
        "then run again",
    )


def gone(name: str) -> RefusalError:
    """The version is deleted, or was never whole."""
    return _refused(
        Reason.ARTIFACT_GONE,
        f"{show_name(name)}: expected a whole version on W&B, got one that is deleted or was never finished; promote "
        "another",
    )


def other_bytes(order: Order, now: Stored) -> RefusalError:
    """The version is not the one that was judged."""
    return _refused(
        Reason.OTHER_CHECKPOINT,
        f"{show_name(order.to.name)}: expected the digest {show_name(order.to.digest)}, got {show_name(now.digest)}: "
        "it is not what was judged; judge it anew",
    )


def not_read_back(order: Order, seen: Stored | None, after: str, place: str) -> RefusalError:
    """What was written is not there."""
    got = "the same version with other bytes" if seen and seen.key == order.to.key else show(seen)
    return _refused(
        Reason.NOT_READ_BACK,
        f"{show_name(order.alias)}: expected {show_name(order.to.name)} to hold this alias in {show_name(place)} after "
        f"it was given it, got {got}; {after}; look at it on W&B, then run again",
    )


def not_begun(error: Exception) -> ServiceError:
    """Something went wrong before anything was written."""
    return ServiceError(f"{told(error)} (nothing was changed)")


def nothing_changed(order: Order, holder: Stored | None, failure: ServiceError) -> ServiceError:
    """A write failed, and had no effect."""
    allowed = (
        "; whoever owns the key needs a role that may move it, above all where it is protected"
        if any(part in str(failure) for part in _FORBIDDEN)
        else ""
    )
    return ServiceError(
        f"{failure} (nothing was changed: {show(holder)} holds the alias {show_name(order.alias)} as before{allowed})"
    )


def unknown(order: Order, failure: Exception) -> ServiceError:
    """Nobody knows what became of it."""
    return ServiceError(
        f"{failure} (whether {show_name(order.to.name)} has the alias {show_name(order.alias)} now is not known; "
        f"{_AGAIN})"
    )


def found_after(order: Order, holder: Stored | None, failure: Exception) -> ServiceError:
    """The errand did not come back, but who holds the alias could be asked."""
    return ServiceError(
        f"{failure} ({show(holder)} holds the alias {show_name(order.alias)} now; {_AGAIN}, and completes what is open)"
    )


def _refused(reason: Reason, text: str) -> RefusalError:
    return RefusalError(Refusal(reason=reason, text=text))
