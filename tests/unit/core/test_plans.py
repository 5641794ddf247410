"""Plans as JSON: whatever a person's editor does to one, it is read back exactly or the mistake is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core import plans
from comet.core.acts import Do, Plan, Step
from comet.core.errors import UsageError
from comet.core.model import Identity, Place

FILE = Identity("r", b"b.mp3", 3, 5, "b3:b")
KEEPER = Identity("r", b"a.flac", 9, 7, "b3:a")
LIST = Identity("r", b"list.m3u", 20, 8, "")
REMOVE = Step(Do.REMOVE, FILE, "cafe", "because", KEEPER)
REPOINT = Step(Do.REPOINT, LIST, "cafe", "it names a file that goes", old=FILE.place, new=KEEPER.place)
PLAN = Plan("p", 1.5, (REMOVE, REPOINT))

names = st.binary(min_size=1, max_size=12).filter(
    lambda name: (
        name.lower() not in {b".", b"..", b".comet"}
        and not name.lower().startswith(b".comet-")
        and not set(name) & set(b"/\0")
    )
)
paths = st.lists(names, min_size=1, max_size=4).map(b"/".join)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
places = st.builds(Place, texts, paths)
identities = st.builds(Identity, texts, paths, st.integers(0, 2**63 - 1), st.integers(1 - 2**63, 2**63 - 1), texts)
removals = st.builds(Step, st.just(Do.REMOVE), identities, texts, texts, identities)
repointings = st.builds(Step, st.just(Do.REPOINT), identities, texts, texts, st.none(), places, places)
moments = st.floats(allow_nan=False, allow_infinity=False)
any_plan = st.builds(Plan, texts, moments, st.lists(removals | repointings, max_size=3).map(tuple))


def parsed(value: object) -> Plan:
    """Read a plan that was written with these values."""
    return plans.parse(json.dumps(value), "my.json")


def written() -> Any:  # noqa: ANN401 - JSON to be spoiled
    """Return a good plan as JSON."""
    return copy.deepcopy(plans.plan_json(PLAN))


@given(any_plan)
def test_what_is_written_is_read_back(plan: Plan) -> None:
    """Any name of bytes, any numbers, any kind of step, and nothing but ASCII in between."""
    text = json.dumps(plans.plan_json(plan, {"r": "/music"}))
    assert text.isascii()
    assert plans.parse(text, "my.json") == plan
    assert plans.parse(text.encode(), "my.json") == plan


@given(removals | repointings)
def test_the_journal_reads_its_steps_back(step: Step) -> None:
    """A step alone, and an identity alone, go through JSON as they are."""
    assert plans.step_from(json.loads(json.dumps(plans.step_json(step)))) == step
    assert plans.identity_from(json.loads(json.dumps(plans.identity_json(step.file)))) == step.file


def test_a_plan_has_the_keys_of_the_contract() -> None:
    """Others write and edit them."""
    found = written()
    assert set(found) == {"version", "profile", "made", "steps"}
    remove, repoint = found["steps"]
    assert set(remove) == {"do", "file", "keeper", "group", "why"}
    assert set(repoint) == {"do", "file", "with", "group", "why"}
    assert set(remove["file"]) == set(remove["keeper"]) == {"root", "path", "size", "mtime_ns", "audio"}
    assert repoint["with"] == {"from": {"root": "r", "path": "b.mp3"}, "to": {"root": "r", "path": "a.flac"}}


def test_where_the_roots_are_is_for_people_only() -> None:
    """What a plan says of root folders, and any key that nobody knows, is not read back."""
    found = {**written(), "roots": {"r": 7}, "note": "mine"}
    assert parsed(found) == PLAN


@pytest.mark.parametrize(
    "text", ["", "{", "[1", b"\xff\xfe", "\x00", "[" * 200_000, '{"made":' + "9" * 5000 + "}"], ids=range(7)
)
def test_what_is_no_json_is_said(text: str | bytes) -> None:
    """Cut off, of no encoding, too deep: a sentence that names the plan, with a way out."""
    with pytest.raises(UsageError, match=r"^plan `my\.json`: expected JSON: ") as caught:
        plans.parse(text, "my.json")
    assert caught.value.hint == "`comet plan` writes a good one to start from"


Spoil = Callable[[Any], object]


def put(value: object, *keys: str | int) -> Spoil:
    """Return what puts a value into a plan."""

    def spoil(plan: Any) -> None:  # noqa: ANN401 - JSON
        for key in keys[:-1]:
            plan = plan[key]
        plan[keys[-1]] = value

    return spoil


def drop(*keys: str | int) -> Spoil:
    """Return what takes a key out of a plan."""

    def spoil(plan: Any) -> None:  # noqa: ANN401 - JSON
        for key in keys[:-1]:
            plan = plan[key]
        del plan[keys[-1]]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (drop("version"), " at `version`: expected a whole number"),
        (put("1", "version"), " at `version`: expected a whole number"),
        (put(True, "version"), " at `version`: expected a whole number"),
        (put(1.0, "version"), " at `version`: expected a whole number"),
        (put(None, "profile"), " at `profile`: expected a text"),
        (put("yesterday", "made"), " at `made`: expected a number"),
        (put(True, "made"), " at `made`: expected a number"),
        (put(10**400, "made"), " at `made`: expected a number"),
        (put({}, "steps"), " at `steps`: expected a list"),
        (put("remove", "steps", 1), " at `steps[1]`: expected an object"),
        (
            put("delete", "steps", 0, "do"),
            " at `steps[0].do`: expected one of `remove`, `repoint_playlist`, `write_tags`, `embed_cover`, `place`",
        ),
        (put(["remove"], "steps", 0, "do"), " at `steps[0].do`: expected a text"),
        (drop("steps", 0, "file"), " at `steps[0].file`: expected an object"),
        (put([], "steps", 0, "file"), " at `steps[0].file`: expected an object"),
        (put("3", "steps", 0, "file", "size"), " at `steps[0].file.size`: expected a whole number"),
        (put(3.5, "steps", 0, "file", "mtime_ns"), " at `steps[0].file.mtime_ns`: expected a whole number"),
        (put(None, "steps", 0, "file", "audio"), " at `steps[0].file.audio`: expected a text"),
        (put(5, "steps", 0, "file", "root"), " at `steps[0].file.root`: expected a text"),
        (put(5, "steps", 0, "group"), " at `steps[0].group`: expected a text"),
        (drop("steps", 0, "why"), " at `steps[0].why`: expected a text"),
        (drop("steps", 0, "keeper"), " at `steps[0].keeper`: expected an object"),
        (put(None, "steps", 0, "keeper"), " at `steps[0].keeper`: expected an object"),
        (drop("steps", 0, "keeper", "audio"), " at `steps[0].keeper.audio`: expected a text"),
        (drop("steps", 1, "with"), " at `steps[1].with`: expected an object"),
        (drop("steps", 1, "with", "to"), " at `steps[1].with.to`: expected an object"),
        (drop("steps", 1, "with", "from", "path"), " at `steps[1].with.from.path`: expected a text"),
    ],
)
def test_each_mistake_is_named_with_its_place(spoil: Spoil, sentence: str) -> None:
    """What is wrong, where, and what was expected there."""
    plan = written()
    spoil(plan)
    with pytest.raises(UsageError) as caught:
        parsed(plan)
    assert str(caught.value) == f"plan `my.json`{sentence}"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("value", [None, 3, "plan", [], [{"version": 1}]])
def test_a_plan_is_an_object(value: object) -> None:
    """Any other JSON is none."""
    with pytest.raises(UsageError, match=r"^plan `my\.json`: expected an object$"):
        parsed(value)


@pytest.mark.parametrize("version", [0, 2, -1, 10**30])
def test_a_plan_of_another_comet_is_refused(version: int) -> None:
    """Both versions are named, and how to get a plan that fits."""
    plan = {**written(), "version": version, "steps": "in a form that this Comet does not know"}
    with pytest.raises(UsageError, match=f"has version {version}, and this Comet knows 1") as caught:
        parsed(plan)
    assert caught.value.hint == "make a new one with `comet plan`"


BAD = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    "./a",
    "a/.",
    "../a",
    "a/../b",
    "a/..",
    "a\0b",
    "\0",
    "a/.comet-x",
    ".COMET/root",
]
BAD += [".comet", ".comet/root", "disk/.comet/quarantine/x", "\ud800", "a\udc7f"]


@pytest.mark.parametrize("path", BAD)
@pytest.mark.parametrize(
    "keys",
    [
        ("steps", 0, "file"),
        ("steps", 0, "keeper"),
        ("steps", 1, "file"),
        ("steps", 1, "with", "from"),
        ("steps", 1, "with", "to"),
    ],
    ids=lambda keys: ".".join(map(str, keys)),
)
def test_a_path_that_leads_elsewhere_is_none(path: str, keys: tuple[str | int, ...]) -> None:
    """Out of the root, into Comet's own folder, or what no system takes: refused before anything is looked at."""
    plan = written()
    put(path, *keys, "path")(plan)
    where = f"steps[{keys[1]}].{'.'.join(map(str, keys[2:]))}.path"
    with pytest.raises(UsageError) as caught:
        parsed(plan)
    assert f"at `{where}`: expected a path" in str(caught.value)


