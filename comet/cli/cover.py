"""`comet cover`: a picture into files as their front cover, and the cover that is there shown or taken out."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from comet.cli import acting, console, context, drawn, out, tags
from comet.cli.context import Context
from comet.core import places
from comet.core.acts import KINDS, Do
from comet.core.covers import Form, Look, Made, Region, sides
from comet.core.errors import FileError, NoFactorError, UsageError
from comet.core.job import Job
from comet.core.profiles import UNNAMED
from comet.core.sections import Settings
from comet.core.text import _, _n, safe, size

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.core.acts import Content
    from comet.covers import Studio
    from comet.tags.editing import Edited

_OF_IMAGE: Final = (
    *("crop", "trim", "square", "size", "min", "max", "exact", "enlarge", "quality"),
    *("folder_picture", "missing", "dry_run"),
)
"""Options that say what becomes of a picture; `--page` too, but that has a value of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Embed a cover, show it, or take it out."""
    state, settings = _home(arguments)
    _refuse_unclear(arguments)
    paths = _paths(arguments)
    if arguments.show:
        return _show(arguments, paths)
    if arguments.extract is not None:
        return _extract(arguments, paths)
    return _embed(arguments, paths, state, settings)


def _home(arguments: argparse.Namespace) -> tuple[str, Settings]:
    """Return the state folder and the settings that hold: those of the profile, or of those who have none."""
    here = places.places()
    try:
        found = context.of(arguments)
    except UsageError:
        if arguments.profile is not None or arguments.group is not None:
            raise
        return here.profile(UNNAMED), context.unnamed(here, [], arguments).settings
    return found.state, found.profile.settings


def _paths(arguments: argparse.Namespace) -> list[bytes]:
    """Return the absolute paths of all files that are meant, each once.

    Raises:
        UsageError: there is none, or no such group.
    """
    found = [path for name in arguments.files for path in _below(name)]
    if arguments.group is not None:
        found += console.asked(partial(_group, context.of(arguments), arguments.group))
    if not found:
        raise UsageError(_("no file is named"), hint=_("name files, or their folder, or a group with --group ID"))
    return list(dict.fromkeys(found))


def _below(name: str) -> list[bytes]:
    from comet import covers  # noqa: PLC0415 - arrays and all

    path = os.fsencode(os.path.abspath(name))
    if not os.path.isdir(path):
        return [path]
    found = covers.music(path)
    if not found:
        told = _("there is no music directly in `{path}`")
        raise UsageError(
            told.format(path=safe(path)),
            hint=_("name the folders in it one by one: `{path}/*`").format(path=safe(path)),
        )
    return found


def _group(here: Context, identity: str, job: Job) -> list[bytes]:
    from comet.collection import groups  # noqa: PLC0415 - arrays and all

    with here.collection() as collection:
        proposal = groups.find(acting.proposals(collection, job), identity)
        return [track.absolute for track in proposal.group.tracks if not track.imported]


def _refuse_unclear(arguments: argparse.Namespace) -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: there are such.
    """
    if arguments.image is None:
        typed = [name for name in _OF_IMAGE if getattr(arguments, name) not in (None, False)]
        if typed or arguments.page != 1:
            name = (*typed, "page")[0].replace("_", "-")
            raise UsageError(_("--{name} is for --image only").format(name=name), hint=_("leave it out"))
    for one, others in (("crop", ("trim", "square")), ("size", ("min", "max"))):
        for other in others:
            if getattr(arguments, one) is not None and getattr(arguments, other):
                raise UsageError(
                    _("--{one} and --{other} cannot be combined").format(one=one, other=other),
                    hint=_("leave one of them out"),
                )
    if arguments.min and arguments.max and arguments.min > arguments.max:
        raise UsageError(_("--min is more than --max"), hint=_("like `--min 600 --max 1200`"))


def _form(arguments: argparse.Namespace, settings: Settings, region: Region | None) -> Form:
    """Return what was typed, and the settings where nothing was."""
    own = Form.of(settings.covers)
    if arguments.size or arguments.min or arguments.max:
        own = replace(own, size=arguments.size or 0, least=arguments.min or 0, most=arguments.max or 0)
    more = {"exact": arguments.exact, "enlarge": arguments.enlarge, "quality": arguments.quality or own.quality}
    return replace(own, region=region, **more)


