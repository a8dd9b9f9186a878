"""Files: upload, list, download (with ranges), delete. Everyone sees their own."""

from pathlib import Path
from typing import Annotated

import msgspec
from spica import File, NotFound, Response, Router, UploadFile
from spica.crypto import token_urlsafe
from spica.orm import Page

from app.api import feed
from app.api.accounts import Me
from app.models.stored_file import StoredFile
from config.settings import Storage

router = Router()
ROOT = Path(__file__).parents[2]
Document = Annotated[UploadFile, File(max_size=10_000_000, types=["image/*", "text/plain", "application/pdf"])]
PerPage = Annotated[int, msgspec.Meta(ge=1, le=100)]
Number = Annotated[int, msgspec.Meta(ge=1)]


async def find_mine(id: int, me: Me) -> StoredFile:
    """One's own file; of others not even that it exists is told."""
    file = await StoredFile.find_by(id=id, user_id=me.id)
    if file is None:
        raise NotFound("there is no such file")
    return file


def folder_of(storage: Storage) -> Path:
    folder = ROOT / storage.folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@router.post("/files", tags=["files"], responses={201: StoredFile})
async def upload(file: Document, me: Me, storage: Storage) -> Response:
    """Keep a file."""
    stored_as = token_urlsafe()  # never a name that a visitor chose
    await file.save_to(folder_of(storage) / stored_as)
    kept = await StoredFile.create(
        user_id=me.id,
        name=file.filename or "file",
        content_type=file.content_type,
        size=file.size,
        stored_as=stored_as,
    )
    feed.tell()
    return Response.created(kept, location=f"/api/files/{kept.id}")


@router.get("/files", tags=["files"])
async def list_files(me: Me, page: Number = 1, per: PerPage = 20) -> Page[StoredFile]:
    """List your files, the newest first."""
    return await StoredFile.where(user_id=me.id).order("-id").paginate(page, per)


@router.get("/files/{id:int}", tags=["files"], raises=[NotFound])
async def show_file(id: int, me: Me) -> StoredFile:
    """Show what is known of a file."""
    return await find_mine(id, me)


@router.get("/files/{id:int}/content", tags=["files"], raises=[NotFound])
async def download(id: int, me: Me, storage: Storage) -> Response:
    """Download a file, or a range of it."""
    file = await find_mine(id, me)
    return Response.file(folder_of(storage) / file.stored_as, filename=file.name, content_type=file.content_type)


@router.delete("/files/{id:int}", status=204, tags=["files"], raises=[NotFound])
async def delete_file(id: int, me: Me, storage: Storage) -> None:
    """Delete a file."""
    file = await find_mine(id, me)
    await file.destroy()
    (folder_of(storage) / file.stored_as).unlink(missing_ok=True)