@pytest.mark.parametrize("path", ["..a", "a..", ".cometa", " ", "\n", "\udcff", "-", "a\\..\\b"])
def test_an_odd_name_is_still_a_path(path: str) -> None:
    """Only what leads elsewhere is refused."""
    plan = written()
    put(path, "steps", 0, "file", "path")(plan)
    assert parsed(plan).steps[0].file.path.decode("utf-8", "surrogateescape") == path


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        (("profile",), "profile"),
        (("steps", 0, "group"), "steps[0].group"),
        (("steps", 0, "why"), "steps[0].why"),
        (("steps", 0, "file", "root"), "steps[0].file.root"),
        (("steps", 0, "keeper", "audio"), "steps[0].keeper.audio"),
    ],
)
def test_a_text_that_cannot_be_stored_is_none(keys: tuple[str | int, ...], where: str) -> None:
    """Half of a pair of surrogates is fine in JSON, and in no database: it is a mistake, not a crash."""
    plan = written()
    put("x\udc80", *keys)(plan)
    with pytest.raises(UsageError, match="expected a text") as caught:
        parsed(plan)
    assert f"at `{where}`" in str(caught.value)


def test_names_from_outside_are_made_safe() -> None:
    """Neither the plan's name nor what is in it gets to the terminal as it is."""
    with pytest.raises(UsageError) as caught:
        plans.parse("\x1b[2J", "\x1b[2J.json")
    assert "\x1b" not in str(caught.value)
    assert r"\x1b[2J.json" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"), [("size", -1), ("size", 2**63), ("mtime_ns", 10**30), ("mtime_ns", -(2**63))]
)
def test_a_number_that_no_file_can_have_is_refused(key: str, value: int) -> None:
    """Before it comes to the system or the journal, which could not hold it."""
    plan = written()
    put(value, "steps", 0, "file", key)(plan)
    with pytest.raises(UsageError, match="expected a size and a time that a file can have"):
        parsed(plan)
