"""One page."""


def draw(r):
    r.get("/page", "items#index")
    r.get("/items/{id:int}", "items#show", name="item")
