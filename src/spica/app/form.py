"""`form_with`: a form of a model or of plain values, with CSRF token, method, errors and what was typed.

    {% set f = form_with(post) %}
    {{ f }} {{ f.text("title") }} {{ f.textarea("body") }} {{ f.submit() }} </form>

Rules of this file:
- A control has a label; its errors follow it and are its description (aria-describedby); the summary links to them.
- What was typed is shown again, passwords and files never.
- Everything is escaped here; `Safe` labels are believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time

from spica._core import escape
from spica.app.markup import render_attributes, render_text
from spica.templates.safe import Safe

Options = Mapping[object, object] | Iterable[object]


class Fields:
    """The controls of one object in a form.

    Args: record: the model, or values by name, or None; name: what the parameters are put under, `post[title]`; "" puts
          them at the top; multipart: whether the form can send files.
    """

    def __init__(self, record: object, name: str, *, multipart: bool = False) -> None:
        self._record = record
        self._name = name
        self._multipart = multipart

    def text(self, field: str, *, label: object = None, type: str = "text", **attributes: object) -> Safe:
        """A field of one line; `type` is that of the input: email, tel, url, search, number, color …"""
        if type in ("file", "checkbox", "radio", "hidden", "password"):
            raise ValueError(f"text does not make inputs of type {type!r}: use {type} of the form, or select for radio")
        return self._input(field, label, {"type": type, "value": _written(self._value(field)), **attributes})

    def email(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for an e-mail address."""
        return self.text(field, label=label, type="email", **{"autocomplete": "email", **attributes})

    def number(self, field: str, *, label: object = None, step: object = "any", **attributes: object) -> Safe:
        """A field for a number."""
        return self.text(field, label=label, type="number", step=step, **attributes)

    def date(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for a day."""
        return self.text(field, label=label, type="date", **attributes)

    def time(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for a time of day."""
        return self.text(field, label=label, type="time", **attributes)

    def datetime(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for a day and time."""
        return self.text(field, label=label, type="datetime-local", **attributes)

    def password(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for a password; never shows one."""
        return self._input(field, label, {"type": "password", **attributes, "value": None})

    def file(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A field for a file.

        Raises: ValueError in a form that sends none.
        """
        if not self._multipart:
            raise ValueError("a form sends files only with form_with(…, multipart=True)")
        return self._input(field, label, {"type": "file", **attributes, "value": None})

    def hidden(self, field: str, value: object = None) -> Safe:
        """A value that is not shown; default the record's."""
        shown = _written(self._value(field) if value is None else value)
        return Safe(f"<input{render_attributes({'type': 'hidden', 'name': self._key(field), 'value': shown or ''})}>")

    def textarea(self, field: str, *, label: object = None, rows: int = 8, **attributes: object) -> Safe:
        """A field of several lines."""
        own = self._attributes(field, {"rows": rows, **attributes})
        value = escape(_written(self._value(field)) or "")
        # The parser drops a newline right after the tag, so one stands there for it.
        return self._wrap(field, label, f"<textarea{own}>\n{value}</textarea>")

    def checkbox(self, field: str, *, label: object = None, **attributes: object) -> Safe:
        """A yes or no; an empty one sends 0, for which a hidden input stands before it."""
        checked = self._value(field) not in (None, False, "", "0", 0, "false")
        own = self._attributes(field, {"type": "checkbox", "value": "1", "checked": checked, **attributes})
        hidden = render_attributes({"type": "hidden", "name": self._key(field), "value": "0"})
        control = f"<input{hidden}><input{own}>{self._label(field, label)}"
        return Safe(f'<div class="field">{control}{self.errors(field)}</div>')

    def select(
        self, field: str, options: Options, *, label: object = None, blank: object = None, **attributes: object
    ) -> Safe:
        """A choice of one.

        Args: options: labels by value, or pairs of value and label, or values; blank: the text of the empty choice.
        """
        chosen = _written(self._value(field))
        first = f'<option value="">{render_text(blank)}</option>' if blank is not None else ""
        rest = "".join(
            f"<option{render_attributes({'value': value, 'selected': value == chosen})}>{render_text(text)}</option>"
            for value, text in _pairs(options)
        )
        own = self._attributes(field, attributes)
        return self._wrap(field, label, f"<select{own}>{first}{rest}</select>")

    def errors(self, field: str) -> Safe:
        """The messages of a field, which its control names as its description; nothing when there are none."""
        messages = self._messages(field)
        if not messages:
            return Safe("")
        items = "".join(f"<li>{escape(message)}</li>" for message in messages)
        return Safe(f'<ul class="errors" id="{escape(self._id(field))}_errors">{items}</ul>')

    def fields(self, name: str, record: object = None) -> Fields:
        """The controls of an object inside of this one: `post[author][name]`; default the attribute of that name."""
        inner = self._value(name) if record is None else record
        return Fields(inner, self._key(name), multipart=self._multipart)

    def _input(self, field: str, label: object, attributes: Mapping[str, object]) -> Safe:
        return self._wrap(field, label, f"<input{self._attributes(field, attributes)}>")

    def _wrap(self, field: str, label: object, control: str) -> Safe:
        return Safe(f'<div class="field">{self._label(field, label)}{control}{self.errors(field)}</div>')

    def _label(self, field: str, label: object) -> str:
        text = field.replace("_", " ").capitalize() if label is None else label
        return f'<label for="{escape(self._id(field))}">{render_text(text)}</label>'

    def _attributes(self, field: str, given: Mapping[str, object]) -> str:
        own: dict[str, object] = {"id": self._id(field), "name": self._key(field)}
        if self._messages(field):
            own |= {"aria-invalid": "true", "aria-describedby": f"{self._id(field)}_errors"}
        return render_attributes({**given, **own})

    def _key(self, field: str) -> str:
        return f"{self._name}[{field}]" if self._name else field

    def _id(self, field: str) -> str:
        return self._key(field).replace("[", "_").replace("]", "")

    def _value(self, field: str) -> object:
        if isinstance(self._record, Mapping):
            return self._record.get(field)
        return None if self._record is None else getattr(self._record, field)

    def _messages(self, field: str) -> list[str]:
        errors = getattr(self._record, "errors", None)
        return [str(message) for message in errors.on(field)] if errors and hasattr(errors, "on") else []


class Form(Fields):
    """A form; written into a page it is its opening tag, hidden fields and the summary of errors.

    Args: opening: the tag; hidden: fields that every such form carries; the rest as `Fields`.
    """

    def __init__(self, record: object, name: str, opening: str, hidden: str, *, multipart: bool) -> None:
        super().__init__(record, name, multipart=multipart)
        self._opening = opening
        self._hidden = hidden

    def __html__(self) -> str:
        return f"{self._opening}{self._hidden}{self.summary()}"

    def submit(self, text: object = None, **attributes: object) -> Safe:
        """The button that sends the form."""
        words = "Save" if text is None else text
        return Safe(f"<button{render_attributes({'type': 'submit', **attributes})}>{render_text(words)}</button>")

    def summary(self) -> Safe:
        """All errors, each a link to its field; nothing when there are none."""
        items = "".join(self._summary_items())
        if not items:
            return Safe("")
        return Safe(f'<div class="summary" role="alert"><h2>This was not saved</h2><ul>{items}</ul></div>')

    def _summary_items(self) -> Iterator[str]:
        errors = getattr(self._record, "errors", None)
        if not errors or not hasattr(errors, "full_messages"):
            return
        for (field, _), text in zip(errors, errors.full_messages, strict=True):
            if field == "base":
                yield f"<li>{escape(text)}</li>"
            else:
                yield f'<li><a href="#{escape(self._id(field))}">{escape(text)}</a></li>'


def _pairs(options: Options) -> Iterator[tuple[str, object]]:
    for item in options.items() if isinstance(options, Mapping) else options:
        value, text = item if isinstance(item, tuple) and len(item) == 2 else (item, item)
        yield _written(value) or "", text


def _written(value: object) -> str | None:
    """A value as its input has it; None leaves it empty."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, time):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
