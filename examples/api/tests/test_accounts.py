ACCOUNT = {"email": "ada@example.com", "password": "a tall analytical engine"}


async def test_sign_up_sign_in_and_ask_who_i_am(client, db):
    made = (await client.post("/api/users", json=ACCOUNT)).expect_status(201)
    assert "password" not in made.text
    token = (await client.post("/api/tokens", json=ACCOUNT)).expect_status(201).json()["token"]
    (await client.get("/api/me").bearer(token)).expect_json_path("$.email", "ada@example.com")


async def test_mistakes_are_told_together_as_problem_details(client, db):
    response = await client.post("/api/users", json={"email": "nobody", "password": "short"})
    response.expect_status(422).expect_header("content-type", "application/problem+json")
    assert len(response.json()["errors"]) == 2


async def test_an_address_has_one_account_and_a_wrong_password_no_token(client, db):
    (await client.post("/api/users", json=ACCOUNT)).expect_status(201)
    (await client.post("/api/users", json=ACCOUNT)).expect_status(409)
    (await client.post("/api/tokens", json={**ACCOUNT, "password": "something else"})).expect_status(401)
    (await client.post("/api/tokens", json={**ACCOUNT, "email": "x@example.com"})).expect_status(401)


async def test_a_key_opens_the_same_door(client, ada):
    key = (await client.post("/api/keys")).expect_status(201).json()["key"]
    del client.headers["authorization"]
    (await client.get("/api/me").header("x-api-key", key)).expect_status(200)
    (await client.get("/api/me").header("x-api-key", "wrong" * 5)).expect_status(401)
    (await client.get("/api/me").bearer("wrong")).expect_status(401)
    (await client.get("/api/me")).expect_status(401)


async def test_who_tries_too_often_is_asked_to_wait(client, db):
    wrong = {"email": "ada@example.com", "password": "a wrong password"}
    statuses = [(await client.post("/api/tokens", json=wrong)).status for _ in range(25)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
