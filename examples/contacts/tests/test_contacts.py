from app.models.contact import Contact

PART = {"hx-request": "true", "hx-request-type": "partial", "hx-source": "form"}


async def add(*names: str) -> list[Contact]:
    return [await Contact.create(name=name, email=f"{name.lower()}@example.com") for name in names]


async def test_browsers_get_pages_and_htmx_gets_rows(client, db):
    await add("Ada", "Grace")
    page = await client.get("/contacts?q=ad")
    page.expect_ok().expect_text("<title>Contacts</title>").expect_text("Ada")
    rows = await client.get("/contacts?q=ad", headers={**PART, "hx-target": "ul#rows"})
    rows.expect_ok().expect_text("Ada").expect_text('<hx-partial hx-target="#count" hx-swap="innerHTML">1 contact')
    assert "Grace" not in rows.text
    assert "<title>" not in rows.text


async def test_a_row_is_edited_in_its_place(client, db):
    (ada,) = await add("Ada")
    form = await client.get(f"/contacts/{ada.id}/edit", headers={**PART, "hx-target": f"li#contact_{ada.id}"})
    form.expect_text("<form").expect_text('value="Ada"')
    sent = {"_method": "patch", "contact": {"name": "", "email": ada.email}}
    refused = await client.post(f"/contacts/{ada.id}", form=sent, headers=PART)
    refused.expect_status(422).expect_text("can&#39;t be blank")
    saved = await client.post(f"/contacts/{ada.id}", form={**sent, "contact": {"name": "Ada L"}}, headers=PART)
    saved.expect_ok().expect_text("<strong>Ada L</strong>")
    assert (await Contact.find(ada.id)).name == "Ada L"


async def test_what_is_typed_is_checked_and_nothing_is_saved(client, db):
    await add("Ada")
    typed = {"contact": {"name": "", "email": "ada@example.com"}}
    email = await client.post("/contacts/check", form=typed, headers={**PART, "hx-target": "div#email"})
    email.expect_ok().expect_text("contact[email]").expect_text("already")
    assert "contact[name]" not in email.text
    assert await Contact.count() == 1
