"""Who approved a waiver: found in the history of the policy, whatever its shape, and in the reviews alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.approval import VERSIONS, Approvals, Found, last_words
from action.errors import InputError, ServiceError
from action.forge import Opinion, Review
from checks.approval import Approval
from checks.run import NoteKind
from checks.waiver import Waiver
from tests.forge import MemoryForge, pull

POLICY = ".github/gatekeeper.yml"
WAIVER = Waiver(check="a", run="r", reason="warm-up", expires=date(2099, 12, 31))
HAS = "waivers: [{check: a, run: r, reason: warm-up, expires: 2099-12-31}]\n"
LONGER = HAS.replace("2099-12-31", "2100-12-31")
LACKS = "version: 1\n"
APPROVED, CHANGES = Opinion.APPROVED, Opinion.CHANGES_REQUESTED
COMMENTED, DISMISSED = Opinion.COMMENTED, Opinion.DISMISSED


def review(
    author: str = "alice", opinion: Opinion = APPROVED, sha: str | None = "h7", *, person: bool = True
) -> Review:
    """Return a review of the head of a pull request."""
    return Review(author=author, person=person, opinion=opinion, sha=sha)


class Repository(MemoryForge):
    """A repository whose policy has a history: commit → text, and who came before; the last one is the head."""

    def __init__(self, texts: Mapping[str, str | None], parents: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__()
        shas = list(texts)
        self.parents = {sha: tuple(shas[at - 1 : at] if at else ()) for at, sha in enumerate(shas)}
        self.parents |= {sha: tuple(before) for sha, before in (parents or {}).items()}
        self.files = {(sha, POLICY): text for sha, text in texts.items() if text is not None}
        self.heads = dict.fromkeys((None, "main"), shas[-1])

    def merge(self, number: int, sha: str, *reviews: Review, **changes: object) -> None:
        """Let a commit have come by a pull request, whose head `h` and number has the same policy."""
        default: dict[str, object] = {
            "merged": True,
            "open": False,
            "author": "ada",
            "merged_at": "2026-01-01T00:00:00Z",
        }
        self.pulls[number] = pull(number, head_sha=f"h{number}", **(default | changes))
        self.found[sha] = (*self.found.get(sha, ()), number)
        self.reviewed[number] = reviews
        if (sha, POLICY) in self.files:
            self.files.setdefault((f"h{number}", POLICY), self.files[sha, POLICY])

    def find(self, waiver: Waiver = WAIVER) -> Found:
        return Approvals(self, POLICY, None, "main").find(waiver)


def approved(repository: Repository, waiver: Waiver = WAIVER) -> tuple[int | None, tuple[str, ...]]:
    """Find the pull request and the people, where they are known."""
    found = repository.find(waiver)
    assert found.notes == ()
    assert found.approval is not None
    return found.approval.pull_request, found.approval.approved_by


def unknown(repository: Repository) -> str:
    """Find that it is not known, and why."""
    found = repository.find()
    assert found.approval is None
    [note] = found.notes
    assert note.kind is NoteKind.ODD
    return note.text


class TestAdded:
    def test_the_reviewer_of_the_pull_request_that_added_it_approved_it(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS, "3": HAS + "trial: false\n"})
        repository.merge(6, "3", review("eve", sha="h6"))
        repository.merge(7, "2", review("alice"))

        assert repository.find() == Found(
            approval=Approval(
                check="a", scope="r", reason="warm-up", expires="2099-12-31", pull_request=7, approved_by=("alice",)
            )
        )

    def test_a_waiver_that_was_prolonged_is_a_new_one(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS, "3": LONGER})
        repository.merge(6, "2", review("eve", sha="h6"))
        repository.merge(7, "3", review("alice"))

        assert approved(repository, replace(WAIVER, expires=date(2100, 12, 31))) == (7, ("alice",))

    @pytest.mark.parametrize(
        "changed",
        [HAS.replace("a,", "b,", 1), HAS.replace("run: r", "run: s"), HAS.replace("warm-up", "as before")],
    )
    def test_so_is_one_that_was_changed_in_anything_else(self, changed: str) -> None:
        repository = Repository({"1": changed, "2": HAS})
        repository.merge(7, "2", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_of_one_that_was_removed_and_added_again_the_second_time_counts(self) -> None:
        repository = Repository({"1": HAS, "2": LACKS, "3": HAS})
        repository.merge(6, "1", review("eve", sha="h6"))
        repository.merge(7, "3", review("alice"))

        assert approved(repository) == (7, ("alice",))

    @pytest.mark.parametrize("before", [None, "waivers: [", "- 5"])
    def test_a_policy_that_was_not_there_or_could_not_be_read_had_no_waivers(self, before: str | None) -> None:
        repository = Repository({"1": before, "2": HAS})
        repository.merge(7, "2", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_nor_had_one_that_was_no_text(self) -> None:
        repository = Repository({"1": "x", "2": HAS})
        repository.merge(7, "2", review("alice"))
        read = repository.read_file

        def refuse(path: str, sha: str | None, /) -> str | None:
            if sha == "1":
                raise InputError("no text")
            return read(path, sha)

        repository.read_file = refuse  # type: ignore[method-assign]
        assert approved(repository) == (7, ("alice",))

    def test_the_first_policy_of_all_may_have_it(self) -> None:
        repository = Repository({"1": HAS})
        repository.merge(7, "1", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_of_two_pull_requests_side_by_side_the_one_that_brought_it_counts(self) -> None:
        """What the second one's commits look like says nothing: they began before the first was merged."""
        texts = {"1": LACKS, "a": HAS, "ma": HAS, "b": LACKS + "# b", "mb": HAS + "# b"}
        parents = {"1": (), "a": ("1",), "ma": ("1", "a"), "b": ("1",), "mb": ("ma", "b")}
        repository = Repository(texts, parents)
        repository.merge(6, "mb", review("eve", sha="h6"))
        repository.merge(6, "b", review("eve", sha="h6"))
        repository.merge(7, "a", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_a_branch_that_was_brought_up_to_date_added_nothing(self) -> None:
        texts = {"1": LACKS, "a": HAS, "b": LACKS + "# b", "up": HAS + "# b", "m": HAS + "# b"}
        parents = {"1": (), "a": ("1",), "b": ("1",), "up": ("b", "a"), "m": ("a", "up")}
        repository = Repository(texts, parents)
        repository.merge(6, "up", review("eve", sha="h6"))
        repository.merge(7, "a", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_a_merge_that_itself_brings_it_is_what_added_it(self) -> None:
        repository = Repository({"1": LACKS, "b": LACKS + "#", "m": HAS}, {"b": ("1",), "m": ("1", "b")})
        repository.merge(7, "m", review("alice"))

        assert approved(repository) == (7, ("alice",))

    def test_one_that_is_not_in_the_policy_any_more_is_not_known(self) -> None:
        text = unknown(Repository({"1": HAS, "2": LACKS}))

        assert text == (
            "who approved the waiver of a for r is not known: the 20 newest versions of .github/gatekeeper.yml, which "
            "are looked at, do not tell"
        )
        assert unknown(Repository({"1": None})) == text

    @pytest.mark.parametrize(("versions", "known"), [(VERSIONS - 2, True), (VERSIONS, False), (VERSIONS + 50, False)])
    def test_one_that_is_older_than_what_is_looked_at_is_not_known(self, versions: int, known: bool) -> None:
        repository = Repository({"0": LACKS, **{str(at): f"{HAS}# {at}" for at in range(1, versions + 1)}})
        repository.merge(7, "1", review("alice"))

        assert (repository.find().approval is not None) is known
        assert repository.calls.count("read_file") <= VERSIONS

    def test_nor_is_one_whose_commit_has_too_many_parents_to_look_at(self) -> None:
        parents = [f"p{at}" for at in range(VERSIONS + 1)]
        repository = Repository(
            {**dict.fromkeys(parents, LACKS), "m": HAS}, {**dict.fromkeys(parents, ()), "m": parents}
        )

        assert unknown(repository)

    def test_of_several_waivers_what_was_read_once_is_kept(self) -> None:
        both = HAS.replace("]", ", {check: b, run: r, reason: x, expires: 2099-12-31}]")
        repository = Repository({"1": LACKS, "2": HAS, "3": both})
        repository.merge(6, "2", review("bob", sha="h6"))
        repository.merge(7, "3", review("alice"))
        approvals = Approvals(repository, POLICY, "main", "main")
        other = Waiver(check="b", run="r", reason="x", expires=date(2099, 12, 31))
        found = [approvals.find(one).approval for one in (WAIVER, other)]

        assert [one.pull_request for one in found if one is not None] == [6, 7]
        assert repository.calls.count("read_file") == 5  # three versions, two heads


TEXTS = st.sampled_from([HAS, HAS + "# other", LONGER, LACKS, LACKS + "# other", None])


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXTS, min_size=1, max_size=VERSIONS - 2))
def test_in_a_history_without_merges_the_newest_commit_before_which_it_was_not_there_is_found(
    texts: list[str | None],
) -> None:
    repository = Repository({str(at): text for at, text in enumerate(texts)})
    for at in range(len(texts)):
        repository.merge(100 + at, str(at), review(sha=str(at)))
    at = len(texts) - 1
    while at > 0 and HAS in (texts[at - 1] or ""):
        at -= 1

    if HAS in (texts[-1] or ""):
        assert approved(repository) == (100 + at, ("alice",))
    else:
        assert unknown(repository)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_in_any_history_what_is_found_has_it_lacks_it_before_and_was_never_without_it_since(
    data: st.DataObject,
) -> None:
    texts = data.draw(st.lists(TEXTS, min_size=1, max_size=9))
    drawn = [
        data.draw(st.lists(st.integers(max(0, at - 3), at - 1), min_size=1, max_size=2, unique=True)) if at else []
        for at in range(len(texts))
    ]
    repository = Repository(
        {str(at): text for at, text in enumerate(texts)}, {str(at): [*map(str, one)] for at, one in enumerate(drawn)}
    )
    for at in range(len(texts)):
        repository.merge(100 + at, str(at), review(sha=str(at)))
    has = [HAS in (text or "") for text in texts]
    held = {len(texts) - 1}
    for at in reversed(range(len(texts))):
        held |= {before for before in drawn[at] if at in held and has[before]}

    if not has[-1]:
        assert unknown(repository)
        return
    number, people = approved(repository)
    assert number is not None
    added = number - 100
    assert (has[added], added in held, people) == (True, True, ("alice",))
    assert not any(has[before] for before in drawn[added])


