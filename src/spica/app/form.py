"""`form_with`: a form of a model or of plain values, with CSRF token, method, errors and what was typed.

    {% set f = form_with(post) %}
    {{ f }} {{ f.text("title") }} {{ f.textarea("body") }} {{ f.submit() }} </form>

Rules of this file:
- A control has a label, a group of them a legend; errors follow it and are its description (aria-describedby), as is a
  hint; the summary links to the controls.
- What was typed is shown again, passwords and files never.
- Everything is escaped here; `Safe` labels are believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spica._core import escape
from spica.app.form_values import Options, id_of, label_of, list_pairs, render_options, written
from spica.app.markup import render_attributes
from spica.templates.safe import Safe, html_of

_INSTEAD = {"radio": "radios"}


class Fields:
    """The controls of one object in a form.

    Args: record: the model, or values by name, or None; name: what the parameters are put under, `post[title]`; "" puts
          them at the top; multipart: whether the form can send files.
    """

    def __init__(self, record: object, name: str, *, multipart: bool = False) -> None:
        self._record = record
        self._name = name
        self._multipart = multipart

    def text(
        self, field: str, *, label: object = None, hint: object = None, type: str = "text", **attributes: object
    ) -> Safe:
        """A field of one line.

        Args: label: default the field's name; hint: a text below the label; type: of the input: email, tel, url,
              search, number, color, month …; attributes: further ones, here as with every control.
        """
        if type in ("file", "checkbox", "radio", "hidden", "password"):
            raise ValueError(f"text does not make inputs of type {type!r}: use {_INSTEAD.get(type, type)} of the form")
        value = {"type": type, "value": written(self._value(field))}
        return self._input(field, label, {**value, **attributes}, hint)

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

    def password(self, field: str, *, label: object = None, hint: object = None, **attributes: object) -> Safe:
        """A field for a password; never shows one."""
        return self._input(field, label, {"type": "password", **attributes, "value": None}, hint)

    def file(self, field: str, *, label: object = None, hint: object = None, **attributes: object) -> Safe:
        """A field for a file, or with `multiple=True` for several, whose parameter is then a list.

        Raises: ValueError in a form that sends none.
        """
        if not self._multipart:
            raise ValueError("a form sends files only with form_with(…, multipart=True)")
        name = {"name": f"{self._key(field)}[]"} if attributes.get("multiple") else {}
        return self._input(field, label, {"type": "file", **attributes, "value": None}, hint, **name)

    def hidden(self, field: str, value: object = None) -> Safe:
        """A value that is not shown; default the record's."""
        shown = written(self._value(field) if value is None else value)
        return Safe(f"<input{render_attributes({'type': 'hidden', 'name': self._key(field), 'value': shown or ''})}>")

    def textarea(
        self, field: str, *, label: object = None, hint: object = None, rows: int = 8, **attributes: object
    ) -> Safe:
        """A field of several lines."""
        own = self._attributes(field, {"rows": rows, **attributes}, hint=hint)
        value = escape(written(self._value(field)) or "")
        # The parser drops a newline right after the tag, so one stands there for it.
        return self._wrap(field, label, f"<textarea{own}>\n{value}</textarea>", hint)

    def checkbox(self, field: str, *, label: object = None, hint: object = None, **attributes: object) -> Safe:
        """A yes or no; an empty one sends 0, for which a hidden input stands before it."""
        checked = self._value(field) not in (None, False, "", "0", 0, "false")
        own = self._attributes(field, {"type": "checkbox", "value": "1", "checked": checked, **attributes}, hint=hint)
        hidden = render_attributes({"type": "hidden", "name": self._key(field), "value": "0"})
        control = f"<input{hidden}><input{own}>{self._label(field, label)}"
        return Safe(f'<div class="field">{control}{self._hint(field, hint)}{self.errors(field)}</div>')

    def select(
        self,
        field: str,
        options: Options,
        *,
        label: object = None,
        hint: object = None,
        blank: object = None,
        multiple: bool = False,
        **attributes: object,
    ) -> Safe:
        """A choice of one, or of several with `multiple`, whose parameter is then a list.

        Args: options: labels by value, or pairs of value and label, or values; a label that is a mapping itself is a
              group: `{"Europe": {"de": "Germany"}}`; blank: the text of the empty choice.
        """
        chosen = self._chosen(field) if multiple else {written(self._value(field)) or ""}
        first = f'<option value="">{html_of(blank)}</option>' if blank is not None else ""
        name = {"name": f"{self._key(field)}[]", "multiple": True} if multiple else {}
        own = self._attributes(field, attributes, hint=hint, **name)
        control = f"<select{own}>{first}{''.join(render_options(options, chosen))}</select>"
        # A browser sends nothing for a list of which nothing is chosen.
        hidden = self._empty_list(field) if multiple else ""
        return self._wrap(field, label, hidden + control, hint)

    def radios(
        self, field: str, options: Options, *, label: object = None, hint: object = None, **attributes: object
    ) -> Safe:
        """A choice of one, all of them shown; `attributes` are those of each input."""
        chosen = {written(self._value(field)) or ""} if self._value(field) is not None else set()
        return self._group(field, options, chosen, label, hint, {"type": "radio", **attributes}, self._key(field))

    def checkboxes(
        self, field: str, options: Options, *, label: object = None, hint: object = None, **attributes: object
    ) -> Safe:
        """A choice of any number; the parameter is a list, in which "" says that the group was there."""
        own = {"type": "checkbox", **attributes}
        name = f"{self._key(field)}[]"
        return self._group(field, options, self._chosen(field), label, hint, own, name, self._empty_list(field))

    def _group(
        self,
        field: str,
        options: Options,
        chosen: set[str],
        label: object,
        hint: object,
        own: Mapping[str, object],
        name: str,
        hidden: str = "",
    ) -> Safe:
        items = []
        for number, (value, text) in enumerate(list_pairs(options)):
            id = f"{self._id(field)}_{number}"
            given = {**own, "value": value, "checked": value in chosen, "id": id, "name": name}
            items.append(
                f'<div class="choice"><input{render_attributes(given)}>'
                f'<label for="{escape(id)}">{html_of(text)}</label></div>'
            )
        described = self._described(field, hint)
        # The summary's link leads to the group, which can have the focus for that.
        group = render_attributes({"class": "field", "id": self._id(field), "tabindex": "-1", **described})
        legend = f"<legend>{html_of(label_of(field) if label is None else label)}</legend>"
        inside = f"{legend}{self._hint(field, hint)}{hidden}{''.join(items)}{self.errors(field)}"
        return Safe(f"<fieldset{group}>{inside}</fieldset>")

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

    def each(self, name: str, records: Iterable[object] | None = None) -> list[Fields]:
        """The controls of each object of a list inside of this one, `post[comments][0][text]`.

        Args: records: default the attribute of that name.
        """
        inner = self._value(name) if records is None else records
        if not isinstance(inner, Iterable):
            raise TypeError(f"each({name!r}) makes controls for a list, got {inner!r}")
        return [
            Fields(one, f"{self._key(name)}[{number}]", multipart=self._multipart) for number, one in enumerate(inner)
        ]

    def _input(
        self, field: str, label: object, attributes: Mapping[str, object], hint: object = None, **own: object
    ) -> Safe:
        return self._wrap(field, label, f"<input{self._attributes(field, attributes, hint=hint, **own)}>", hint)

    def _wrap(self, field: str, label: object, control: str, hint: object) -> Safe:
        parts = f"{self._label(field, label)}{self._hint(field, hint)}{control}{self.errors(field)}"
        return Safe(f'<div class="field">{parts}</div>')

    def _label(self, field: str, label: object) -> str:
        text = label_of(field) if label is None else label
        return f'<label for="{escape(self._id(field))}">{html_of(text)}</label>'

    def _hint(self, field: str, hint: object) -> str:
        return "" if hint is None else f'<p class="hint" id="{escape(self._id(field))}_hint">{html_of(hint)}</p>'

    def _attributes(self, field: str, given: Mapping[str, object], *, hint: object = None, **own: object) -> str:
        fixed = {"id": self._id(field), "name": self._key(field), **own}
        return render_attributes({**given, **fixed, **self._described(field, hint)})

    def _described(self, field: str, hint: object) -> dict[str, object]:
        """What tells a reader of screens about errors and hint."""
        has_errors = bool(self._messages(field))
        if hint is None and not has_errors:
            return {}
        id = self._id(field)
        ids = [f"{id}_{part}" for part, is_there in (("hint", hint is not None), ("errors", has_errors)) if is_there]
        described: dict[str, object] = {"aria-invalid": "true"} if has_errors else {}
        return {**described, "aria-describedby": " ".join(ids)}

    def _chosen(self, field: str) -> set[str]:
        value = self._value(field)
        if value is None:
            return set()
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise TypeError(f"a choice of several needs a list in {field!r}, not {value!r}")
        return {written(one) or "" for one in value}

    def _empty_list(self, field: str) -> str:
        return f"<input{render_attributes({'type': 'hidden', 'name': f'{self._key(field)}[]', 'value': ''})}>"

    def _key(self, field: str) -> str:
        return f"{self._name}[{field}]" if self._name else field

    def _id(self, field: str) -> str:
        return id_of(self._key(field))

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
        return Safe(f"<button{render_attributes({'type': 'submit', **attributes})}>{html_of(words)}</button>")

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
