"""`comet tags`: show what files say of themselves, and write it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from comet.cli import acting, console, context, out, tagged
from comet.cli.context import Context
from comet.cli.parser import TYPED
from comet.core import settings
from comet.core.acts import KINDS
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.plans import field_usable
from comet.core.text import _, _n, safe

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.tagging import Pictures
    from comet.tags.editing import Edited
    from comet.tags.fields import Change


def run(arguments: argparse.Namespace) -> int:
    """Show the tags of files, or change them."""
    paths = [os.fsencode(os.path.abspath(name)) for name in arguments.files]
    wanted = _change(_fields(arguments)), _pictures(arguments.picture)
    return _write(arguments, paths, *wanted) if any(wanted) else _show(arguments, paths)


def _fields(arguments: argparse.Namespace) -> list[str]:
    """Take out of what was typed as `--set` all that is no setting."""
    settings_of = tuple(f"{item.name}=" for item in settings.declared())
    words: list[str] = getattr(arguments, TYPED.format(depth=1), [])
    setattr(arguments, TYPED.format(depth=1), [word for word in words if word.startswith(settings_of)])
    return [word for word in words if not word.startswith(settings_of)]


def _show(arguments: argparse.Namespace, paths: Sequence[bytes]) -> int:
    from comet.collection import tagged as read  # noqa: PLC0415 - arrays and all

    code = 0
    for path, each in read.of_all(paths).items():
        code = FileError.exit_code if each.error else code
        if arguments.json:
            out.dump({"path": os.fsdecode(path), **tagged.as_json(each), "error": each.error})
            continue
        for line in out.facts({_("file"): safe(path), **tagged.facts(each)}, out.width()):
            print(line)
    return code


def _change(typed: Sequence[str]) -> Change:
    """Return what was typed as `FIELD=VALUE`: a field that is there twice has two values, one without any goes.

    Raises:
        UsageError: it is no such thing.
    """
    change: dict[str, tuple[str, ...]] = {}
    for each in typed:
        name, equals, value = each.partition("=")
        field = name.strip().lower()
        if not equals or not field_usable(field):
            raise UsageError(
                _("`{typed}` is no FIELD=VALUE").format(typed=safe(each)),
                hint=_("like `--set artist=Кино --set genre=Rock`; `comet tags FILE` shows how fields are called"),
            )
        change[field] = (*change.get(field, ()), *([value] if value.strip() else []))
    return change


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

    edits = console.quietly(lambda job: tagging.preview(list(dict.fromkeys(paths)), change, pictures, job))
    bad = [each for each in edits if each.error]
    for each in bad:
        out.warn(_("`{path}`: {reason}").format(path=safe(each.path), reason=each.error))
    todo = [each for each in edits if each.new_hash]
    if not todo:
        out.note(_("nothing to do"))
        return FileError.exit_code if bad else 0
    for each in todo:
        for line in _lines(each, change, pictures):
            out.note(line)
    question = _("write tags of {files}?").format(files=_n("{n} file", "{n} files", len(todo)))
    if not acting.confirmed(question, yes=arguments.yes):
        out.note(_("nothing was changed"))
        return 0
    codes = [_apply(here, some, change, pictures) for here, some in _places(arguments, [each.path for each in todo])]
    return max(*codes, FileError.exit_code if bad else 0)


def _lines(edited: Edited, change: Change, pictures: Pictures) -> Iterator[str]:
    """Yield what writing would change in a file, field by field, and what its format cannot hold."""
    yield _("`{path}`").format(path=safe(edited.path))
    both = edited.before, edited.after
    held = {field: [" / ".join(tags.fields.get(field, ())) for tags in both] for field in change}
    for kind in pictures:
        held[_("picture {kind}").format(kind=kind)] = [tagged.pictures(tags, kind) for tags in both]
    for field, (before, after) in held.items():
        if before != after:
            told = _("  {field}: {before} -> {after}")
            old, new = (tagged.value(text) if text else _("none") for text in (before, after))
            yield told.format(field=safe(field), before=old, after=new)
    for field, values in edited.lost.items():
        told = _("  its format cannot hold: {field} {values}")
        yield told.format(field=safe(field), values=tagged.value(" / ".join(values)))


def _places(arguments: argparse.Namespace, paths: Sequence[bytes]) -> Iterator[tuple[Context, list[bytes]]]:
    """Yield whose files they are: those below the profile's roots are its own, others their folder's."""
    try:
        here = context.of(arguments)
    except UsageError:
        if arguments.profile is not None:
            raise
        own = []
    else:
        roots = [os.path.join(os.path.realpath(os.fsencode(name)), b"") for name in here.profile.roots]
        own = [path for path in paths if os.path.realpath(path).startswith(tuple(roots))]
        if own:
            yield here, own
    others: dict[str, list[bytes]] = {}
    for path in paths:
        if path not in own:
            others.setdefault(os.path.dirname(os.fsdecode(os.path.realpath(path))), []).append(path)
    for folder, some in others.items():
        yield context.alone(arguments, folder), some


def _apply(here: Context, paths: Sequence[bytes], change: Change, pictures: Pictures) -> int:
    refused: list[FileError] = []

    def work(job: Job) -> Outcome:
        from comet import changes, tagging  # noqa: PLC0415 - arrays and all

        changes.refuse_read_only(here.profile)
        with here.collection(create=True) as collection:
            plan, left = tagging.plan(collection, paths, change, pictures)
            refused.extend(left)
            return changes.apply(collection, plan, job)

    outcome = console.quietly(work)
    for error in refused:
        out.warn(str(error))
    sentence = acting.account(outcome, "", _("tags of {files} written")) + acting.refused(outcome)
    code = acting.show(here, outcome, sentence)
    if outcome.done:
        out.next_step(_("`{undo}` takes it back").format(undo=here.next("undo", str(outcome.run))))
    return code or (FileError.exit_code if outcome.failed or refused else 0)
