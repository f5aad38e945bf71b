"""An artifact of a workflow run is bounded, and whoever made it is not trusted."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib

import pytest

from action.errors import InputError, ServiceError
from tests.desk import desk
from tests.services.faults import reply
from tests.services.github import Fault, GitHub

RUN, NAME = 5, "gatekeeper-abc123"


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def member(name: str, mode: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def understated() -> bytes:
    """Pack a bomb that says that it is small."""
    bomb = packed(("verdict.json", b"0" * 500_000))
    return bomb.replace((500_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))


def encrypted() -> bytes:
    made = bytearray(packed(("verdict.json", b"{}")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    return bytes(made)


def fetched(content: bytes) -> bytes | None:
    service = GitHub()
    service.add_artifact(RUN, NAME, content)
    with desk(service) as one:
        return one.forge.artifact(RUN, NAME)


def test_it_is_fetched_from_where_it_lies_without_the_token() -> None:
    service = GitHub()
    service.add_artifact(RUN, NAME, packed(("verdict.json", b'{"verdict": "pass"}'), ("verdict.md", b"x")))
    with desk(service) as one:
        assert one.forge.artifact(RUN, NAME) == b'{"verdict": "pass"}'
        assert one.asked == [f"GET /actions/runs/{RUN}/artifacts", "GET /actions/artifacts/1/zip"]
        assert service.requests[0].query == {"name": [NAME], "per_page": ["100"]}
        [request] = service.storage.requests
    assert service.token not in repr(request)
    assert "authorization" not in request.headers


@pytest.mark.parametrize("where", [(RUN, "other"), (6, NAME)])
def test_one_that_is_not_there_is_none(where: tuple[int, str]) -> None:
    service = GitHub()
    service.add_artifact(RUN, NAME, packed(("a", b"a")))
    with desk(service) as one:
        assert one.forge.artifact(*where) is None


def test_one_that_has_expired_is_none() -> None:
    service = GitHub()
    service.add_artifact(RUN, NAME, b"", expired=True)
    with desk(service) as one:
        assert one.forge.artifact(RUN, NAME) is None


def test_one_that_expires_meanwhile_is_none() -> None:
    service = GitHub(faults=[Fault(behave=reply(410, {"message": "Artifact has expired"}), path=".*/zip")])
    service.add_artifact(RUN, NAME, packed(("a", b"a")))
    with desk(service) as one:
        assert one.forge.artifact(RUN, NAME) is None


def test_of_several_attempts_the_newest_counts() -> None:
    service = GitHub()
    for content, expired in ((b"1", False), (b"2", False), (b"3", True)):
        service.add_artifact(RUN, NAME, packed(("a", content)), expired=expired)
    with desk(service) as one:
        assert one.forge.artifact(RUN, NAME) == b"2"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_sixty_four_kilobytes_are_taken(method: int) -> None:
    assert fetched(packed(("a", b"a" * 64_000), method=method)) == b"a" * 64_000


@pytest.mark.parametrize(
    "content",
    [
        packed(("a", b"a" * 64_001)),
        packed(("a", b"0" * 500_000_000)),
        understated(),
        packed(("a", zlib.compress(b"a") + bytes(1_000_001)), method=zipfile.ZIP_STORED),
        packed(),
        packed(*((str(at), b"") for at in range(101))),
        packed(("folder/", b"")),
        packed(("/etc/passwd", b"x")),
        packed(("../x", b"x")),
        packed(("a/../../x", b"x")),
        packed(("a\x1b[31m", b"x")),
        packed((member("a", stat.S_IFLNK | 0o777), b"/etc/passwd")),
        packed((member("a", stat.S_IFIFO | 0o777), b"")),
        packed(("a", b"x"), method=zipfile.ZIP_LZMA),
        packed(("a", b"x"), method=zipfile.ZIP_BZIP2),
        encrypted(),
        packed(("a", b"x"))[:-30],
        b"",
        b"<html>",
        b"PK\x03\x04",
    ],
    ids=range(20),
)
def test_what_is_no_archive_of_plain_small_files_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=rf"^the artifact {NAME} of the workflow run {RUN}: expected .+, got .+; .+"):
        fetched(content)


class TestStorage:
    @pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "", "/elsewhere", "file:///etc/passwd"])
    def test_an_address_of_another_kind_is_not_followed(self, location: str) -> None:
        service = GitHub(faults=[Fault(behave=reply(302, b"", Location=location), path=".*/zip")])
        service.add_artifact(RUN, NAME, packed(("a", b"a")))
        with desk(service) as one, pytest.raises(ServiceError, match="not one of its API"):
            one.forge.artifact(RUN, NAME)

    def test_one_that_does_not_answer_is_tried_three_times(self) -> None:
        nowhere = reply(302, b"", Location="http://127.0.0.1:9/x")
        service = GitHub(faults=[Fault(behave=nowhere, path=".*/zip")])
        service.add_artifact(RUN, NAME, packed(("a", b"a")))
        with desk(service) as one:
            with pytest.raises(ServiceError, match="got no connection"):
                one.forge.artifact(RUN, NAME)
            assert len(one.time.slept) == 3

    def test_one_that_refuses_is_told_by_its_status(self) -> None:
        service = GitHub()
        service.add_artifact(RUN, NAME, packed(("a", b"a")))
        other = reply(302, b"", Location=f"{service.storage.url}/expired/1")
        service.faults.append(Fault(behave=other, path=".*/zip"))
        with desk(service) as one, pytest.raises(ServiceError, match="got 403 from its storage"):
            one.forge.artifact(RUN, NAME)
