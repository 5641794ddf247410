"""`comet tags`: show what files say of themselves, and write it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from comet.cli import acting, console, context, options, out, tagged
from comet.cli.context import Context
from comet.cli.parser import TYPED
from comet.core import places, settings
from comet.core.acts import KINDS, Do
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.profiles import UNNAMED
from comet.core.text import _, _n, safe

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.tagging import Pictures
    from comet.tags.editing import Edited
    from comet.tags.fields import Change


def run(arguments: argparse.Namespace) -> int:
    """Show the tags of files, or change them."""
    paths = [os.fsencode(os.path.abspath(name)) for name in arguments.files]
    wanted = options.tags(_fields(arguments), "--set"), _pictures(arguments.picture)
    return _write(arguments, paths, *wanted) if any(wanted) else _show(arguments, paths)


def _fields(arguments: argparse.Namespace) -> list[str]:
    """Take out of what was typed as `--set` all that is no setting."""
    settings_of = tuple(f"{item.name}=" for item in settings.declared())
    words: list[str] = getattr(arguments, TYPED.format(depth=1), [])
    setattr(arguments, TYPED.format(depth=1), [word for word in words if word.startswith(settings_of)])
    return [word for word in words if not word.startswith(settings_of)]


def _show(arguments: argparse.Namespace, paths: Sequence[bytes]) -> int:
    from comet.collection import tagged as read  # noqa: PLC0415 - arrays and all

    found = read.of_all(paths)
    for path, each in found.items():
        if arguments.json:
            out.dump({"path": os.fsdecode(path), **tagged.as_json(each), "error": each.error})
            continue
        for line in out.facts({_("file"): safe(path), **tagged.facts(each)}, out.width()):
            print(line)
    return FileError.exit_code if arguments.strict and any(each.error for each in found.values()) else 0


def _pictures(typed: Sequence[str]) -> Pictures:
    """Return what was typed as `KIND=PICTURE`.

    Raises:
        UsageError: it is no such thing, or the picture cannot be read.
    """
    if not typed:
        return {}
    from comet import tagging  # noqa: PLC0415 - arrays and all

    pictures = {}
    for each in typed:
        kind, equals, name = each.partition("=")
        kind = kind.strip().lower()
        if not equals or kind not in KINDS:
            raise UsageError(
                _("`{typed}` is no KIND=PICTURE").format(typed=safe(each)),
                hint=_("like `--picture front=cover.jpg`; there are {kinds}").format(kinds=", ".join(KINDS)),
            )
        try:
            pictures[kind] = tagging.content(os.fsencode(name)) if name else None
        except FileError as error:
            raise UsageError(str(error), hint=_("`--picture KIND=` takes a picture away")) from error
    return pictures


def _write(arguments: argparse.Namespace, paths: Sequence[bytes], change: Change, pictures: Pictures) -> int:
    from comet import tagging  # noqa: PLC0415 - arrays and all

    if told := console.first_use(places.places()):
        out.note(told)
    edits = console.quietly(lambda job: tagging.preview(list(dict.fromkeys(paths)), change, pictures, job))
    bad = [_("`{path}`: {reason}").format(path=safe(each.path), reason=each.error) for each in edits if each.error]
    for each in bad:
        out.warn(each)
    todo = [each for each in edits if each.new_hash]
    if not todo:
        return acting.nothing(arguments, _("nothing to do"), bad)
    for edited in todo:
        for line in lines(edited, pictures):
            out.note(line)
    question = _("write tags of {files}?").format(files=_n("{n} file", "{n} files", len(todo)))
    if not acting.confirmed(question, yes=arguments.yes):
        return acting.nothing(arguments, _("nothing was changed"), bad)
    codes = [
        _apply(here, some, change, pictures, bad) for here, some in places_of(arguments, [each.path for each in todo])
    ]
    return max(codes)


def lines(edited: Edited, pictures: Pictures) -> Iterator[str]:
    """Yield what writing would change in a file, field by field, and what its format cannot hold."""
    yield _("`{path}`").format(path=safe(edited.path))
    both = edited.before, edited.after
    fields = dict.fromkeys((*edited.before.fields, *edited.after.fields))  # `3/12` of a number is two of them
    held = {field: [" / ".join(tags.fields.get(field, ())) for tags in both] for field in fields}
    for kind in pictures:
        held[_("picture {kind}").format(kind=kind)] = [tagged.pictures(tags, kind) for tags in both]
    for field, (before, after) in held.items():
        if before != after:
            told = _("  {field}: {before} -> {after}")
            old, new = (tagged.value(text) if text else _("none") for text in (before, after))
            yield told.format(field=safe(field), before=old, after=new)
    if edited.before.ape:
        yield _("  its APEv2 tags stay as they are; most players show those of ID3 instead")
    for field, values in edited.lost.items():
        told = _("  its format cannot hold: {field} {values}")
        yield told.format(field=safe(field), values=tagged.value(" / ".join(values)))


def places_of(arguments: argparse.Namespace, paths: Sequence[bytes]) -> Iterator[tuple[Context, list[bytes]]]:
    """Yield whose files they are: those below the profile's roots are its own, of all others the folders are roots.

    Each has a journal of its own, so what is typed once is one run in each, that is two at most.
    """
    here: Context | None = None
    roots: tuple[bytes, ...] = ()
    try:
        here = context.of(arguments)
        roots = tuple(os.path.join(os.path.realpath(os.fsencode(name)), b"") for name in here.profile.roots)
    except UsageError:
        if arguments.profile is not None:
            raise
    real = {path: os.path.realpath(path) for path in paths}
    own = [path for path in paths if real[path].startswith(roots)]
    others = [path for path in paths if path not in own]
    if here and others and here.profile.name == UNNAMED:
        own, others = [], [*paths]
    if here and own:
        yield here, own
    if others:
        above = ([root for root in roots if real[path].startswith(root)] for path in others)
        folders = [(*held, os.path.dirname(real[path]))[0] for path, held in zip(others, above, strict=True)]
        yield context.alone(arguments, _topmost(folders)), others


def _topmost(folders: Iterable[bytes]) -> list[str]:
    """Return folders without those that lie in another one of them, for no root may lie in another."""
    found: list[bytes] = []
    for folder in sorted({os.path.join(each, b"") for each in folders}):
        if not found or not folder.startswith(found[-1]):
            found.append(folder)
    return [os.fsdecode(folder) for folder in found]


def _apply(here: Context, paths: Sequence[bytes], change: Change, pictures: Pictures, bad: Sequence[str]) -> int:
    def act(job: Job, cut: Callable[[Outcome], None]) -> Outcome:
        from comet import changes, tagging  # noqa: PLC0415 - arrays and all

        changes.refuse_read_only(here.profile)
        with here.collection(create=True) as collection:
            plan, left = tagging.plan(collection, paths, change, pictures)
            outcome = changes.apply(collection, plan, job, cut)
            return replace(outcome, warnings=(*map(str, left), *outcome.warnings))

    return _tell(here, acting.carried_out(console.quietly, act, partial(_tell, here)), bad)


def _tell(here: Context, outcome: Outcome, bad: Sequence[str] = ()) -> int:
    """Print what came of a run, and return the exit code."""
    sentence = acting.account(outcome, {Do.WRITE_TAGS}, written=_("tags of {files} written"))
    code = acting.show(here, outcome, sentence + acting.refused(outcome), bad)
    if outcome.done:
        out.next_step(_("`{undo}` takes it back").format(undo=here.next("undo", str(outcome.run))))
    return code
