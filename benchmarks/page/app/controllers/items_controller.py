"""A page with the whole browser pipeline."""

import msgspec

from spica import Controller


class Item(msgspec.Struct):
    id: int
    name: str


ITEMS = [Item(number, f"Item <{number}>") for number in range(1, 11)]


class ItemsController(Controller):
    def index(self):
        return self.render("index", items=ITEMS)

    def show(self, id: int):
        return self.render("index", items=ITEMS[id - 1 : id])