class TestPull:
    def test_what_was_pushed_without_one_nobody_approved(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS})

        assert approved(repository) == (None, ())
        assert "reviews" not in repository.calls

    @pytest.mark.parametrize("changes", [{"merged": False}, {"merged": False, "open": True}, {"base": "next"}])
    def test_one_that_was_not_merged_into_the_branch_brought_nothing(self, changes: dict[str, object]) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(6, "2", review("eve"), **changes)

        assert approved(repository) == (None, ())

    def test_of_several_the_first_that_was_merged_brought_it(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(5, "2", review("eve", sha="h5"), merged_at="2026-01-03T00:00:00Z")
        repository.merge(7, "2", review("alice"), merged_at="2026-01-02T00:00:00Z")

        assert approved(repository) == (7, ("alice",))

    def test_a_branch_without_a_known_name_is_taken_for_any(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(7, "2", review("alice"), base="whatever")
        found = Approvals(repository, POLICY, None, None).find(WAIVER).approval

        assert found is not None
        assert (found.pull_request, found.approved_by) == (7, ("alice",))


class TestReviews:
    @pytest.mark.parametrize(
        ("reviews", "people"),
        [
            ([], ()),
            ([review("alice")], ("alice",)),
            ([review("bob"), review("alice")], ("alice", "bob")),
            ([review("alice", COMMENTED)], ()),
            ([review("alice"), review("alice", COMMENTED)], ("alice",)),
            ([review("alice"), review("alice", CHANGES)], ()),
            ([review("alice"), review("alice", CHANGES), review("alice", COMMENTED)], ()),
            ([review("alice", CHANGES), review("alice")], ("alice",)),
            ([review("alice"), review("ALICE", CHANGES)], ()),
            ([review("alice", DISMISSED)], ()),
            ([review("alice"), review("alice", DISMISSED)], ()),
            ([review("alice", DISMISSED), review("alice")], ("alice",)),
            ([review("ada")], ()),
            ([review("Ada"), review("alice")], ("alice",)),
            ([review("helper[bot]", person=False)], ()),
            ([review("alice", CHANGES), review("bob")], ("bob",)),
        ],
    )
    def test_the_last_word_of_each_person_but_the_author_counts(
        self, reviews: list[Review], people: tuple[str, ...]
    ) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(7, "2", *reviews)

        assert approved(repository) == (7, people)

    def test_an_author_that_is_gone_hides_nobody(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(7, "2", review("alice"), author=None)

        assert approved(repository) == (7, ("alice",))

    @pytest.mark.parametrize("sha", ["early", None, "gone"])
    def test_who_approved_before_it_was_there_did_not_approve_it(self, sha: str | None) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.files["early", POLICY] = LONGER
        repository.merge(7, "2", review("alice", sha=sha), review("bob"))

        assert approved(repository) == (7, ("bob",))

    def test_more_states_than_are_read_leave_it_unknown(self) -> None:
        repository = Repository({"1": LACKS, "2": HAS})
        repository.merge(7, "2", *(review(f"p{at}", sha=f"s{at}") for at in range(VERSIONS)))

        assert unknown(repository)

    @given(st.lists(st.builds(review, st.sampled_from(["a", "A", "b"]), st.sampled_from(Opinion)), max_size=8))
    def test_comments_change_nothing(self, reviews: list[Review]) -> None:
        assert last_words(reviews) == last_words([one for one in reviews if one.opinion is not COMMENTED])
        assert len({one.author.lower() for one in last_words(reviews)}) == len(last_words(reviews))


@pytest.mark.parametrize("call", ["versions", "read_file", "pulls_of_commit", "reviews"])
def test_a_service_that_fails_is_an_error(call: str) -> None:
    repository = Repository({"1": LACKS, "2": HAS})
    repository.merge(7, "2", review("alice"))

    def refuse(name: str) -> None:
        if name == call:
            raise ServiceError("GitHub: refused")

    repository.before = refuse
    with pytest.raises(ServiceError, match="refused"):
        repository.find()
