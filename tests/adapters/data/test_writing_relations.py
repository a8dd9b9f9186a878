"""Writing through relations, on every database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spica import db
from spica.db.engine import Database
from spica.orm import (
    Model,
    ModelDefinitionError,
    NotLoaded,
    NotPersisted,
    QueryError,
    UnknownField,
    ValidationError,
    after_destroy,
    belongs_to,
    field,
    has_many,
    has_one,
    many_to_many,
    scope,
)
from spica.testing.queries import assert_queries
from tests.adapters.data.databases import WORDS

LOG: list[str] = []


class Album(Model):
    title: str = field(max=20)
    songs_count: int = 0
    songs: list[Song] = has_many(order="id", dependent="destroy")
    reviews: list[AlbumReview] = has_many(order="id")
    facts: list[Fact] = has_many(order="id")
    cover: Cover | None = has_one(dependent="destroy")
    genres: list[Genre] = many_to_many(order="name")
    credits: list[Credit] = has_many(order="position")
    artists: list[Artist] = has_many(through="credits")
    song_notes: list[SongNote] = has_many(through="songs", source="notes")


class Song(Model):
    title: str = field(max=20)
    album: Album = belongs_to(counter_cache=True)
    notes: list[SongNote] = has_many()

    long = scope(lambda q: q.where(Song.title.like("%long%")))

    @after_destroy
    def gone(self) -> None:
        LOG.append(self.title)


class SongNote(Model):
    song: Song = belongs_to()


class AlbumReview(Model):
    text: str
    album: Album | None = belongs_to()


class Fact(Model):
    text: str
    album: Album = belongs_to()


class Cover(Model):
    color: str = field(max=10)
    album: Album = belongs_to()


class Genre(Model):
    name: str = field(max=10)
    albums: list[Album] = many_to_many()


class Artist(Model):
    name: str


class Credit(Model):
    """Between albums and artists, with columns of its own."""

    album: Album = belongs_to()
    artist: Artist = belongs_to()
    role: str = field(max=10, default="singer")
    position: int = 0


TABLES = (
    "create table albums (id {id}, title varchar(50) not null, songs_count bigint not null)",
    "create table songs (id {id}, title varchar(50) not null, album_id bigint not null references albums (id))",
    "create table song_notes (id {id}, song_id bigint not null)",
    "create table album_reviews (id {id}, text varchar(50) not null, album_id bigint references albums (id))",
    "create table facts (id {id}, text varchar(50) not null, album_id bigint not null references albums (id))",
    "create table covers (id {id}, color varchar(50) not null, album_id bigint not null unique references albums (id))",
    "create table genres (id {id}, name varchar(50) not null)",
    "create table albums_genres (album_id bigint not null references albums (id),"
    " genre_id bigint not null references genres (id), primary key (album_id, genre_id))",
    "create table artists (id {id}, name varchar(50) not null)",
    "create table credits (id {id}, album_id bigint not null references albums (id),"
    " artist_id bigint not null references artists (id), role varchar(50) not null, position bigint not null)",
)


@pytest.fixture(autouse=True)
async def tables(database: Database) -> None:
    LOG.clear()
    for table in TABLES:
        await database.execute(table.format_map(WORDS[database.dialect]))


@pytest.fixture
async def album(tables: None) -> Album:
    return await Album.create(title="Blue")


@pytest.fixture
async def genres(tables: None) -> list[Genre]:
    return [await Genre.create(name=name) for name in ("folk", "jazz", "rock")]


async def genre_names(album: Album) -> list[str]:
    return [genre.name for genre in await album.related("genres")]


# -- has_many -------------------------------------------------------------------------------------------------------


async def test_creating_and_building(album: Album) -> None:
    song = await album.related("songs").create(title="Carey")
    assert (song.album_id, song.album, song.persisted) == (album.id, album, True)
    built = album.related("songs").build({"title": "River"})
    assert (built.album_id, built.persisted) == (album.id, False)
    with assert_queries(0):
        assert built.album is album
    assert [song.title for song in await album.related("songs")] == ["Carey"]
    assert await built.save()
    assert (await album.reload()).songs_count == 2


async def test_the_owner_can_not_be_chosen_from_outside(album: Album) -> None:
    other = await Album.create(title="Other")
    song = await album.related("songs").create({"title": "Carey", "album_id": other.id})
    assert song.album_id == album.id
    with pytest.raises(UnknownField):
        await album.related("songs").create(titel="Carey")


async def test_what_is_refused_is_not_written(album: Album) -> None:
    with pytest.raises(ValidationError, match="too long"):
        await album.related("songs").create(title="x" * 30)
    good, bad = Song(title="good"), Song(title="x" * 30)
    with pytest.raises(ValidationError, match="too long"):
        await album.related("songs").add(good, bad)
    assert await Song.count() == 0
    assert good.new_record
    assert (await album.reload()).songs_count == 0


async def test_adding_and_removing(album: Album) -> None:
    review = await AlbumReview.create(text="fine")
    await album.related("reviews").add(review, AlbumReview(text="new"))
    await album.related("reviews").add(review)
    assert [one.text for one in await album.related("reviews")] == ["fine", "new"]
    await album.related("reviews").remove(review)
    await album.related("reviews").remove(review)
    assert (await review.reload()).album_id is None
    await album.related("reviews").clear()
    assert await AlbumReview.where(album=None).count() == 2


async def test_dependents_go_when_they_are_removed(album: Album) -> None:
    one, two, three = [await album.related("songs").create(title=title) for title in ("one", "two", "three")]
    await album.related("songs").remove(one)
    await album.related("songs").set([three])
    assert LOG == ["one", "two"]
    assert await Song.count() == 1
    assert (await album.reload()).songs_count == 1
    elsewhere = await (await Album.create(title="Other")).related("songs").create(title="theirs")
    await album.related("songs").remove(elsewhere)
    assert await Song.count() == 2
    assert two.persisted  # that object was not told; its row is gone
    await album.related("songs").clear()
    assert LOG == ["one", "two", "three"]


async def test_without_an_owner_they_can_not_be(album: Album) -> None:
    fact = await album.related("facts").create(text="made in 1971")
    with pytest.raises(ModelDefinitionError, match=r"(?s)can't leave Fact records without an owner.*dependent="):
        await album.related("facts").remove(fact)


async def test_what_was_loaded_is_not_any_more(album: Album) -> None:
    await album.load("songs")
    assert album.songs == []
    await album.related("songs").create(title="Carey")
    with pytest.raises(NotLoaded):
        _ = album.songs
    await album.load("songs")
    assert [song.title for song in album.songs] == ["Carey"]


async def test_it_is_a_query_too(album: Album) -> None:
    for title in ("a", "a long one", "b"):
        await album.related("songs").create(title=title)
    songs = album.related("songs")
    assert await songs.count() == 3
    assert [song.title for song in await songs.long] == ["a long one"]
    assert [song.title for song in await songs.where(title=["b", "c"]).or_(title="a")] == ["a", "b"]
    assert await songs.where_not(title="a").count() == 2
    assert not hasattr(songs.limit(1), "add")


# -- has_one --------------------------------------------------------------------------------------------------------


async def test_another_takes_the_place_of_the_one(album: Album) -> None:
    await album.related("cover").create(color="red")
    await album.related("cover").create(color="blue")
    assert await Cover.pluck("color") == ["blue"]
    third = Cover(color="green")
    await album.related("cover").set(third)
    assert await Cover.ids() == [third.id]
    await album.related("cover").set(third)
    assert await Cover.ids() == [third.id]
    with pytest.raises(ValidationError):
        await album.related("cover").create(color="x" * 30)
    assert await Cover.ids() == [third.id]
    await album.related("cover").set(None)
    assert await Cover.count() == 0
    with pytest.raises(QueryError, match=r"Album\.cover is one record, got 2"):
        await album.related("cover").add(Cover(color="a"), Cover(color="b"))


async def test_two_who_replace_the_one_at_once(album: Album) -> None:
    same = await Album.find(album.id)
    await asyncio.gather(*(one.related("cover").create(color=str(n)) for n, one in enumerate((album, same, album))))
    assert await Cover.count() == 1


# -- many_to_many ---------------------------------------------------------------------------------------------------


async def test_pairs(album: Album, genres: list[Genre]) -> None:
    folk, jazz, rock = genres
    await album.related("genres").add(rock, folk)
    await album.related("genres").add(folk, folk)
    assert await genre_names(album) == ["folk", "rock"]
    await album.related("genres").remove(rock, jazz)
    assert await genre_names(album) == ["folk"]
    await album.related("genres").set([jazz, rock])
    assert await genre_names(album) == ["jazz", "rock"]
    made = await album.related("genres").create(name="blues")
    assert await genre_names(album) == ["blues", "jazz", "rock"]
    await album.related("genres").add(Genre(name="new"))
    assert await Genre.count() == 5
    await made.related("albums").clear()
    assert "blues" not in await genre_names(album)
    await album.related("genres").clear()
    assert await genre_names(album) == []
    assert await Genre.count() == 5


async def test_the_same_pairs_from_both_ends_at_once(album: Album, genres: list[Genre]) -> None:
    same = await Album.find(album.id)
    await asyncio.gather(
        album.related("genres").add(*genres),
        same.related("genres").add(*reversed(genres)),
        *(genre.related("albums").add(album) for genre in genres),
    )
    assert await genre_names(album) == ["folk", "jazz", "rock"]


async def test_two_who_set_at_once(album: Album, genres: list[Genre]) -> None:
    same = await Album.find(album.id)
    await asyncio.gather(album.related("genres").set(genres[:2]), same.related("genres").set(genres[1:]))
    assert await genre_names(album) in (["folk", "jazz"], ["jazz", "rock"])


async def test_a_failure_in_the_middle_leaves_the_pairs(album: Album, genres: list[Genre]) -> None:
    await album.related("genres").add(genres[0])
    with pytest.raises(ValidationError):
        await album.related("genres").set([genres[1], Genre(name="x" * 30)])
    assert await genre_names(album) == ["folk"]
    async with db.transaction():
        await album.related("genres").set(genres)
        raise db.Rollback
    assert await genre_names(album) == ["folk"]


async def test_thousands_of_pairs(album: Album) -> None:
    await Genre.insert_all([{"name": str(n)} for n in range(2_500)])
    genres = await Genre.all()
    await album.related("genres").add(*genres)
    await album.related("genres").set(genres[:5])
    assert len(await genre_names(album)) == 5


# -- through --------------------------------------------------------------------------------------------------------


async def test_columns_between(album: Album) -> None:
    joni, james = [await Artist.create(name=name) for name in ("Joni", "James")]
    artists = album.related("artists")
    await artists.add(joni)
    await artists.add(james, role="guitar", position=2)
    await artists.add(james, position=3)
    credits = await album.related("credits")
    assert [(one.artist_id, one.role, one.position) for one in credits] == [
        (joni.id, "singer", 0),
        (james.id, "guitar", 3),
    ]
    await artists.set([james])
    assert await Credit.pluck("artist_id", "role") == [(james.id, "guitar")]
    await artists.create(name="Russ")
    await artists.remove(james)
    assert [artist.name for artist in await album.related("artists")] == ["Russ"]
    with pytest.raises(ValidationError, match="too long"):
        await artists.add(joni, role="x" * 20)
    with pytest.raises(UnknownField):
        await artists.add(joni, rle="singer")
    assert [artist.name for artist in await album.related("artists")] == ["Russ"]
    await artists.clear()
    assert await Credit.count() == 0


# -- what can't be --------------------------------------------------------------------------------------------------


async def test_mistakes(album: Album, genres: list[Genre]) -> None:
    song: Any = await album.related("songs").create(title="Carey")
    with pytest.raises(QueryError, match=r"(?s)Album\.genres takes Genre records, got Song\(.*await Genre\.find"):
        await album.related("genres").add(song)
    with pytest.raises(QueryError, match=r"Album\.genres takes Genre records, got 7"):
        await album.related("genres").set([7])
    with pytest.raises(QueryError, match=r"Album\.genres is a list"):
        await album.related("genres").set(genres[0])
    with pytest.raises(QueryError, match=r"(?s)Album\.genres has no place for position.*has_many\(through=\.\.\.\)"):
        await album.related("genres").add(genres[0], position=1)
    with pytest.raises(QueryError, match=r"(?s)Album\.genres can't be built"):
        album.related("genres").build(name="blues")
    with pytest.raises(QueryError, match=r"(?s)Album\.song_notes can only be read"):
        await album.related("song_notes").clear()
    with pytest.raises(QueryError, match=r"(?s)Song\.album is not written.*record\.album = "):
        await song.related("album").create(title="Hits")
    with pytest.raises(NotPersisted):
        Album(title="new").related("songs")
    with pytest.raises(ModelDefinitionError, match=r"scope Shape\.add would hide"):

        class Shape(Model):
            add = scope(lambda q: q)
