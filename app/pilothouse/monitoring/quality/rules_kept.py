"""Rules in the store: every version that a person accepted, who it was, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pilothouse.errors import PilothouseError
from pilothouse.monitoring.quality.rules import FileRules, changes
from pilothouse.store import Store, Transaction, dumps, loads, record
from pilothouse.store.events import current_actor


@dataclass(frozen=True, slots=True)
class KeptRules:
    """One accepted version of a model's rules; `changed` says what was new in it, in words."""

    model: str
    number: int
    at: datetime
    actor: str
    note: str
    rules: FileRules
    changed: tuple[str, ...] = ()


def current_rules(store: Store, model: str) -> FileRules | None:
    """Return the rules that hold for a model now; None if nobody has accepted any."""
    with store.reading() as tx:
        return _current(tx, model)


def _current(tx: Transaction, model: str) -> FileRules | None:
    row = tx.row("SELECT number, rules FROM schemas WHERE model = ? ORDER BY number DESC LIMIT 1", [model])
    return FileRules.from_json(row["rules"], int(row["number"])) if row else None


def rules_history(store: Store, model: str) -> list[KeptRules]:
    """List every version, newest first."""
    rows = store.query("SELECT * FROM schemas WHERE model = ? ORDER BY number DESC", [model])
    return [
        KeptRules(
            model, int(row["number"]), row["recorded_at"], row["actor"], row["note"],
            FileRules.from_json(row["rules"], int(row["number"])), tuple(loads(row["changed"])),
        )
        for row in rows
    ]  # fmt: skip


def accept_rules(
    store: Store,
    model: str,
    rules: FileRules,
    *,
    seen: int | None,
    note: str = "",
    actor: str | None = None,
    suggested: FileRules | None = None,
) -> FileRules:
    """Accept rules from now on; return them with their number.

    Args:
        store: where they are kept.
        model: whose they are.
        rules: what was edited or suggested.
        seen: the number of the rules that the person saw, None if there were none.
        note: why.
        actor: who; the current user by default.
        suggested: what they were made of, where nobody had accepted any: what was changed in it is told.

    Raises:
        PilothouseError: somebody accepted other rules meanwhile, or these are the ones that hold.
    """
    with store.transaction() as tx:
        old = _current(tx, model)
        if (old.accepted if old else None) != seen:
            number = old.accepted if old else 0
            raise PilothouseError(
                f"The schema of {model} was changed meanwhile: version {number} holds now.",
                untouched="It was not changed again.",
                next="Look at it with `pilothouse schema`, then try once more.",
            )
        said = changes(old, rules)
        if old is None and suggested is not None:
            said += changes(suggested, rules)
        if not said:
            raise PilothouseError(
                f"The schema of {model} says this already.", untouched="It was not changed."
            )
        number = (seen or 0) + 1
        row = {
            "model": model,
            "number": number,
            "recorded_at": datetime.now(UTC),
            "actor": actor or current_actor(),
            "note": note,
            "rules": rules.to_json(),
            "changed": dumps(said),
        }
        tx.insert("schemas", [row])
        some = "; ".join(said[:5]) + (f"; and {len(said) - 5} more" if len(said) > 5 else "")
        why = f" ({note})" if note else ""
        record(
            tx,
            "schema",
            model,
            f"Version {number} of the schema of {model} was accepted{why}: {some}",
            {"number": number, "changed": said},
            actor,
        )
    return replace(rules, accepted=number)