def _region(arguments: argparse.Namespace, studio: Studio, picture: Content, look: Look) -> Region | None:
    """Return the region that is taken; None for all of it."""
    if arguments.crop is not None:
        return Region(*arguments.crop)
    if not (arguments.trim or arguments.square):
        return None
    region = Region(0, 0, look.width, look.height)
    if arguments.trim:
        region = studio.trimmed(picture, arguments.page - 1)
    return region.squared if arguments.square else region


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The picture that was named, and the cover that is made of it."""

    path: str
    look: Look
    made: Made

    @property
    def words(self) -> str:
        """All of it as a sentence."""
        told = _("cover: {sides} pixels, {size}, from {source} of `{path}`{how}")
        taken = self.made.region
        source = sides(taken.width, taken.height)
        return told.format(
            sides=sides(self.made.width, self.made.height),
            size=size(self.made.bytes),
            source=source,
            path=safe(self.path),
            how=self._how,
        )

    @property
    def _how(self) -> str:
        factor, parts = self.made.factor, []
        if (self.made.region.width, self.made.region.height) != (self.look.width, self.look.height):
            parts.append(_("cut at {x},{y}").format(x=self.made.region.x, y=self.made.region.y))
        if factor > 1:
            parts.append(_("divided by {factor:.4g}").format(factor=factor))
        if factor < 1:
            parts.append(_("enlarged by {factor:.4g}").format(factor=1 / factor))
        parts += self.look.traits
        return f" ({', '.join(parts)})" if parts else ""

    @property
    def json(self) -> dict[str, Any]:
        """The cover as JSON."""
        made, region = self.made, self.made.region
        return {
            "image": self.path,
            "source": look_json(self.look),
            "width": made.width,
            "height": made.height,
            "bytes": made.bytes,
            "hash": made.content.hash,
            "region": [region.x, region.y, region.width, region.height],
            "factor": made.factor,
        }


def _chosen(arguments: argparse.Namespace, studio: Studio, settings: Settings) -> _Chosen:
    """Make the cover of what was typed.

    Raises:
        NoFactorError: it cannot be made as large as it shall be; the hint says what can be had.
        FileError: the picture cannot be used.
    """
    path = os.path.abspath(arguments.image)
    picture, page = studio.find(os.fsencode(path)), arguments.page - 1
    look = studio.look(picture, page)
    form = _form(arguments, settings, _region(arguments, studio, picture, look))
    try:
        return _Chosen(path, look, studio.cover(picture, page, form))
    except NoFactorError as error:
        error.hint = _("--exact makes it {sides}").format(sides=sides(*error.nearest))
        if error.enlarges:
            error.hint = _("--exact takes it as it is, --enlarge makes it larger")
        raise


@contextmanager
def _studio(arguments: argparse.Namespace, state: str) -> Iterator[Studio]:
    """Open a studio; what is made where nothing shall be written is gone in the end."""
    from comet.covers import Studio  # noqa: PLC0415 - arrays and all

    if arguments.dry_run:
        with tempfile.TemporaryDirectory() as folder, Studio(folder) as studio:
            yield studio
    else:
        with Studio(state) as studio:
            yield studio


def _embed(arguments: argparse.Namespace, paths: Sequence[bytes], state: str, settings: Settings) -> int:
    from comet import covers, tagging  # noqa: PLC0415 - arrays and all

    if not arguments.dry_run and (told := console.first_use(places.places())):
        out.note(told)
    with _studio(arguments, state) as studio:
        chosen = _chosen(arguments, studio, settings)
        out.note(chosen.words)
        front = {"front": chosen.made.content}
        edits = console.quietly(lambda job: tagging.preview(paths, {}, front, job))
    bad = [_("`{path}`: {reason}").format(path=safe(each.path), reason=each.error) for each in edits if each.error]
    good = [each for each in edits if not each.error and not (arguments.missing and _has_front(each))]
    todo = [each for each in good if each.new_hash]
    beside = bool(arguments.folder_picture or settings.covers.folder_picture)
    folders: list[bytes] = []
    if beside:
        folders, refused = covers.lacking_picture([each.path for each in good], chosen.made.content.hash)
        bad += [safe(str(each)) for each in refused]
    for told in bad:
        out.warn(told)
    more = {"cover": chosen.json}
    if arguments.dry_run:
        return _would(arguments, todo, folders, bad, more)
    if not todo and not folders:
        return acting.nothing(arguments, _("nothing to do"), bad, more)
    wanted = [each.path for each in (good if beside else todo)]
    where = list(tags.places_of(arguments, wanted))  # before anything is told that cannot be done
    for edited in todo:
        for line in tags.lines(edited, front):
            out.note(line)
    return max([_apply(here, some, made=chosen.made, beside=beside, bad=bad, more=more) for here, some in where])


def _has_front(edited: Edited) -> bool:
    return any(each.kind == KINDS.index("front") for each in edited.before.pictures)


def _would(
    arguments: argparse.Namespace,
    todo: Sequence[Edited],
    folders: Sequence[bytes],
    bad: Sequence[str],
    more: dict[str, Any],
) -> int:
    """Say what would be done, and return the exit code."""
    if arguments.json:
        files = [os.fsdecode(each.path) for each in todo]
        out.dump({"files": files, "placed": [os.fsdecode(path) for path in folders], "warnings": list(bad), **more})
    else:
        for each in todo:
            print(safe(each.path))
        for path in folders:
            print(safe(path))
    told = _("it would be embedded in {files}").format(files=_n("{n} file", "{n} files", len(todo)))
    if folders:
        told += _(", and put into {folders}").format(folders=_n("{n} folder", "{n} folders", len(folders)))
    out.note(_("{told}; nothing was written").format(told=told))
    return FileError.exit_code if arguments.strict and bad else 0


def _apply(
    here: Context, paths: Sequence[bytes], *, made: Made, beside: bool, bad: Sequence[str], more: dict[str, Any]
) -> int:
    def act(job: Job, cut: Callable[[Outcome], None]) -> Outcome:
        from comet import changes, covers  # noqa: PLC0415 - arrays and all

        changes.refuse_read_only(here.profile)
        with here.collection(create=True) as collection:
            plan, left = covers.plan(collection, paths, made, folder_picture=beside)
            outcome = changes.apply(collection, plan, job, cut)
            new = [told for told in map(str, left) if safe(told) not in bad]
            return replace(outcome, warnings=(*new, *outcome.warnings))

    tell = partial(_tell, here, beside=beside, more=more)
    return tell(acting.carried_out(console.quietly, act, tell), bad=bad)


def _tell(here: Context, outcome: Outcome, *, beside: bool, more: dict[str, Any], bad: Sequence[str] = ()) -> int:
    """Print what came of a run, and return the exit code."""
    dos = {Do.EMBED, Do.PLACE} if beside else {Do.EMBED}
    sentence = acting.account(
        outcome, dos, written=_("cover embedded in {files}"), put=_("{files} written as `folder.jpg`")
    )  # fmt: skip
    code = acting.show(here, outcome, sentence + acting.refused(outcome), bad, more=more)
    if outcome.done:
        told = _("run {run}: `{undo}` takes it back")
        out.next_step(told.format(run=outcome.run, undo=here.next("undo", str(outcome.run))))
    return code


def _show(arguments: argparse.Namespace, paths: Sequence[bytes]) -> int:
    """Draw the covers of files in a terminal, or tell of them."""
    from comet.covers import Studio  # noqa: PLC0415 - arrays and all

    failed = False
    with Studio("") as studio:
        for path in paths:
            try:
                picture = studio.find(path)
                look = studio.look(picture)
                if arguments.json:
                    out.dump({"path": os.fsdecode(path), **look_json(look), "hash": picture.hash, "error": ""})
                    continue
                for line in out.facts({_("file"): safe(path), _("cover"): words(look)}, out.width()):
                    print(line)
                if drawn.terminal():
                    drawn.show(studio.preview(picture, 0, *drawn.room()))
            except FileError as error:
                failed = True
                if arguments.json:
                    out.dump({"path": os.fsdecode(path), "error": error.reason})
                else:
                    out.warn(str(error))
    return FileError.exit_code if arguments.strict and failed else 0


def _extract(arguments: argparse.Namespace, paths: Sequence[bytes]) -> int:
    """Write the cover of a file into a new one.

    Raises:
        UsageError: there are several files, or the new one is there already.
        FileError: there is no cover, or it cannot be read.
    """
    from comet.covers import Studio  # noqa: PLC0415 - arrays and all

    if len(paths) > 1:
        raise UsageError(_("--extract takes one file"), hint=_("name one; the covers of an album are mostly alike"))
    with Studio("") as studio:
        picture = studio.find(paths[0])
        look, data = studio.look(picture), studio.extract(picture)
    name = arguments.extract
    try:
        _write(name, data)
    except FileExistsError as error:
        raise UsageError(_("`{file}` is there already").format(file=safe(name)), hint=_("name another file")) from error
    except OSError as error:
        raise UsageError(
            _("picture `{name}` cannot be written: {why}").format(name=safe(name), why=error.strerror),
            hint=_("name a file in a folder that is there and that you may write"),
        ) from error
    if arguments.json:
        out.dump({"path": os.fsdecode(paths[0]), "file": name, **look_json(look), "hash": picture.hash})
    else:
        print(_("{cover} in `{file}`").format(cover=words(look), file=safe(name)))
    return 0


def _write(name: str, data: bytes) -> None:
    """Write a new file, all of it or none."""
    with open(name, "xb") as stream:
        try:
            stream.write(data)
            stream.flush()
        except OSError:
            os.unlink(name)
            raise


def words(look: Look) -> str:
    """Return what a picture is, in one line."""
    parts = [look.format, _("{sides} pixels").format(sides=sides(look.width, look.height)), size(look.bytes)]
    parts += [_n("{n} page", "{n} pages", look.pages)] if look.pages > 1 else []
    return ", ".join([*parts, *look.traits])


def look_json(look: Look) -> dict[str, Any]:
    """Return what a picture is, as JSON."""
    return {
        "format": look.format,
        "width": look.width,
        "height": look.height,
        "pages": look.pages,
        "bytes": look.bytes,
        "traits": list(look.traits),
    }
